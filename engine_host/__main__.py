"""``anacrusis``: the command line's entry."""

from __future__ import annotations

import sys


def main() -> None:
    """Runs the command line; what is missing from an installation is said in words."""
    try:
        from engine_host.cli.app import run  # noqa: PLC0415 - the core installs without the engine
    except ModuleNotFoundError as error:
        sys.stderr.write(
            f"error NOT_INSTALLED {error.name}: the engine is not installed here; "
            "run: pip install 'anacrusis[engine]'\n"
        )
        sys.exit(2)
    run()


if __name__ == "__main__":
    main()

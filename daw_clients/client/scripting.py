"""What every small script over the client needs: its options, its errors, its progress."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from bridge_protocol.errors import RefusedError
from bridge_protocol.schema import RenderProgress
from daw_clients.client.client import DEFAULT_ENDPOINT
from daw_clients.client.core import no_engine
from daw_clients.client.rendering import Progress
from daw_clients.client.simulated_daw import SimulatedDaw

REFUSED_EXIT, INTERRUPTED_EXIT = 2, 130


def script_parser(about: str | None) -> argparse.ArgumentParser:
    """A parser whose ``--help`` starts with ``about`` (a script's ``__doc__``), with the option
    ``--endpoint`` for a running engine or gateway."""
    style = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=about, formatter_class=style)
    text = f"where the engine listens (default: {DEFAULT_ENDPOINT})"
    parser.add_argument("--endpoint", default=DEFAULT_ENDPOINT, help=text)
    return parser


def run_script(main: Callable[[], object]) -> None:
    """Runs a script. What is refused is one line on standard error and exit code 2, as on the
    command line; Ctrl-C is exit code 130."""
    try:
        main()
    except RefusedError as error:
        sys.stderr.write(f"error {error.code} {error.field}: {error.message}\n")
        raise SystemExit(REFUSED_EXIT) from None
    except KeyboardInterrupt:
        raise SystemExit(INTERRUPTED_EXIT) from None


def bars_told(what: str) -> Progress:
    """For ``Client.render``: a line on standard error that counts bars, on a terminal only."""

    def tell(progress: RenderProgress) -> None:
        if sys.stderr.isatty():
            over = progress.done_bars == progress.total_bars
            counted = f"\r{what}: {progress.done_bars} of {progress.total_bars} bars"
            sys.stderr.write(counted + ("\n" if over else ""))

    return tell


def play_until(
    daw: SimulatedDaw, done: Callable[[SimulatedDaw], bool], timeout_s: float = 60.0
) -> None:
    """Plays in real time until ``done(daw)``. ``NO_ENGINE`` where that takes ``timeout_s``."""
    if not daw.run_until(done, timeout_s):
        raise no_engine(f"What was waited for did not come within {timeout_s:g} s")

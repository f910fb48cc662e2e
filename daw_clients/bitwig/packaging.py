"""The controller script's files, and where Bitwig Studio looks for scripts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

FOLDER = "Anacrusis"
"""The script's own folder among the user's controller scripts."""

_SOURCES = Path(__file__).parent / "controller"


def shipped() -> Iterator[Path]:
    """The files of the script, in order; all lie side by side, here and there."""
    yield from sorted(_SOURCES.glob("*.js"))


def usual_folder(platform: str, home: Path) -> Path:
    """Where Bitwig Studio looks for controller scripts unless told otherwise.

    ``platform``: ``sys.platform``.
    """
    documents = home if platform.startswith("linux") else home / "Documents"
    return documents / "Bitwig Studio" / "Controller Scripts"

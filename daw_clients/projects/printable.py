"""Names that a file gives, made fit to be shown."""

from __future__ import annotations

_MOST = 200  # characters; longer names are cut


def printable(text: str) -> str:
    """The text on one line, without control characters: a terminal would obey those."""
    cut = text if len(text) <= _MOST else text[: _MOST - 3] + "..."
    return "".join(character if character.isprintable() else "\ufffd" for character in cut)

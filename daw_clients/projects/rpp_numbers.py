"""Numbers of a REAPER line, each refused by its own name."""

from __future__ import annotations

import math

from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.tempo import MAX_PPQ, MIN_BPM

MAX_SECONDS = MAX_PPQ * 60.0 / MIN_BPM
"""How long the longest song lasts at the slowest tempo."""


def number(words: list[str], index: int, field: str, default: float | None = None) -> float:
    """The word as a finite number; ``default`` where the line is shorter.

    Raises ``RefusedError`` for ``field``: ``BAD_FIELD`` where it is no number or not there,
    ``NOT_FINITE``.
    """
    if index >= len(words) and default is not None:
        return default
    word = words[index] if index < len(words) else ""
    value = _float(word)
    if value is None:
        text = f"{word[:40]!r} is not a number; save the project again in REAPER"
        raise RefusedError(ErrorCode.BAD_FIELD, field, text)
    if not math.isfinite(value):
        raise RefusedError(ErrorCode.NOT_FINITE, field, f"{word} is no finite number; give one")
    return value


def seconds_at(words: list[str], index: int, field: str) -> float:
    """The word as a time. Raises as ``number`` does, and ``OUT_OF_RANGE`` beyond any song."""
    seconds = number(words, index, field)
    if abs(seconds) > MAX_SECONDS:
        text = f"{seconds:g} s is too far from the song's start; give at most {MAX_SECONDS:g}"
        raise RefusedError(ErrorCode.OUT_OF_RANGE, field, text)
    return seconds


def whole(words: list[str], index: int, field: str, default: int | None = None) -> int:
    """The word as a whole number. Raises as ``number`` does, and ``BAD_FIELD`` for a fraction."""
    value = number(words, index, field, default)
    if value != int(value):
        text = f"{value:g} is not a whole number; give one"
        raise RefusedError(ErrorCode.BAD_FIELD, field, text)
    return int(value)


def _float(word: str) -> float | None:
    # Python also takes 1_000 and the digits of other scripts; no file has them.
    if "_" in word or not word.isascii():
        return None
    try:
        return float(word)
    except ValueError:
        return None

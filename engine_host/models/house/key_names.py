"""Musical keys in free text: "in C minor", "F# major", "Bbm", "key of E flat"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from engine_host.models.house.tokens import Mode

_PITCHES: Final = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}
_NAMES: Final = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
_RAISED: Final = {"#": 1, "♯": 1, "sharp": 1, "b": -1, "♭": -1, "flat": -1}
_SIGN = r"(?P<sign>[#♯b♭]|[ -]?(?:sharp|flat)\b)?"
_MODE = r"(?P<mode>major|minor|maj|min)\b"
_INTRO = r"\b(?:in\s+(?:the\s+)?(?:key\s+of\s+)?|key\s*(?:of|:|=)?\s*)"

# Tried in this order; the letter a alone is a key only where it can't be the article.
_FORMS: Final = tuple(
    re.compile(form)
    for form in (
        rf"(?i){_INTRO}(?P<letter>[a-g]){_SIGN}[ -]*{_MODE}",
        rf"\b(?P<letter>[A-Gb-g]){_SIGN}[ -]*(?i:{_MODE})",
        r"\b(?P<letter>[A-G])(?P<sign>[#♯b♭])?(?P<mode>m)\b(?!['\u2019])",
        rf"(?i:{_INTRO})(?P<letter>[A-G]){_SIGN}(?![\w#♯♭'\u2019])",
    )
)


@dataclass(frozen=True)
class KeyName:
    """A key found in a text. ``pitch_class`` 0..11 with C = 0; ``mode`` None where none was said."""

    pitch_class: int
    mode: Mode | None
    begin: int  # of the text's characters
    end: int

    def words(self, mode: Mode) -> str:
        """The key as a musician writes it, in ``mode``."""
        return f"{_NAMES[self.pitch_class]} {mode}"


def find_key(text: str) -> KeyName | None:
    """The first key by the most explicit form in ``text``, or None."""
    for form in _FORMS:
        found = form.search(text)
        if found is not None:
            return _key_name(found)
    return None


def _key_name(found: re.Match[str]) -> KeyName:
    said = found.groupdict()
    sign = (said["sign"] or "").strip(" -").lower()
    pitch_class = (_PITCHES[said["letter"].lower()] + _RAISED.get(sign, 0)) % 12
    return KeyName(pitch_class, _mode_of(said.get("mode")), found.start(), found.end())


def _mode_of(word: str | None) -> Mode | None:
    if word is None:
        return None
    return "major" if word.lower().startswith("maj") else "minor"

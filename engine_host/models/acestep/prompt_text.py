"""A prompt as a user writes it: a caption, and lyrics under a line of their own.

::

    slow trip hop, female voice, in C minor
    lyrics(en):
    [verse]
    Rain on the window

The line that begins the lyrics is ``lyrics:``, ``lyrics(en):``, ``[lyrics]`` or ``[lyrics(en)]``,
with nothing else on it; without a code the language is English. A key is found anywhere in the
caption ("in C minor", "key: F# major"), which itself stays as it is. Where a field takes one line
only, ``\\n`` stands for the end of a line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from engine_host.models.acestep.languages import DEFAULT_LANGUAGE, language_code
from engine_host.models.house.key_names import find_key

_CODE = r"(?:[ \t]*\((?P<{0}>[^)\n]*)\))?"
_LYRICS_LINE: Final = re.compile(
    rf"^[ \t]*(?:\[lyrics{_CODE.format('a')}\]|lyrics{_CODE.format('b')}[ \t]*:)[ \t]*\r?$",
    re.IGNORECASE | re.MULTILINE,
)


@dataclass(frozen=True)
class PromptText:
    """``key`` as the model was trained with it ("C minor"); None where none is named."""

    caption: str
    lyrics: str
    language: str
    key: str | None


def read_text(prompt: str) -> PromptText:
    """RefusedError OUT_OF_RANGE where the lyrics are in a language that the model doesn't know."""
    prompt = prompt.replace("\\n", "\n")
    line = _LYRICS_LINE.search(prompt)
    if line is None:
        caption = prompt.strip()
        return PromptText(caption, "", DEFAULT_LANGUAGE, _key_of(caption))
    caption, lyrics = prompt[: line.start()].strip(), prompt[line.end() :].strip()
    told = line["a"] or line["b"] or DEFAULT_LANGUAGE
    return PromptText(caption, lyrics, language_code(told), _key_of(caption))


def _key_of(caption: str) -> str | None:
    found = find_key(caption)
    return None if found is None else found.words(found.mode or "major")

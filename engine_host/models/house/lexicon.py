"""Free text to tags and key, and back to the user: which words were not understood."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from engine_host.models.house.key_names import KeyName, find_key
from engine_host.models.house.patterns import BEATLESS_STYLES, DEFAULT_STYLE, PATTERNS
from engine_host.models.house.tokens import Mode
from engine_host.models.house.vocabulary import (
    ANY_BASS,
    BASS_OF_STYLE,
    BASS_TAGS,
    DRUM_TAGS,
    LONGEST_PHRASE_WORDS,
    NEGATION_GOES_ON,
    NEGATIONS,
    NEVER_MADE,
    SINGLE_DRUMS,
    STOP_WORDS,
    STYLE_OF_TAG,
    TAGS_OF_PHRASE,
)
from engine_host.models.interface import PromptReading

MOST_TAGS: Final = 10  # tag slots of the trained model

# The host decides tempo and meter, so these are always among the ignored.
_HOSTS_OWN = re.compile(
    r"(?i)\b(?:\d{2,3}(?:\.\d+)?\s*-?\s*bpm|bpm\s*:?\s*\d{2,3}(?:\.\d+)?|\d{1,2}/(?:2|4|8|16))\b"
)
_WORD = re.compile(r"[^\W_]+(?:&[^\W_]+)*|&|[,;.:!?]")
_BREAKS: Final = frozenset(",;.:!?")


@dataclass(frozen=True)
class PromptMeaning:
    """What a prompt says. ``tags`` are in the order of the words; defaults are not in them."""

    tags: tuple[str, ...]
    key: KeyName | None
    excluded: frozenset[str]
    ignored: tuple[str, ...]

    @property
    def mode(self) -> Mode:
        """Of the key if one was named, else of the tags; minor where nothing was said."""
        if self.key is not None and self.key.mode is not None:
            return self.key.mode
        return "major" if "major" in self.tags else "minor"

    @property
    def pitch_class(self) -> int | None:
        """0..11 with C = 0, or None."""
        return None if self.key is None else self.key.pitch_class

    @property
    def allows_bass(self) -> bool:
        """False after "no bass"."""
        return not self.excluded >= BASS_TAGS

    def reading(self) -> PromptReading:
        """For the user: the tags and the key heard, the words not."""
        key = () if self.key is None else (self.key.words(self.mode),)
        return PromptReading(heard=self.tags + key, ignored=self.ignored)


def read_prompt(prompt: str) -> PromptMeaning:
    """Understand as much of ``prompt`` as the vocabulary can."""
    key = find_key(prompt)
    text = prompt if key is None else f"{prompt[: key.begin]},{prompt[key.end :]}"
    hosts_own = tuple(match.group() for match in _HOSTS_OWN.finditer(text))
    words = [word.lower() for word in _WORD.findall(_plain(_HOSTS_OWN.sub(",", text)))]
    scan = _Scan(words)
    scan.run()
    return _meaning(scan, key, hosts_own)


def completed_tags(meaning: PromptMeaning) -> tuple[str, ...]:
    """The tags that the model is given: those of the prompt, and a style with what goes with it where none was named."""
    if any(tag in PATTERNS for tag in meaning.tags):
        return meaning.tags
    style = next((STYLE_OF_TAG[t] for t in meaning.tags if t in STYLE_OF_TAG), DEFAULT_STYLE)
    company = [style]
    if style not in BEATLESS_STYLES and "no_drums" not in meaning.tags:
        company.append("drums")
    if style == DEFAULT_STYLE and BASS_TAGS.isdisjoint(meaning.tags):
        company.append("synth_bass")
    if not {"major", "minor"} & set(meaning.tags):
        company.append(meaning.mode)
    added = [tag for tag in company if tag not in meaning.tags and tag not in meaning.excluded]
    return (*added, *meaning.tags)[:MOST_TAGS]


def _plain(text: str) -> str:
    """Apostrophes dropped, so that "80's" is "80s"."""
    return re.sub(r"['\u2019]", "", text)


@dataclass
class _Scan:
    """One walk over the words of a prompt."""

    words: list[str]
    said: list[str] = field(default_factory=list)
    denied: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    _negation: str = ""

    def run(self) -> None:
        """Fill ``said``, ``denied`` (words and tags) and ``unknown``."""
        place = 0
        while place < len(self.words):
            place += self._take_phrase(place) or self._take_word(self.words[place])

    def _take_phrase(self, place: int) -> int:
        """How many words from ``place`` on are a phrase of the vocabulary; 0 for none."""
        for count in range(min(LONGEST_PHRASE_WORDS, len(self.words) - place), 0, -1):
            phrase = self.words[place : place + count]
            tags = _tags_of(phrase)
            if tags is not None:
                self._note(" ".join(phrase), tags, self._next_word(place + count))
                return count
        return 0

    def _next_word(self, place: int) -> str:
        return self.words[place] if place < len(self.words) else ""

    def _note(self, phrase: str, tags: tuple[str, ...], following: str) -> None:
        if not self._negation:
            self.said += tags
            return
        denial = f"{self._negation} {phrase}"
        if _singular(phrase) in SINGLE_DRUMS:
            self.unknown.append(denial)
        else:
            self.denied.append((denial, _denied_tags(tags)))
        if following not in NEGATION_GOES_ON:
            self._negation = ""

    def _take_word(self, word: str) -> int:
        if word in _BREAKS:
            self._negation = ""
        elif word in NEGATIONS:
            self._negation = word
        elif self._negation and _singular(word) in NEVER_MADE:
            self._negation = ""
        elif word not in STOP_WORDS and word != "&":
            self.unknown.append(f"{self._negation} {word}".strip())
            self._negation = ""
        return 1


def _tags_of(phrase: list[str]) -> tuple[str, ...] | None:
    whole = " ".join(phrase)
    if whole in TAGS_OF_PHRASE:
        return TAGS_OF_PHRASE[whole]
    return TAGS_OF_PHRASE.get(" ".join([*phrase[:-1], _singular(phrase[-1])]))


def _denied_tags(tags: tuple[str, ...]) -> tuple[str, ...]:
    """What "no" takes away: "no 808" is not "no drums", and "no bass" is none at all."""
    if tags == (ANY_BASS,):
        return tuple(BASS_TAGS)
    return tags if tags[0] == "drums" else tuple(tag for tag in tags if tag != "drums")


def _singular(word: str) -> str:
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word


def _meaning(scan: _Scan, key: KeyName | None, hosts_own: tuple[str, ...]) -> PromptMeaning:
    said = _resolve_bass(scan.said)
    excluded = {tag for _, group in scan.denied for tag in group}
    if "drums" in excluded or "no_drums" in said:
        said = [tag for tag in said if tag not in DRUM_TAGS and tag != "no_drums"] + ["no_drums"]
        excluded |= DRUM_TAGS
    tags = _one_mode([tag for tag in dict.fromkeys(said) if tag not in excluded], key)
    ignored = [
        *hosts_own,
        *scan.unknown,
        *_without_effect(scan.denied, said, tags),
        *tags[MOST_TAGS:],
    ]
    kept = tuple(tags[:MOST_TAGS])
    return PromptMeaning(kept, key, frozenset(excluded), tuple(dict.fromkeys(ignored)))


def _resolve_bass(said: list[str]) -> list[str]:
    style = next((tag for tag in said if tag in PATTERNS), DEFAULT_STYLE)
    bass = BASS_OF_STYLE.get(style, "synth_bass")
    return [bass if tag == ANY_BASS else tag for tag in said]


def _without_effect(
    denied: list[tuple[str, tuple[str, ...]]], said: list[str], tags: list[str]
) -> Iterator[str]:
    """Denials that changed nothing: the model has no way to promise that something is left out."""
    removed = set(said) - set(tags)
    for words, group in denied:
        whole_part = "drums" in group or set(group) >= BASS_TAGS  # the planner leaves it out
        if not whole_part and removed.isdisjoint(group):
            yield words


def _one_mode(tags: list[str], key: KeyName | None) -> list[str]:
    """At most one of major and minor: the key's, else the first that was said."""
    modes = [tag for tag in tags if tag in ("major", "minor")]
    if key is not None and key.mode is not None:
        modes = [key.mode]
    others = [tag for tag in tags if tag not in ("major", "minor")]
    return others + modes[:1]

"""An item's sound as the engine takes it: from its file where that is what is heard, else as REAPER
plays it.

By the file, its own samples at its own rate go out, from the item's offset on; an item that is
played slower or faster, at its own pitch, is stretched by the engine. Fades, volume and effects of
the item are not heard.
"""

from __future__ import annotations

import math
from array import array
from dataclasses import dataclass
from pathlib import Path

from .api import Api, ItemPlace, TakeFacts
from .handles import Item, Take
from .refusal import RefusedError
from .song_map import SongMap
from .tasks import Part
from .wav_file import WavFile, open_wav

SILENCE = 10 ** (-90 / 20)
LONGEST_S = 30 * 60.0
PIECE_S = 1.0  # of sound, that REAPER is asked for in one tick
_SAME_RATE = 1e-9


@dataclass(frozen=True, eq=False)
class ItemSound:
    """Interleaved ``array('f')`` samples. ``bpm``: the sound's own tempo, where it isn't the song's."""

    name: str
    samples: array[float]
    rate_hz: int
    channels: int
    place: ItemPlace
    bpm: float | None
    how: str

    @property
    def frames(self) -> int:
        """Of each channel."""
        return len(self.samples) // self.channels


def read_item(api: Api, item: Item, song: SongMap, rate_hz: int) -> Part:
    """The item's :class:`ItemSound`; part of a task, for REAPER's reader takes its time.

    RefusedError: ``GONE``, ``BAD_FIELD`` for MIDI, ``LIMIT``, ``EMPTY_SOURCE`` for silence,
    ``FILE_MISSING``, ``FILE_BROKEN``.
    """
    place, take = api.item_place(item), api.active_take(item)
    facts = api.take_facts(item, take)
    if facts.is_midi:
        words = "This is a MIDI item: use Anacrusis: Send MIDI item as notes."
        raise RefusedError("BAD_FIELD", "item", words)
    if place.length_s > LONGEST_S:
        raise RefusedError("LIMIT", "item", "The item is longer than half an hour; split it.")
    found = _file_or_reason(facts, place, song)
    if isinstance(found, WavFile):
        sound = _by_file(found, facts, place, song)
    else:
        sound = yield from _as_played(api, take, facts, place, rate_hz, found)
    _check_heard(sound)
    return sound


def _file_or_reason(facts: TakeFacts, place: ItemPlace, song: SongMap) -> WavFile | str:
    """The file, if its samples are what the item plays; else why not, in words."""
    reason = _reason_against_file(facts, place, song)
    if reason:
        return reason
    wav = open_wav(Path(facts.file))
    return "it is no WAV" if wav is None else wav


def _reason_against_file(facts: TakeFacts, place: ItemPlace, song: SongMap) -> str:
    constant = song.tempo.is_constant(place.start_s, place.start_s + place.length_s)
    stretched = abs(facts.play_rate - 1.0) > _SAME_RATE
    end_s = facts.offset_s + place.length_s * facts.play_rate
    reasons = (
        (not facts.file, "it has no file"),
        (facts.kind != "WAVE", "its source is of the kind {}".format(facts.kind or "?")),
        (facts.pitch != 0.0, "it is pitched"),
        (facts.stretch_markers > 0, "it has stretch markers"),
        (facts.channel_mode != 0, "its channels are rearranged"),
        (facts.offset_s < 0.0, "it begins before its file"),
        (facts.loops and end_s > facts.source_s + 1e-6, "it loops"),
        (stretched and not facts.keeps_pitch, "its rate changes its pitch"),
        (stretched and not constant, "it is stretched where the tempo moves"),
    )
    return next((words for holds, words in reasons if holds), "")


def _by_file(wav: WavFile, facts: TakeFacts, place: ItemPlace, song: SongMap) -> ItemSound:
    first = round(facts.offset_s * wav.rate_hz)
    count = math.ceil(place.length_s * facts.play_rate * wav.rate_hz - 1e-6)
    samples = wav.read(first, count)
    bpm: float | None = None
    if abs(facts.play_rate - 1.0) > _SAME_RATE:
        bpm = song.tempo.bpm(song.tempo.ppq(place.start_s)) / facts.play_rate
    how = "from its file"
    return ItemSound(facts.name, samples, wav.rate_hz, wav.channels, place, bpm, how)


def _as_played(
    api: Api, take: Take, facts: TakeFacts, place: ItemPlace, rate_hz: int, why: str
) -> Part:
    channels = 2 if facts.channels != 1 else 1
    frames = math.ceil(place.length_s * rate_hz - 1e-6)
    samples = array("f")
    with api.samples(take) as reader:
        first = 0
        while first < frames:
            count = min(round(PIECE_S * rate_hz), frames - first)
            samples.extend(reader.read(rate_hz, channels, first / rate_hz, count))
            first += count
            yield None
    how = f"as REAPER plays it ({why})"
    return ItemSound(facts.name, samples, rate_hz, channels, place, None, how)


def _check_heard(sound: ItemSound) -> None:
    if not sound.samples:
        raise RefusedError("EMPTY_SOURCE", "item", "The item has no sound in it.")
    peak = max(*sound.samples, -min(sound.samples))
    if not math.isfinite(peak):
        raise RefusedError("NOT_FINITE", "item", "The item has samples that are no numbers.")
    if peak < SILENCE:
        words = "The item is silent (below -90 dB): there is nothing to start from."
        raise RefusedError("EMPTY_SOURCE", "item", words)

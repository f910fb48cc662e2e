"""A MIDI item as the engine's notes: what sounds inside the item, every pass of a looped one."""

from __future__ import annotations

from typing import Any, Sequence

from .api import Api, MidiNote
from .handles import Item
from .refusal import RefusedError
from .song_map import SongMap

MOST_NOTES = 65_536
_LEAST_PPQ = 1e-6


def notes_of(api: Api, item: Item, song: SongMap) -> list[dict[str, Any]]:
    """The item's notes as the wire has them, cut to the item's ends; muted ones are left out.

    RefusedError: ``GONE``, ``BAD_FIELD`` for an audio item, ``LIMIT``.
    """
    place, take = api.item_place(item), api.active_take(item)
    facts = api.take_facts(item, take)
    if not facts.is_midi:
        words = "This is an audio item: use Anacrusis: Send item as source."
        raise RefusedError("BAD_FIELD", "item", words)
    start_ppq = song.tempo.ppq(place.start_s)
    end_ppq = song.tempo.ppq(place.start_s + place.length_s)
    period = api.midi_length_ppq(take) if facts.loops else 0.0
    return passes(api.midi_notes(take), start_ppq, end_ppq, period)


def passes(
    notes: Sequence[MidiNote], start_ppq: float, end_ppq: float, period_ppq: float
) -> list[dict[str, Any]]:
    """Every pass of ``notes`` between two positions; ``period_ppq`` 0 is one pass."""
    found: list[dict[str, Any]] = []
    shift = 0.0
    while shift == 0.0 or start_ppq + shift < end_ppq - _LEAST_PPQ:
        for note in notes:
            begins = max(note.start_ppq + shift, start_ppq)
            ends = min(note.end_ppq + shift, end_ppq)
            if not note.is_muted and ends - begins > _LEAST_PPQ:
                found.append(_entry(note, begins, ends))
        if len(found) > MOST_NOTES:
            words = f"The item has more than {MOST_NOTES} notes; split it."
            raise RefusedError("LIMIT", "item", words)
        if period_ppq <= _LEAST_PPQ:
            break
        shift += period_ppq
    return sorted(found, key=lambda entry: (entry["ppq"], entry["pitch"]))


def _entry(note: MidiNote, begins: float, ends: float) -> dict[str, Any]:
    return {
        "ppq": begins,
        "length_ppq": ends - begins,
        "pitch": note.pitch,
        "velocity": min(max(note.velocity, 1), 127),
        "channel": note.channel + 1,
    }

"""Note-ons and note-offs as notes with lengths, and back.

Of two notes of one pitch and channel that overlap in a track, the one that began first ends
first. What is left sounding ends with its track.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from daw_clients.projects.smf import Event

NOTE_OFF, NOTE_ON, CONTROLLER = 0x80, 0x90, 0xB0
_SILENCING = frozenset((120, *range(123, 128)))
"""Controllers that end a channel's notes: all sound off, all notes off, and the mode changes."""


class TickNote(NamedTuple):
    """A note in a file's ticks; the channel counts from 0."""

    start: int
    end: int
    channel: int
    pitch: int
    velocity: int


class NotePairing:
    """One track's notes: give it the events in order, then ``finish``.

    ``unended`` counts the notes that no event ended.
    """

    def __init__(self) -> None:
        self.notes: list[TickNote] = []
        self.unended = 0
        self._sounding: list[dict[int, deque[tuple[int, int]]]] = [{} for _ in range(16)]

    def take(self, event: Event) -> None:
        """The next event of the track; those that are not about notes change nothing."""
        kind, channel = event.status & 0xF0, event.status & 0x0F
        if kind == NOTE_ON and event.data[1] > 0:
            waiting = self._sounding[channel].setdefault(event.data[0], deque())
            waiting.append((event.tick, event.data[1]))
        elif kind in (NOTE_ON, NOTE_OFF):
            self._end_one(channel, event.data[0], event.tick)
        elif kind == CONTROLLER and event.data[0] in _SILENCING:
            self._end_all(channel, event.tick)

    def finish(self, tick: int) -> list[TickNote]:
        """Every note of the track, which ends at ``tick``."""
        before = len(self.notes)
        for channel in range(16):
            self._end_all(channel, tick)
        self.unended = len(self.notes) - before
        return self.notes

    def _end_one(self, channel: int, pitch: int, tick: int) -> None:
        waiting = self._sounding[channel].get(pitch)
        if waiting is None:
            return
        start, velocity = waiting.popleft()
        self.notes.append(TickNote(start, tick, channel, pitch, velocity))
        if not waiting:
            del self._sounding[channel][pitch]

    def _end_all(self, channel: int, tick: int) -> None:
        for pitch, waiting in self._sounding[channel].items():
            ended = (TickNote(start, tick, channel, pitch, velocity) for start, velocity in waiting)
            self.notes.extend(ended)
        self._sounding[channel].clear()


def tracks_of_notes(notes: Iterable[TickNote]) -> dict[tuple[int, int], list[TickNote]]:
    """The notes by (channel, layer), as few layers as keep every note's own end.

    In one layer the notes of one pitch end in the order in which they began, so that reading
    them back pairs each note-on with its own note-off.
    """
    tracks: dict[tuple[int, int], list[TickNote]] = {}
    layers: dict[tuple[int, int], list[int]] = {}
    for note in sorted(notes):
        # The last end in each layer, negated: it falls from layer to layer.
        ends = layers.setdefault((note.channel, note.pitch), [])
        layer = bisect_left(ends, -note.end)
        ends[layer : layer + 1] = [-note.end]
        tracks.setdefault((note.channel, layer), []).append(note)
    return tracks


def note_events(notes: Sequence[TickNote]) -> list[Event]:
    """Note-ons and note-offs in order; at one tick the offs come first."""
    ons = [
        (n.start, 1, i, Event(n.start, NOTE_ON | n.channel, -1, bytes((n.pitch, n.velocity))))
        for i, n in enumerate(notes)
    ]
    offs = [
        (n.end, 0, i, Event(n.end, NOTE_OFF | n.channel, -1, bytes((n.pitch, 0))))
        for i, n in enumerate(notes)
    ]
    return [event for *_, event in sorted(ons + offs)]

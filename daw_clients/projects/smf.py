"""The bytes of a standard MIDI file as events and back: chunks, delta times, running status.

Our own reader and not mido's: mido 1.3.3 forgets the delta time before a meta event that it
doesn't know (program name, device name in old files), so that all that follows is early, and it
takes delta times and text of any length, so that a small hostile file costs hours.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from bridge_protocol.errors import ErrorCode, RefusedError

MAX_EVENTS = 500_000
"""The most events one file may hold, all tracks together."""

MAX_DIVISION = 0x7FFF
"""The most ticks a quarter note may have."""
MAX_DELTA = 0x0FFFFFFF
"""The most ticks there may be between two events of a track."""

META = 0xFF
SYSEX = (0xF0, 0xF7)
TRACK_NAME, MARKER, CUE_POINT, END_OF_TRACK, SET_TEMPO, TIME_SIGNATURE = (
    0x03,
    0x06,
    0x07,
    0x2F,
    0x51,
    0x58,
)
_DATA_BYTES = {0x80: 2, 0x90: 2, 0xA0: 2, 0xB0: 2, 0xC0: 1, 0xD0: 1, 0xE0: 2}


class Event(NamedTuple):
    """One event at its tick from the track's start.

    ``status`` is the whole status byte; ``meta`` is the type of a meta event, -1 of others.
    """

    tick: int
    status: int
    meta: int
    data: bytes


@dataclass(frozen=True)
class Smf:
    """A file's chunks. ``division`` is as in the file: ticks a quarter note where it is positive.

    ``leftover_bytes``: how many bytes follow the last track, or a track's end within its chunk.
    """

    format: int
    division: int
    tracks: tuple[tuple[Event, ...], ...]
    end_ticks: tuple[int, ...]
    leftover_bytes: int


def read_smf(data: bytes, name: str) -> Smf:
    """The file's events, each track by itself, in the file's order.

    ``name`` is what errors call the file. Raises ``RefusedError``: ``FILE_BROKEN`` where the
    bytes are no MIDI file, break off, or hold more or fewer tracks than the header says; ``LIMIT``
    for more than ``MAX_EVENTS`` events. Time is linear in the file's length.
    """
    if data[:4] != b"MThd":
        raise broken(name, "this is not a MIDI file (it doesn't begin with MThd)")
    header, at = _chunk(data, 0, name)
    if len(header) < 6:
        raise broken(name, "the header is too short")
    kind, count, division = (int.from_bytes(header[i : i + 2], "big") for i in (0, 2, 4))
    if kind > 2 or count == 0:
        raise broken(name, f"the header speaks of format {kind} and {count} tracks")
    chunks, at = _track_chunks(data, at, count, name)
    tracks = _Tracks(name)
    for chunk in chunks:
        tracks.add(chunk)
    leftover = tracks.leftover_bytes + len(data) - at
    signed = division - 0x10000 if division & 0x8000 else division
    return Smf(kind, signed, tuple(tracks.events), tuple(tracks.ends), leftover)


def write_smf(division: int, tracks: Sequence[Iterable[Event]]) -> bytes:
    """A file of format 1 with these tracks; every track's events are in order of their ticks.

    Raises ``RefusedError`` (``LIMIT``, field ``song``): more than 65,535 tracks, or two events
    more than ``MAX_DELTA`` ticks apart.
    """
    if len(tracks) > 0xFFFF:
        text = f"a MIDI file holds no {len(tracks)} tracks; export fewer"
        raise RefusedError(ErrorCode.LIMIT, "song", text)
    header = b"".join(number.to_bytes(2, "big") for number in (1, len(tracks), division))
    return _written_chunk(b"MThd", header) + b"".join(
        _written_chunk(b"MTrk", _written_track(events)) for events in tracks
    )


def broken(name: str, what: str) -> RefusedError:
    """The refusal of a file whose bytes make no sense."""
    return RefusedError(ErrorCode.FILE_BROKEN, name, f"{what}; export it again")


def _track_chunks(data: bytes, at: int, count: int, name: str) -> tuple[list[bytes], int]:
    """The first ``count`` track chunks, chunks of other kinds left out, and where they end."""
    chunks: list[bytes] = []
    while len(chunks) < count:
        if at >= len(data):
            raise broken(name, f"the header speaks of {count} tracks, {len(chunks)} are there")
        is_track = data[at : at + 4] == b"MTrk"
        chunk, at = _chunk(data, at, name)
        if is_track:
            chunks.append(chunk)
    if data[at : at + 4] == b"MTrk":
        raise broken(name, f"more tracks follow than the {count} that the header speaks of")
    return chunks, at


def _chunk(data: bytes, at: int, name: str) -> tuple[bytes, int]:
    """One chunk's content, and where the next chunk starts."""
    start = at + 8
    length = int.from_bytes(data[at + 4 : start], "big")
    if start > len(data) or length > len(data) - start:
        raise broken(name, f"the file breaks off in the chunk at byte {at}")
    return data[start : start + length], start + length


class _Tracks:
    """Collects the tracks' events and counts them."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._left = MAX_EVENTS
        self.events: list[tuple[Event, ...]] = []
        self.ends: list[int] = []
        self.leftover_bytes = 0

    def add(self, chunk: bytes) -> None:
        """Read one track's chunk."""
        cursor = _Cursor(chunk, f"track {len(self.events) + 1}", self._name)
        events: list[Event] = []
        while not cursor.at_end:
            event = cursor.event()
            if event.meta == END_OF_TRACK:
                break
            events.append(event)
            if len(events) > self._left:
                text = f"it holds more than {MAX_EVENTS} events; export a shorter part"
                raise RefusedError(ErrorCode.LIMIT, self._name, text)
        self._left -= len(events)
        self.events.append(tuple(events))
        self.ends.append(cursor.tick)
        self.leftover_bytes += cursor.left


class _Cursor:
    """Reads a track's bytes in order, never past its end."""

    def __init__(self, data: bytes, track: str, name: str) -> None:
        self._data, self._track, self._name = data, track, name
        self._at = 0
        self._running = 0
        self.tick = 0

    @property
    def at_end(self) -> bool:
        return self._at >= len(self._data)

    @property
    def left(self) -> int:
        return len(self._data) - self._at

    def event(self) -> Event:
        """The next event. Running status lives on through meta events, as in many real files."""
        self.tick += self._variable_int()
        status = self._byte()
        if status == META:
            meta = self._byte()
            return Event(self.tick, META, meta, self._take(self._variable_int()))
        if status in SYSEX:
            return Event(self.tick, status, -1, self._take(self._variable_int()))
        if status >= 0x80:
            self._running = status
        else:
            self._at -= 1
        return Event(self.tick, self._running, -1, self._channel_data())

    def _channel_data(self) -> bytes:
        count = _DATA_BYTES.get(self._running & 0xF0)
        if count is None:
            raise self._broken(f"status {self._running:#x} has no place in a file")
        data = self._take(count)
        if max(data) > 0x7F:
            raise self._broken("an event's data has its top bit set")
        return data

    def _variable_int(self) -> int:
        value = 0
        for _ in range(4):
            byte = self._byte()
            value = value << 7 | byte & 0x7F
            if byte < 0x80:
                return value
        raise self._broken("a number of variable length has more than four bytes")

    def _byte(self) -> int:
        if self._at >= len(self._data):
            raise self._broken("it breaks off within an event")
        self._at += 1
        return self._data[self._at - 1]

    def _take(self, count: int) -> bytes:
        if count > self.left:
            raise self._broken("it breaks off within an event")
        self._at += count
        return self._data[self._at - count : self._at]

    def _broken(self, what: str) -> RefusedError:
        return broken(self._name, f"{self._track}, byte {self._at}: {what}")


def _written_chunk(kind: bytes, content: bytes) -> bytes:
    return kind + len(content).to_bytes(4, "big") + content


def _written_track(events: Iterable[Event]) -> bytes:
    out = bytearray()
    now = 0
    for event in events:
        out += _delta(event.tick - now)
        out += bytes([event.status])
        if event.status == META:
            out += bytes([event.meta]) + _variable_bytes(len(event.data))
        out += event.data
        now = event.tick
    return bytes(out) + bytes([0, META, END_OF_TRACK, 0])


def _delta(ticks: int) -> bytes:
    if ticks > MAX_DELTA:
        text = f"it has {ticks} ticks without an event, a MIDI file at most {MAX_DELTA}"
        raise RefusedError(ErrorCode.LIMIT, "song", f"{text}; export a shorter part")
    return _variable_bytes(ticks)


def _variable_bytes(value: int) -> bytes:
    out = [value & 0x7F]
    while value := value >> 7:
        out.append(value & 0x7F | 0x80)
    return bytes(reversed(out))

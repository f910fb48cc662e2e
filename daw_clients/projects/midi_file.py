"""Standard MIDI files into projects.

Tempi keep the file's integer microseconds: ``60e6 / microseconds`` bpm, in steps. Positions are
``tick / division``, the nearest float64 of the exact quotient. Format 0 and 1 are read whole; of
format 2, whose tracks are songs of their own, the first. SMPTE time is refused: it counts frames
of film, and nothing in such a file says where a quarter note is. :mod:`.midi_export` writes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.meter import MAX_CHANGES, MeterMap, check_signature
from bridge_protocol.schema import Note
from bridge_protocol.tempo import (
    MAX_PPQ,
    MAX_SEGMENTS,
    TempoLaw,
    TempoMap,
    TempoSegment,
    check_bpm,
)
from daw_clients.projects.midi_lanes import LaneCollection
from daw_clients.projects.midi_notes import NotePairing, TickNote
from daw_clients.projects.project import Locator, Project, ProjectLane
from daw_clients.projects.smf import (
    CUE_POINT,
    MARKER,
    META,
    SET_TEMPO,
    SYSEX,
    TIME_SIGNATURE,
    TRACK_NAME,
    Event,
    Smf,
    broken,
    read_smf,
)
from daw_clients.projects.source_bytes import source_bytes

MAX_BYTES = 16 * 2**20
WIRE_NOTES = 65_536
"""The most notes that one message to the engine holds."""
MAX_NOTE_PPQ = 100_000.0

_DEFAULT_TEMPO = 500_000
_NOT_READ = {0x05: "lyrics", 0x59: "key signatures", 0xA0: "key pressures", 0xC0: "program changes"}

Metas = list[tuple[int, bytes]]


def read_midi(source: Path | bytes, name: str = "") -> Project:
    """The song in a MIDI file, or in its bytes. ``name`` is what errors call it.

    Where the file says no tempo or signature from its start, 120 bpm and 4/4 hold there, as the
    format has it. Of two tempi, two signatures or two values of a controller at one tick, the
    later one in the file holds. Overlapping notes of one pitch are paired first in, first out.
    All notes are kept; where there are more than ``WIRE_NOTES``, a warning says that they don't
    fit one message.

    Raises ``RefusedError``: ``FILE_MISSING``, ``FILE_BROKEN`` (no MIDI file, broken off, or other
    tracks than the header says), ``LIMIT`` (more than ``MAX_BYTES``, or than ``smf.MAX_EVENTS``
    events), ``BAD_FIELD`` for SMPTE time (field ``division``), ``OUT_OF_RANGE`` for a tempo that
    no song has (``tempo[3]``), a signature that none has (``signature[3].denominator``) or a song
    longer than ``MAX_PPQ`` quarter notes. Nothing else. Time and memory grow with the file.
    """
    name = name or (source.name if isinstance(source, Path) else "midi file")
    smf = read_smf(source_bytes(source, name, MAX_BYTES), name)
    _check_division(smf, name)
    song = _Song(smf.division)
    tracks = smf.tracks[:1] if smf.format == 2 else smf.tracks
    for number, (events, end) in enumerate(zip(tracks, smf.end_ticks, strict=False), 1):
        _check_length(end, smf.division, f"tracks[{number - 1}]")
        song.add_track(number, events, end)
    return Project(
        format=f"standard MIDI file, format {smf.format}",
        tempo=_tempo(_in_order(tracks, SET_TEMPO), smf.division, name),
        meter=_meter(_in_order(tracks, TIME_SIGNATURE), smf.division, name),
        lanes=tuple(song.lanes),
        locators=_locators(tracks, smf.division),
        notes=tuple(sorted(song.notes, key=_order)),
        warnings=(*_file_warnings(smf), *song.warnings()),
    )


@dataclass
class _Song:
    """What the tracks hold besides tempo, signatures and markers."""

    division: int
    lanes: list[ProjectLane] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    _unended: int = 0
    _instant: int = 0
    _cut: int = 0
    _not_read: Counter[str] = field(default_factory=Counter)
    _lane_warnings: list[str] = field(default_factory=list)

    def add_track(self, number: int, events: Iterable[Event], end: int) -> None:
        """Take a track's notes and lanes; ``end`` is the tick of its end."""
        pairing, collection = NotePairing(), LaneCollection()
        track = f"track {number}"
        named = False
        for event in events:
            pairing.take(event)
            if event.meta == TRACK_NAME and not named:
                track, named = _text(event.data) or track, True
            elif not collection.take(event):
                self._count(event)
        self.notes += map(self._note, pairing.finish(end))
        self._unended += pairing.unended
        lanes, warnings = collection.lanes(track, self.division)
        self.lanes += lanes
        self._lane_warnings += warnings

    def warnings(self) -> list[str]:
        """What could not be kept, in words."""
        faults = (
            (self._unended, "notes have no end in the file; they end with their track"),
            (self._instant, "notes end where they begin; they last one tick"),
            (
                self._cut,
                f"notes are longer than {MAX_NOTE_PPQ:g} quarter notes; they are cut there",
            ),
        )
        warnings = [f"{count} {text}" for count, text in faults if count]
        if len(self.notes) > WIRE_NOTES:
            text = f"{len(self.notes)} notes are more than the {WIRE_NOTES} of one message"
            warnings.append(f"{text}; send them in parts")
        unread = [f"{count} {what}" for what, count in sorted(self._not_read.items())]
        if unread:
            warnings.append(f"not read: {', '.join(unread)}")
        return warnings + self._lane_warnings

    def _note(self, note: TickNote) -> Note:
        ticks = note.end - note.start
        length_ppq = max(ticks, 1) / self.division
        self._instant += ticks == 0
        self._cut += length_ppq > MAX_NOTE_PPQ
        return Note(
            ppq=note.start / self.division,
            length_ppq=min(length_ppq, MAX_NOTE_PPQ),
            pitch=note.pitch,
            velocity=note.velocity,
            channel=note.channel + 1,
        )

    def _count(self, event: Event) -> None:
        """Count what is not read."""
        kind = event.status & 0xF0
        if event.status in SYSEX:
            self._not_read["system exclusive messages"] += 1
        elif event.status == META:
            if event.meta not in (SET_TEMPO, TIME_SIGNATURE, MARKER, CUE_POINT):
                self._not_read[_NOT_READ.get(event.meta, "other meta events")] += 1
        elif kind in _NOT_READ:
            self._not_read[_NOT_READ[kind]] += 1


def _order(note: Note) -> tuple[float, ...]:
    return note.ppq, note.channel, note.pitch, note.length_ppq


def _check_division(smf: Smf, name: str) -> None:
    if smf.division < 0:
        text = "it counts SMPTE frames, not quarter notes; export it with ticks per quarter note"
        raise RefusedError(ErrorCode.BAD_FIELD, "division", text)
    if smf.division == 0:
        raise broken(name, "the header says 0 ticks a quarter note")


def _check_length(end: int, division: int, where: str) -> None:
    if end > MAX_PPQ * division:
        text = f"it is {end / division:g} quarter notes long; at most {MAX_PPQ:g} are read"
        raise RefusedError(ErrorCode.OUT_OF_RANGE, where, text)


def _in_order(tracks: Iterable[Sequence[Event]], *kinds: int) -> Metas:
    """The meta events of these kinds by tick; at one tick in the file's order."""
    found = [(e.tick, e.data) for events in tracks for e in events if e.meta in kinds]
    return sorted(found, key=lambda item: item[0])


def _tempo(metas: Metas, division: int, name: str) -> TempoMap:
    if len(metas) > MAX_SEGMENTS:
        text = f"{len(metas)} tempi are too many; at most {MAX_SEGMENTS} are read"
        raise RefusedError(ErrorCode.LIMIT, "tempo", text)
    bpms = {0: 60e6 / _DEFAULT_TEMPO}
    for index, (tick, data) in enumerate(metas):
        bpms[tick] = _bpm(data, f"tempo[{index}]", name)
    return TempoMap(
        [TempoSegment(tick / division, bpm, bpm, TempoLaw.STEP) for tick, bpm in bpms.items()]
    )


def _bpm(data: bytes, where: str, name: str) -> float:
    if len(data) != 3:
        raise broken(name, f"{where} has {len(data)} bytes and not 3")
    microseconds = int.from_bytes(data, "big")
    if microseconds == 0:
        text = "0 microseconds a quarter note is no tempo; give a tempo of 20 to 999 bpm"
        raise RefusedError(ErrorCode.OUT_OF_RANGE, where, text)
    bpm = 60e6 / microseconds
    check_bpm(bpm, where)
    return bpm


def _meter(metas: Metas, division: int, name: str) -> MeterMap:
    if len(metas) >= MAX_CHANGES:
        text = f"{len(metas)} signatures are too many; give fewer than {MAX_CHANGES}"
        raise RefusedError(ErrorCode.LIMIT, "signature", text)
    signatures = {0: (4, 4)}
    for index, (tick, data) in enumerate(metas):
        signatures[tick] = _signature(data, f"signature[{index}]", name)
    places = [(Fraction(tick, division), *signature) for tick, signature in signatures.items()]
    try:
        return MeterMap.from_positions(places)
    except RefusedError as error:
        raise RefusedError(error.code, "signature", error.message) from None


def _signature(data: bytes, where: str, name: str) -> tuple[int, int]:
    if len(data) < 2:
        raise broken(name, f"{where} has {len(data)} bytes and not 4")
    numerator, denominator = data[0], 1 << min(data[1], 31)
    check_signature(numerator, denominator, where)
    return numerator, denominator


def _locators(tracks: Iterable[Sequence[Event]], division: int) -> tuple[Locator, ...]:
    found = _in_order(tracks, MARKER, CUE_POINT)
    return tuple(Locator(tick / division, _text(data)) for tick, data in found)


def _text(data: bytes) -> str:
    """The format says nothing of non-ASCII text: UTF-8 where it is that, else Latin-1."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _file_warnings(smf: Smf) -> list[str]:
    warnings: list[str] = []
    if smf.format == 2 and len(smf.tracks) > 1:
        text = f"it holds {len(smf.tracks)} songs, one a track (format 2); the first one is read"
        warnings.append(text)
    if smf.leftover_bytes:
        warnings.append(f"{smf.leftover_bytes} bytes behind the tracks' ends are not read")
    return warnings

"""Projects into standard MIDI files, format 1: what :mod:`.midi_file` reads back the same."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from bridge_protocol.schema import Note
from daw_clients.projects.midi_lanes import lane_events
from daw_clients.projects.midi_notes import TickNote, note_events, tracks_of_notes
from daw_clients.projects.project import Project
from daw_clients.projects.smf import (
    MARKER,
    META,
    SET_TEMPO,
    TIME_SIGNATURE,
    TRACK_NAME,
    Event,
    write_smf,
)
from daw_clients.projects.tempo_steps import (
    Steps,
    division_for,
    is_ramp,
    whole_steps,
    worst_error,
)
from daw_clients.projects.written import Written

_WORTH_SAYING_SECONDS = 0.0001


def write_midi(project: Project) -> Written:
    """The project as a MIDI file of format 1.

    The first track holds tempo, signatures and markers, then come the lanes that are MIDI's own
    (as ``midi_file`` reads them), one track for each name, then the notes, one track a channel
    and as many more as overlapping notes need. Ticks are chosen so that every position lies on
    one where that can be; ramps become steps (see ``tempo_steps``). Each loss is a warning.

    Raises ``RefusedError`` (``LIMIT``): field ``tempo`` where ramps need too many steps, ``song``
    where two events are too far apart for the format.
    """
    division, exact = division_for(_positions(project))
    steps = whole_steps(project.tempo, division)
    warnings = [] if exact else [f"positions are rounded to 1/{division} of a quarter note"]
    warnings += _tempo_warnings(project, steps, division)
    lanes, lane_warnings = _lane_tracks(project, division)
    notes, note_warnings = _note_tracks(project.notes, division)
    tracks = [_conductor(project, steps, division), *lanes, *notes]
    early = sum(locator.ppq < 0 for locator in project.locators)
    if early:
        warnings.append(f"{early} locators before the song's start are left out")
    return Written(write_smf(division, tracks), (*warnings, *lane_warnings, *note_warnings))


def _positions(project: Project) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Every position that should lie on a tick, and every length."""
    notes = [x for note in project.notes for x in (note.ppq, note.length_ppq)]
    lanes = [point.position for lane in project.lanes for point in lane.lane.points]
    starts = [float(project.meter.bar_start(change.bar)) for change in project.meter.changes]
    tempi = [segment.start_ppq for segment in project.tempo.segments]
    places = [locator.ppq for locator in project.locators]
    return np.array([*notes, *lanes, *starts, *tempi, *places], np.float64)


def _conductor(project: Project, steps: Steps, division: int) -> list[Event]:
    events = [_meta(tick, SET_TEMPO, us.to_bytes(3, "big")) for tick, us in steps]
    for change in project.meter.changes:
        tick = round(project.meter.bar_start(change.bar) * division)
        data = bytes((change.numerator, change.denominator.bit_length() - 1, 24, 8))
        events.append(_meta(tick, TIME_SIGNATURE, data))
    for locator in project.locators:
        if locator.ppq >= 0:
            events.append(_meta(round(locator.ppq * division), MARKER, _bytes(locator.name)))
    return sorted(events, key=lambda event: event.tick)


def _lane_tracks(project: Project, division: int) -> tuple[list[list[Event]], list[str]]:
    tracks: dict[str, list[Event]] = {}
    warnings: list[str] = []
    for lane in project.lanes:
        events = lane_events(lane, division)
        if events is None:
            warnings.append(f"the lane {lane.name} is left out: a MIDI file has none of its kind")
        else:
            name = lane.path[0]
            tracks.setdefault(name, [_meta(0, TRACK_NAME, name.encode())]).extend(events)
    return [sorted(events, key=lambda event: event.tick) for events in tracks.values()], warnings


def _note_tracks(notes: Iterable[Note], division: int) -> tuple[list[list[Event]], list[str]]:
    in_ticks = [_tick_note(note, division) for note in notes]
    heard = [note for note in in_ticks if note.start >= 0]
    tracks = []
    for (channel, _), layer in sorted(tracks_of_notes(heard).items()):
        name = _meta(0, TRACK_NAME, f"channel {channel + 1}".encode())
        tracks.append([name, *note_events(layer)])
    early = len(in_ticks) - len(heard)
    return tracks, [f"{early} notes before the song's start are left out"] if early else []


def _tick_note(note: Note, division: int) -> TickNote:
    start = round(note.ppq * division)
    ticks = max(round(note.length_ppq * division), 1)
    return TickNote(start, start + ticks, note.channel - 1, note.pitch, note.velocity)


def _tempo_warnings(project: Project, steps: Steps, division: int) -> list[str]:
    ends = [note.ppq + note.length_ppq for note in project.notes]
    error = worst_error(project.tempo, steps, division, max([*ends, *_positions(project)]))
    ramps = sum(map(is_ramp, project.tempo.segments))
    if ramps:
        text = f"{ramps} tempo ramps are written as steps, {len(steps)} tempi in all"
        return [f"{text}: no moment of the song is off by more than {error * 1e3:.3f} ms"]
    if error > _WORTH_SAYING_SECONDS:
        text = "tempi are rounded to whole microseconds a quarter note"
        return [f"{text}: no moment of the song is off by more than {error * 1e3:.3f} ms"]
    return []


def _meta(tick: int, kind: int, data: bytes) -> Event:
    return Event(tick, META, kind, data)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", errors="replace")

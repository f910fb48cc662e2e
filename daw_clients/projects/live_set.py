"""Ableton Live sets (``.als``, Live 8 to 12): tempo, signatures, locators and automation.

A set is gzipped XML. Positions are quarter notes. Live draws tempo as straight lines over quarter
notes; while it plays it takes the line's value at the start of each sixteenth note and keeps it
for that sixteenth. (Measured: 60 to 120 bpm over 4 quarters takes 2.836 s, not the line's 2.773;
150 to 50 over 16 takes 10.447 s, not 10.547.) One user reports that Live 12.3 and later play the
line itself.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Literal
from xml.etree.ElementTree import Element

import numpy as np

from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.lanes import Breakpoint, Shape
from bridge_protocol.meter import MeterMap, check_signature
from bridge_protocol.tempo import MAX_PPQ, MAX_SEGMENTS, TempoLaw, TempoMap, TempoSegment
from daw_clients.projects.drawn_points import from_zero, meter_over_beats, tempo_over_beats
from daw_clients.projects.live_curves import Envelope, read_envelope
from daw_clients.projects.live_lanes import (
    Parameter,
    curves_cut,
    events_by_target,
    read_lanes,
    tracks_of,
)
from daw_clients.projects.project import Locator, Project
from daw_clients.projects.safe_files import gunzip, name_of, parse_xml, prefixed
from daw_clients.projects.xml_values import number, position

SIXTEENTH_PPQ = 0.25
_SIGNATURES_PER_DENOMINATOR = 99
_SHOWN = 80  # characters of the name of the program that made the file
_CLIPS = ("AudioClip", "MidiClip")
_CLOSED = frozenset((*_CLIPS, "ClipSlotList", "Scenes", "GroovePool"))
"""Elements whose content isn't read: most of a set's size."""

Law = Literal["as_drawn", "as_played"]


def read_live_set(source: Path | bytes, name: str = "", law: Law = "as_drawn") -> Project:
    """The set's arrangement. ``name`` is what refusals call the file.

    ``law`` says what becomes of tempo automation: ``as_drawn`` gives ``LINEAR_BEATS`` segments,
    and a jump where two points share a position; ``as_played`` gives ``STEP`` segments on
    sixteenths. Where nobody drew any, the set's own tempo and signature count. Values of lanes
    are as Live stores them, with the range that Live states for its MIDI controllers; paths are
    (track, devices from the outermost in, parameter), and a track's mixer counts as a device.
    Notes, audio and the session view are not read; ``warnings`` say so where there are some.

    Raises ``RefusedError``, its field beginning with the name: ``FILE_MISSING``, ``FILE_BROKEN``,
    ``LIMIT``, ``BAD_FIELD``, ``BAD_ORDER``, ``NOT_FINITE``, ``OUT_OF_RANGE``.
    """
    name = name_of(source, name)
    root = parse_xml(gunzip(source, name), name, _CLOSED)
    live_set = root.find("LiveSet")
    if root.tag != "Ableton" or live_set is None:
        text = "this is no Live set; give an .als file that Live saved"
        raise RefusedError(ErrorCode.FILE_BROKEN, name, text)
    with prefixed(name):
        return _project(root.get("Creator", "Ableton Live")[:_SHOWN], live_set, law)


def _project(made_by: str, live_set: Element, law: Law) -> Project:
    warnings: list[str] = []
    tempo_parameter = _main_parameter(live_set, "Tempo")
    signature_parameter = _main_parameter(live_set, "TimeSignature")
    drawn = _tempo(tempo_parameter, _envelope(live_set, tempo_parameter), warnings)
    meter = _meter(signature_parameter, _envelope(live_set, signature_parameter))
    other = [p.element for p in (tempo_parameter, signature_parameter) if p]
    lanes = read_lanes(live_set, other, warnings)
    warnings += _left_out(live_set)
    tempo = as_played(drawn) if law == "as_played" else drawn
    locators = tuple(_locators(live_set))
    return Project(f"{made_by} set", tempo, meter, tuple(lanes), locators, (), tuple(warnings))


def as_played(drawn: TempoMap) -> TempoMap:
    """A tempo map stepped as Live steps it: each sixteenth has the tempo of its start.

    Raises ``RefusedError`` ``LIMIT`` where that makes too many segments.
    """
    last = drawn.segments[-1].start_ppq
    starts = np.arange(math.ceil(last / SIXTEENTH_PPQ) + 1, dtype=np.float64) * SIXTEENTH_PPQ
    bpm = drawn.bpm_array(starts)
    changes = np.append(0, np.flatnonzero(np.diff(bpm)) + 1)[: MAX_SEGMENTS + 1]
    steps = zip(starts[changes].tolist(), bpm[changes].tolist(), strict=True)
    return TempoMap([TempoSegment(at, tempo, tempo, TempoLaw.STEP) for at, tempo in steps])


def _main_parameter(live_set: Element, tag: str) -> Parameter | None:
    """The main track's tempo or signature."""
    for track in reversed(tracks_of(live_set)):
        for mixer in track.iter("Mixer"):
            element = mixer.find(tag)
            if element is not None:
                return Parameter((tag,), element)
    return None


def _envelope(live_set: Element, parameter: Parameter | None) -> Envelope:
    if parameter is None:
        return read_envelope(None)
    for track in reversed(tracks_of(live_set)):
        events = events_by_target(track).get(parameter.target_id)
        if events is not None and parameter.target_id:
            return read_envelope(events)
    return read_envelope(parameter.own_events)


def _points(parameter: Parameter | None, envelope: Envelope) -> list[Breakpoint]:
    """What was drawn, else the parameter's own value, else the event before every song."""
    manual = None if parameter is None else parameter.element.find("Manual")
    if envelope.is_drawn or manual is None:
        return from_zero(envelope.points)
    return [Breakpoint(0.0, number(manual, "Value"), Shape.HOLD)]


def _tempo(parameter: Parameter | None, envelope: Envelope, warnings: list[str]) -> TempoMap:
    if envelope.curves:
        warnings.append(curves_cut("Tempo", envelope.curves))
    points = _points(parameter, envelope)
    if points and points[-1].position > MAX_PPQ:
        text = f"a tempo at {points[-1].position:g} quarter notes is too far; at most {MAX_PPQ:g}"
        raise RefusedError(ErrorCode.OUT_OF_RANGE, "Tempo", text)
    return tempo_over_beats(points, "Tempo")


def _meter(parameter: Parameter | None, envelope: Envelope) -> MeterMap:
    """Signatures are one number each: 99 numerators for denominator 1, then 99 for 2, 4, 8, 16."""
    points = _points(parameter, envelope) or [Breakpoint(0.0, 201.0, Shape.HOLD)]
    positions = []
    for point in points:
        power, above = divmod(int(point.value), _SIGNATURES_PER_DENOMINATOR)
        numerator, denominator = above + 1, 2 ** min(max(power, 0), 9)
        check_signature(numerator, denominator, "TimeSignature")
        positions.append((point.position, numerator, denominator))
    return meter_over_beats([(0.0, *positions[0][1:]), *positions])


def _locators(live_set: Element) -> list[Locator]:
    found = []
    for locator in live_set.iter("Locator"):
        time, name = locator.find("Time"), locator.find("Name")
        if time is not None:
            words = "" if name is None else name.get("Value", "")
            found.append(Locator(position(time, "Value"), words))
    return sorted(found, key=lambda locator: locator.ppq)


def _left_out(live_set: Element) -> list[str]:
    clips = sum(1 for tag in _CLIPS for _ in live_set.iter(tag))
    return [f"the notes and audio of {clips} clips are not read"] if clips else []

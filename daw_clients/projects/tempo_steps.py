"""A tempo map as a MIDI file has it: steps of whole microseconds a quarter note, on ticks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.tempo import MAX_BPM, MAX_SEGMENTS, MIN_BPM, TempoLaw, TempoMap, TempoSegment
from daw_clients.projects.smf import MAX_DIVISION

MAX_RAMP_ERROR_SECONDS = 0.0005
"""How far a ramp may be off anywhere between its steps."""
MIN_MICROSECONDS = math.ceil(60e6 / MAX_BPM)
MAX_MICROSECONDS = math.floor(60e6 / MIN_BPM)
_USUAL_DIVISION = 960
_FINE_DIVISION = 15_360
_LARGEST_DENOMINATOR = 16_384

Array = NDArray[np.float64]
Steps = list[tuple[int, int]]
"""(tick, microseconds a quarter note), by tick."""


def division_for(positions: Array) -> tuple[int, bool]:
    """Ticks a quarter note on which all of these positions lie, and whether there are such.

    At least 960. Where no number of ticks does, 15,360: a position is then off by at most
    1/30,720 of a quarter note.
    """
    division = 1
    for part in np.unique(np.round(positions % 1.0, 10)):
        near = Fraction(float(part)).limit_denominator(_LARGEST_DENOMINATOR)
        division = math.lcm(division, near.denominator)
        if division > MAX_DIVISION or abs(float(near) - part) > 1e-9:
            return _FINE_DIVISION, False
    return division * -(-_USUAL_DIVISION // division), True


def whole_steps(tempo: TempoMap, division: int) -> Steps:
    """The map in steps. A step stays one, rounded to the microsecond; a ramp becomes many.

    A ramp's steps are sixteenths, or as much finer as it takes to stay within
    ``MAX_RAMP_ERROR_SECONDS`` everywhere; where a step ends it is off by a microsecond at most.
    Raises ``RefusedError`` (``LIMIT``, field ``tempo``) for more steps than a map holds.
    """
    steps: dict[int, int] = {}
    for segment, end_ppq in _with_ends(tempo):
        start = round(segment.start_ppq * division)
        if end_ppq is None or not is_ramp(segment):
            steps[start] = _microseconds(60e6 / segment.bpm_start)
        else:
            steps.update(_ramp(tempo, start, round(end_ppq * division), division))
        _check_count(len(steps))
    return sorted(steps.items())


def is_ramp(segment: TempoSegment) -> bool:
    """Whether the tempo moves within the segment."""
    return segment.law is not TempoLaw.STEP and segment.bpm_start != segment.bpm_end


def map_of_steps(steps: Steps, division: int) -> TempoMap:
    """The map that a reader of these steps sees. Raises as ``TempoMap`` does."""
    bpms = [(tick / division, 60e6 / microseconds) for tick, microseconds in steps]
    return TempoMap([TempoSegment(ppq, bpm, bpm, TempoLaw.STEP) for ppq, bpm in bpms])


def worst_error(tempo: TempoMap, steps: Steps, division: int, end_ppq: float) -> float:
    """How far the steps are off from the map in seconds, from 0 to ``end_ppq``."""
    edges = np.array([tick / division for tick, _ in steps] + [max(end_ppq, 0.0)], np.float64)
    edges = np.unique(edges)
    at = np.concatenate([edges, (edges[1:] + edges[:-1]) / 2])
    written = map_of_steps(steps, division).seconds_array(at)
    return float(np.max(np.abs(written - tempo.seconds_array(at))))


def _with_ends(tempo: TempoMap) -> list[tuple[TempoSegment, float | None]]:
    ends = [segment.start_ppq for segment in tempo.segments[1:]]
    return list(zip(tempo.segments, [*ends, None], strict=True))


def _ramp(tempo: TempoMap, start: int, end: int, division: int) -> Steps:
    """A ramp's steps: each as long as the map says, rounding errors carried on to the next."""
    edges = _edges(tempo, start, end, division)
    seconds = tempo.seconds_array(np.array(edges, np.float64) / division)
    steps: Steps = []
    written = float(seconds[0])
    for left, right, until in zip(edges, edges[1:], seconds[1:], strict=False):
        quarters = (right - left) / division
        microseconds = _microseconds((float(until) - written) * 1e6 / quarters)
        steps.append((left, microseconds))
        written += microseconds * quarters / 1e6
    return steps


def _edges(tempo: TempoMap, start: int, end: int, division: int) -> Sequence[int]:
    """Where the ramp's steps begin, and its end: sixteenths, halved until they are fine enough."""
    step = max(division // 4, 1)
    while True:
        _check_count((end - start) // step)
        edges = sorted({start, end, *range(-(-start // step) * step, end, step)})
        if step == 1 or _bend(tempo, np.array(edges) / division) <= MAX_RAMP_ERROR_SECONDS:
            return edges
        step = max(step // 2, 1)


def _bend(tempo: TempoMap, edges: Array) -> float:
    """How far the map is from straight between these positions, in seconds."""
    seconds = tempo.seconds_array(edges)
    middles = tempo.seconds_array((edges[1:] + edges[:-1]) / 2)
    return float(np.max(np.abs(middles - (seconds[1:] + seconds[:-1]) / 2), initial=0.0))


def _microseconds(exact: float) -> int:
    return min(max(round(exact), MIN_MICROSECONDS), MAX_MICROSECONDS)


def _check_count(count: int) -> None:
    if count > MAX_SEGMENTS:
        text = f"its ramps need more than {MAX_SEGMENTS} steps; make them shorter"
        raise RefusedError(ErrorCode.LIMIT, "tempo", text)

"""Tempo maps and lanes as the points of a DAWproject: hold, or straight over beats or seconds.

What is neither is thinned to straight pieces.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bridge_protocol.lanes import Anchor, Breakpoint, BreakpointLane, Shape
from bridge_protocol.tempo import TempoLaw, TempoMap, TempoSegment

RAMP_SECONDS = 1e-5
"""How far a ramp over seconds may be off at its end where it is written over beats: half a sample."""
CURVE_SHARE = 1e-3
"""How far straight pieces may be from a curve, as a share of the curve's rise."""
_CURVE_SAMPLES = 256
_MOST_PIECES = 4096
_STRAIGHT = (Shape.HOLD, Shape.LINEAR)

Array = NDArray[np.float64]


@dataclass(frozen=True)
class TempoPoints:
    """A tempo map as points over beats or over seconds; not ``exact`` where ramps were cut."""

    unit: Anchor
    points: tuple[Breakpoint, ...]
    exact: bool


def tempo_points(tempo: TempoMap) -> TempoPoints:
    """The map as points.

    Over beats a ``LINEAR_BEATS`` ramp is exact; a map whose ramps are all ``LINEAR_TIME`` is
    written over seconds, where those are. In a map with both kinds each ``LINEAR_TIME`` ramp is
    cut into as many as 4,096 pieces, straight over beats and right to ``RAMP_SECONDS`` at its end.
    """
    laws = {segment.law for segment in tempo.segments if _ramps(segment)}
    if laws == {TempoLaw.LINEAR_TIME}:
        points = [replace(p, position=tempo.seconds(p.position)) for p in _points(tempo.segments)]
        return TempoPoints(Anchor.SECONDS, tuple(points), True)
    pieces: list[TempoSegment] = []
    for segment, after in zip(tempo.segments, [*tempo.segments[1:], None], strict=True):
        over_time = _ramps(segment) and segment.law is TempoLaw.LINEAR_TIME
        pieces += _pieces(segment, after.start_ppq) if over_time and after else [segment]
    return TempoPoints(Anchor.PPQ, tuple(_points(pieces)), TempoLaw.LINEAR_TIME not in laws)


def lane_points(lane: BreakpointLane, tempo: TempoMap) -> tuple[list[Breakpoint], int]:
    """The lane's points with its curves thinned, and how many stretches were curves."""
    points: list[Breakpoint] = []
    curves = 0
    for point, after in zip(lane.points, [*lane.points[1:], None], strict=True):
        if point.shape in _STRAIGHT or after is None or after.position <= point.position:
            points.append(_straight(point))
        else:
            points += _thinned(lane, point, after, tempo)
            curves += 1
    return points, curves


def _straight(point: Breakpoint) -> Breakpoint:
    """A point with nothing after it to bend to."""
    shape = point.shape if point.shape in _STRAIGHT else Shape.HOLD
    return Breakpoint(point.position, point.value, shape)


def _thinned(
    lane: BreakpointLane, left: Breakpoint, right: Breakpoint, tempo: TempoMap
) -> list[Breakpoint]:
    positions = np.linspace(left.position, right.position, _CURVE_SAMPLES + 1)
    seconds = positions if lane.anchor is Anchor.SECONDS else tempo.seconds_array(positions)
    values = lane.evaluate(tempo, seconds)
    values[0], values[-1] = left.value, right.value
    furthest = CURVE_SHARE * abs(right.value - left.value)
    kept = [0, *_bends(values, 0, _CURVE_SAMPLES, furthest)]
    return [Breakpoint(float(positions[i]), float(values[i]), Shape.LINEAR) for i in kept]


def _bends(values: Array, low: int, high: int, furthest: float) -> list[int]:
    """The places between two others that straight lines must go through."""
    line = np.linspace(values[low], values[high], high - low + 1)
    away = np.abs(values[low : high + 1] - line)
    worst = low + int(np.argmax(away))
    if high - low < 2 or away[worst - low] <= furthest:
        return []
    return [
        *_bends(values, low, worst, furthest),
        worst,
        *_bends(values, worst, high, furthest),
    ]


def _ramps(segment: TempoSegment) -> bool:
    return segment.law is not TempoLaw.STEP and segment.bpm_start != segment.bpm_end


def _points(segments: Sequence[TempoSegment]) -> Iterator[Breakpoint]:
    """A point at each segment's start, and before it one with the tempo that a ramp reaches where
    that is not the tempo it goes on with."""
    before: TempoSegment | None = None
    for segment in segments:
        if before and _ramps(before) and before.bpm_end != segment.bpm_start:
            yield Breakpoint(segment.start_ppq, before.bpm_end, Shape.HOLD)
        shape = Shape.LINEAR if _ramps(segment) else Shape.HOLD
        yield Breakpoint(segment.start_ppq, segment.bpm_start, shape)
        before = segment


def _pieces(ramp: TempoSegment, end_ppq: float) -> list[TempoSegment]:
    """A ramp over seconds as few ramps over beats as come close enough."""
    length = end_ppq - ramp.start_ppq
    exact = 120.0 * length / (ramp.bpm_start + ramp.bpm_end)
    count = 1
    while True:
        pieces = _cut_ramp(ramp, end_ppq, count)
        stop = TempoSegment(length, ramp.bpm_end, ramp.bpm_end, TempoLaw.STEP)
        moved = [replace(piece, start_ppq=piece.start_ppq - ramp.start_ppq) for piece in pieces]
        off = abs(TempoMap([*moved, stop]).seconds(length) - exact)
        if off <= RAMP_SECONDS or count >= _MOST_PIECES:
            return pieces
        count *= 2


def _cut_ramp(ramp: TempoSegment, end_ppq: float, count: int) -> list[TempoSegment]:
    """Pieces in each of which the tempo grows by the same factor: so all are off by the same
    share, a twelfth of that growth's square."""
    bpm = np.geomspace(ramp.bpm_start, ramp.bpm_end, count + 1)
    share = (bpm - bpm[0]) * (bpm + bpm[0]) / ((bpm[-1] - bpm[0]) * (bpm[-1] + bpm[0]))
    starts = (1.0 - share) * ramp.start_ppq + share * end_ppq
    rows = zip(starts[:-1].tolist(), bpm[:-1].tolist(), bpm[1:].tolist(), strict=True)
    return [TempoSegment(at, b0, b1, TempoLaw.LINEAR_BEATS) for at, b0, b1 in rows]

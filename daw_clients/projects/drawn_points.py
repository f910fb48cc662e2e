"""What a project file draws as points, as tempo and meter maps and as the points of lanes.

A point is a ``Breakpoint`` whose shape is ``HOLD`` or ``LINEAR``, its position in quarter notes
or in seconds. Two points at one position are a jump.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise

from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.lanes import Breakpoint, Shape
from bridge_protocol.meter import TICK_PPQ, MeterMap
from bridge_protocol.tempo import (
    MIN_SEGMENT_PPQ,
    TempoLaw,
    TempoMap,
    TempoSegment,
    check_bpm,
)

MIN_SEGMENT_SECONDS = 3e-6
"""The least distance of two tempi in seconds: ``MIN_SEGMENT_PPQ`` at the slowest tempo."""


def check_order(points: Sequence[Breakpoint], field: str) -> None:
    """Refuse (``BAD_ORDER``) points whose positions decrease."""
    for before, after in pairwise(points):
        if after.position < before.position:
            text = f"a point at {after.position:g} follows one at {before.position:g}; sort them"
            raise RefusedError(ErrorCode.BAD_ORDER, field, text)


def value_at(points: Sequence[Breakpoint], position: float) -> float:
    """The value there; at a jump the later one. Before the first and after the last it holds."""
    before = [point for point in points if point.position <= position]
    if not before:
        return points[0].value
    left = before[-1]
    if left.shape is Shape.HOLD or len(before) == len(points):
        return left.value
    right = points[len(before)]
    share = (position - left.position) / (right.position - left.position)
    return (1.0 - share) * left.value + share * right.value


def cut(points: Sequence[Breakpoint], start: float, end: float) -> list[Breakpoint]:
    """The points as heard from ``start`` to ``end``: from the value at ``start`` to the value
    that is reached at ``end``, where it then holds."""
    inside = [point for point in points if start < point.position < end]
    first = Breakpoint(start, value_at(points, start), _shape_at(points, start))
    heard = [first, *inside]
    if _shape_at(points, heard[-1].position) is Shape.LINEAR:
        after = next(point for point in points if point.position > heard[-1].position)
        share = (end - heard[-1].position) / (after.position - heard[-1].position)
        last = (1.0 - share) * heard[-1].value + share * after.value
        return [*heard, Breakpoint(end, last, Shape.HOLD)]
    return [*heard[:-1], replace(heard[-1], shape=Shape.HOLD)]


def from_zero(points: Sequence[Breakpoint]) -> list[Breakpoint]:
    """The points from position 0 on; where one lies before, there is one at 0 with the value that
    is reached there."""
    if not points or points[0].position >= 0.0:
        return list(points)
    later = [point for point in points if point.position > 0.0]
    return [Breakpoint(0.0, value_at(points, 0.0), _shape_at(points, 0.0)), *later]


def tempo_over_beats(points: Sequence[Breakpoint], field: str) -> TempoMap:
    """The tempo drawn over quarter notes: ``LINEAR`` is ``LINEAR_BEATS``, ``HOLD`` is ``STEP``, and
    so is a line between equal tempi.

    Before the first point its tempo holds. Raises ``RefusedError``: ``BAD_FIELD`` for no point,
    ``BAD_ORDER``, ``NOT_FINITE``, ``OUT_OF_RANGE``, ``LIMIT``.
    """
    knots = _knots(points, MIN_SEGMENT_PPQ, field)
    starts = [knot.position for knot in knots]
    return TempoMap(_segments(knots, starts, TempoLaw.LINEAR_BEATS))


def tempo_over_seconds(points: Sequence[Breakpoint], field: str) -> TempoMap:
    """The tempo drawn over seconds: ``HOLD`` is ``STEP``, ``LINEAR`` is ``LINEAR_TIME``.

    Else as ``tempo_over_beats``.
    """
    knots = _knots(points, MIN_SEGMENT_SECONDS, field)
    starts = [0.0]
    for knot, after in pairwise(knots):
        bpm = (knot.leaves + (after.enters if knot.ramps else knot.leaves)) / 2
        starts.append(starts[-1] + bpm * (after.position - knot.position) / 60.0)
    return TempoMap(_segments(knots, starts, TempoLaw.LINEAR_TIME))


def meter_over_beats(changes: Sequence[tuple[float, int, int]]) -> MeterMap:
    """Signatures as ``(ppq, numerator, denominator)`` in the file's order, the first at 0.

    Of several at one place the last counts. Raises as ``MeterMap.from_positions`` does.
    """
    kept: list[tuple[Fraction, int, int]] = []
    for ppq, numerator, denominator in changes:
        at = Fraction(ppq)
        if kept and abs(at - kept[-1][0]) <= TICK_PPQ:
            at = kept.pop()[0]
        kept.append((at, numerator, denominator))
    return MeterMap.from_positions(kept)


@dataclass(frozen=True)
class _Knot:
    """One or more points at one position: the tempo that is reached, and the one it goes on with."""

    position: float
    enters: float
    leaves: float
    ramps: bool


def _knots(points: Sequence[Breakpoint], least: float, field: str) -> list[_Knot]:
    if not points:
        raise RefusedError(ErrorCode.BAD_FIELD, field, "there is no tempo; set one and save again")
    check_order(points, field)
    for index, point in enumerate(points):
        check_bpm(point.value, f"{field}[{index}]")
    knots: list[_Knot] = []
    for point in _with_start(from_zero(points)):
        ramps = point.shape is Shape.LINEAR
        if knots and point.position - knots[-1].position < least:
            knots[-1] = replace(knots[-1], leaves=point.value, ramps=ramps)
        else:
            knots.append(_Knot(point.position, point.value, point.value, ramps))
    return knots


def _with_start(points: list[Breakpoint]) -> list[Breakpoint]:
    if points[0].position <= 0.0:
        return points
    return [Breakpoint(0.0, points[0].value, Shape.HOLD), *points]


def _segments(knots: list[_Knot], starts: list[float], ramp: TempoLaw) -> list[TempoSegment]:
    segments = []
    for index, (knot, start) in enumerate(zip(knots, starts, strict=True)):
        is_last = index + 1 == len(knots)
        end = knots[index + 1].enters if knot.ramps and not is_last else knot.leaves
        law = TempoLaw.STEP if end == knot.leaves else ramp
        segments.append(TempoSegment(start, knot.leaves, end, law))
    return segments


def _shape_at(points: Sequence[Breakpoint], position: float) -> Shape:
    """The shape of the stretch that starts at or goes through a position."""
    before = [point for point in points if point.position <= position]
    if not before or len(before) == len(points):
        return Shape.HOLD
    return before[-1].shape

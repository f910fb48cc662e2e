"""A file's lane as values of one of the bridge's parameters.

In this order: a fader's gain factors become decibels for a parameter in decibels, and decibels
stay decibels. A range that the file states, or its unit (normalized is 0 to 1, percent 0 to 100),
is laid on the parameter's range in a straight line, which changes nothing where the two are the
same. Without a range, values stay as they are if all lie within the parameter's. What ends up
outside is moved to the range's end, and counted.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice, pairwise

import numpy as np

from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.lanes import MAX_POINTS, Anchor, Breakpoint, BreakpointLane, Shape
from bridge_protocol.parameters import Law, ParameterSpec
from bridge_protocol.tempo import TempoMap
from daw_clients.projects.project import ProjectLane

PIECES = 32
"""Into how many straight pieces a fader's line is cut that is straight in gain, not in decibels."""
FADERS = frozenset(("Volume", "Volume (Pre-FX)", "Trim Volume"))
"""What faders are called whose values are gain factors: in REAPER, Live and DAWproject alike."""

_MIXER = "Mixer"
_UNIT_RANGES = {"normalized": (0.0, 1.0), "percent": (0.0, 100.0)}
_SAME = 1e-6  # of a range: hosts keep their ranges in single precision
_Values = Callable[[float], float]


@dataclass(frozen=True)
class ScaledLane:
    """A lane in a parameter's own unit. ``how`` tells a person what became of its values, and
    ``outside`` counts the points that were moved to the range's end."""

    lane: BreakpointLane
    how: str
    outside: int


def scaled_lane(
    lane: ProjectLane, spec: ParameterSpec, tempo: TempoMap, field: str = "lane"
) -> ScaledLane:
    """The lane's values as ``spec`` has them, all within its range; positions stay.

    Raises ``RefusedError`` ``OUT_OF_RANGE`` where the file states no range and its values lie
    outside the parameter's, ``LIMIT`` where a fader's line has too many points.
    """
    if spec.law is Law.DECIBEL and _is_fader(lane):
        return _within(_in_decibels(lane.lane, spec, tempo), spec, "gain factors, as decibels")
    if spec.law is Law.DECIBEL and lane.unit == "decibel":
        return _within(lane.lane, spec, "decibels, as they are")
    stated = _range_of(lane)
    if stated is None:
        _check_inside(lane, spec, field)
        return _within(lane.lane, spec, "as it is")
    low, high = stated
    if _is_own(low, high, spec):
        return _within(lane.lane, spec, "as it is")
    factor = (spec.maximum - spec.minimum) / (high - low)
    moved = _mapped(lane.lane, lambda value: spec.minimum + (value - low) * factor)
    return _within(moved, spec, f"{low:g} to {high:g} as {spec.minimum:g} to {spec.maximum:g}")


def _is_fader(lane: ProjectLane) -> bool:
    of_track = len(lane.path) == 2 or lane.path[-2:-1] == (_MIXER,)
    return lane.parameter in FADERS and of_track and lane.unit in ("", "linear")


def _range_of(lane: ProjectLane) -> tuple[float, float] | None:
    """What the file states, filled up with what its unit says; None where that is no range."""
    low, high = _UNIT_RANGES.get(lane.unit, (None, None))
    low = low if lane.minimum is None else lane.minimum
    high = high if lane.maximum is None else lane.maximum
    return (low, high) if low is not None and high is not None and low < high else None


def _is_own(low: float, high: float, spec: ParameterSpec) -> bool:
    close = _SAME * (spec.maximum - spec.minimum)
    return abs(low - spec.minimum) <= close and abs(high - spec.maximum) <= close


def _check_inside(lane: ProjectLane, spec: ParameterSpec, field: str) -> None:
    values = [point.value for point in lane.lane.points]
    if spec.minimum <= min(values) and max(values) <= spec.maximum:
        return
    text = (
        f"{lane.name} goes from {min(values):g} to {max(values):g}, and the file states no range "
        f"to scale it from; {spec.name} takes {spec.minimum:g} to {spec.maximum:g}"
    )
    raise RefusedError(ErrorCode.OUT_OF_RANGE, field, text)


def _mapped(lane: BreakpointLane, values: _Values) -> BreakpointLane:
    points = [replace(point, value=values(point.value)) for point in lane.points]
    return BreakpointLane(points, lane.anchor)


def _within(lane: BreakpointLane, spec: ParameterSpec, how: str) -> ScaledLane:
    inside = _mapped(lane, lambda value: min(max(value, spec.minimum), spec.maximum))
    close = _SAME * (spec.maximum - spec.minimum)
    pairs = zip(lane.points, inside.points, strict=True)
    outside = sum(abs(before.value - after.value) > close for before, after in pairs)
    return ScaledLane(inside, how, outside)


def _in_decibels(lane: BreakpointLane, spec: ParameterSpec, tempo: TempoMap) -> BreakpointLane:
    """Silence is the parameter's minimum; lines are cut, for in decibels they are bent."""
    points = [
        replace(point, value=_decibels(point.value, spec.minimum))
        for point in _cut_lines(lane, tempo)
    ]
    return BreakpointLane(points, lane.anchor)


def _decibels(gain: float, silence: float) -> float:
    return max(20.0 * math.log10(gain), silence) if gain > 0.0 else silence


def _cut_lines(lane: BreakpointLane, tempo: TempoMap) -> Iterator[Breakpoint]:
    """The points, with further ones in every stretch that moves without a step."""
    pieces = max(1, min(PIECES, MAX_POINTS // len(lane.points)))
    moving = [(a, b) for a, b in pairwise(lane.points) if _moves(a, b)]
    inner = iter(_inside(lane, tempo, moving, pieces))
    for point, after in zip(lane.points, [*lane.points[1:], None], strict=True):
        shape = Shape.HOLD if point.shape is Shape.HOLD else Shape.LINEAR
        yield Breakpoint(point.position, point.value, shape)
        if after is not None and _moves(point, after):
            yield from islice(inner, pieces - 1)


def _moves(point: Breakpoint, after: Breakpoint) -> bool:
    is_line = point.shape is not Shape.HOLD and after.position > point.position
    return is_line and after.value != point.value


def _inside(
    lane: BreakpointLane,
    tempo: TempoMap,
    stretches: Sequence[tuple[Breakpoint, Breakpoint]],
    pieces: int,
) -> Iterator[Breakpoint]:
    """The places between the pieces of every stretch, with the lane's values there."""
    ends = np.array([(a.position, b.position) for a, b in stretches]).reshape(-1, 2)
    positions = np.linspace(ends[:, 0], ends[:, 1], pieces + 1, axis=1)[:, 1:-1].ravel()
    in_ppq = lane.anchor is Anchor.PPQ
    values = lane.evaluate(tempo, tempo.seconds_array(positions) if in_ppq else positions)
    for position, value in zip(positions.tolist(), values.tolist(), strict=True):
        yield Breakpoint(position, value, Shape.LINEAR)

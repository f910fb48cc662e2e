"""Lanes: a parameter's value over song time, from breakpoints or from frames.

Spec: "Musical time", "Lanes". Every client evaluates lanes by these rules, so that what a
host draws is what the engine hears.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bridge_protocol import curves
from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.tempo import TempoMap

MAX_POINTS = 65_536
MAX_FRAMES = 1_048_576
"""The most frames one sampled lane holds: 11.6 hours at 25 frames a second."""
MAX_POSITION = 1e9
"""How far from 0 a position or a start may be, in its own unit."""
MIN_RATE_HZ = 1.0
MAX_RATE_HZ = 1_000.0
SNAP_SECONDS = 1e-9
"""A time this close to a breakpoint or a frame is on it."""

Array = NDArray[np.float64]


class Lane(Protocol):
    """Anything that has a value at every second of a song."""

    def evaluate(self, tempo: TempoMap, seconds: Array) -> Array:
        """The lane's value at each of ``seconds`` (any order, finite), as float64."""
        ...


class Shape(StrEnum):
    """The curve from one breakpoint to the next; the formulas are in :mod:`.curves`.

    The points of a REAPER envelope number them 0 linear, 1 hold, 2 smooth, 3 fast start, 4 fast
    end, 5 bezier. Exponential is a straight line over the value's logarithm; where two values are
    not of one sign, or one is 0, it is linear.
    """

    HOLD = "hold"
    LINEAR = "linear"
    SMOOTH = "smooth"
    FAST_START = "fast_start"
    FAST_END = "fast_end"
    EXPONENTIAL = "exponential"
    BEZIER = "bezier"


class Anchor(StrEnum):
    """What a breakpoint's position is measured in: it moves with the tempo map, or it doesn't."""

    PPQ = "ppq"
    SECONDS = "seconds"


@dataclass(frozen=True)
class Breakpoint:
    """A value at a position; ``shape`` is for the stretch from here to the next point.

    ``tension``, -1 to 1, is read by bezier only: 1 comes as late as it can, -1 as early, and 0
    is a smooth line through the neighbouring points, straight where there are none.
    """

    position: float
    value: float
    shape: Shape = Shape.LINEAR
    tension: float = 0.0


class BreakpointLane:
    """A lane drawn as points, each with the shape of the stretch that follows it.

    Linear means linear in the anchor's own unit, and so with every shape. Before the first point
    its value holds, after the last its value holds. Two points at one position are a jump, and
    the later one is the value there. At a point's own time (``tempo.seconds(position)``, to 1 ns)
    the result is the point's value, bit for bit; between two points it goes from the one to the
    other, never back and never out of their range. Points may lie beyond the song's end.
    Immutable, equal and hashed by points and anchor. Thread-safe.

    Raises ``RefusedError``: ``WRONG_LENGTH`` for no point, ``LIMIT`` for more than
    ``MAX_POINTS``, ``NOT_FINITE``, ``OUT_OF_RANGE`` for a position beyond ``MAX_POSITION`` or a
    tension beyond 1, ``BAD_ORDER`` for positions that decrease.
    """

    __slots__ = ("_anchor", "_bends", "_holds", "_points", "_positions", "_values")

    def __init__(self, points: Sequence[Breakpoint], anchor: Anchor) -> None:
        self._points = tuple(points)
        self._anchor = anchor
        _check_points(self._points)
        self._positions = np.array([p.position for p in self._points], np.float64)
        self._values = np.array([p.value for p in self._points], np.float64)
        self._holds = np.array([p.shape == Shape.HOLD for p in self._points], np.bool_)
        self._bends = _bends_of(self._points, self._positions, self._values)

    @property
    def points(self) -> tuple[Breakpoint, ...]:
        """The points as given."""
        return self._points

    @property
    def anchor(self) -> Anchor:
        """The unit of the points' positions."""
        return self._anchor

    def evaluate(self, tempo: TempoMap, seconds: Array) -> Array:
        """The lane's value at each of ``seconds``, as float64."""
        at = np.asarray(seconds, np.float64)
        if self._anchor == Anchor.SECONDS:
            return self._knots(self._positions).curve(at, at)
        return self._knots(tempo.seconds_array(self._positions)).curve(at, tempo.ppq_array(at))

    def _knots(self, times: Array) -> _Knots:
        return _Knots(times, self._positions, self._values, self._holds, self._bends)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, BreakpointLane):
            return False
        return (self._points, self._anchor) == (other._points, other._anchor)

    def __hash__(self) -> int:
        return hash((self._points, self._anchor))

    def __repr__(self) -> str:
        return f"BreakpointLane({list(self._points)!r}, {self._anchor!r})"


class SampledLane:
    """A lane given as frames at a fixed rate from ``start_seconds`` on; a tempo edit leaves it.

    Linear from frame to frame, held before the first and after the last. Immutable, thread-safe.

    Raises ``RefusedError``: ``WRONG_LENGTH`` for no frame or frames that are not one row,
    ``LIMIT`` for more than ``MAX_FRAMES``, ``NOT_FINITE``, ``OUT_OF_RANGE`` for a rate outside
    1..1000 Hz or a start beyond ``MAX_POSITION``.
    """

    __slots__ = ("_rate_hz", "_times", "_values")

    def __init__(self, start_seconds: float, rate_hz: float, values: ArrayLike) -> None:
        frames = np.array(values, np.float64)
        _check_frames(start_seconds, rate_hz, frames)
        self._hold_frames(rate_hz, start_seconds + np.arange(frames.size) / rate_hz, frames)

    @property
    def rate_hz(self) -> float:
        """Frames a second."""
        return self._rate_hz

    @property
    def start_seconds(self) -> float:
        """The first frame's time."""
        return float(self._times[0])

    @property
    def end_seconds(self) -> float:
        """One frame after the last frame's time: the range is up to here."""
        return float(self._times[-1]) + 1.0 / self._rate_hz

    @property
    def times(self) -> Array:
        """Every frame's time in seconds, increasing; read-only."""
        return self._times

    @property
    def values(self) -> Array:
        """Every frame's value; read-only."""
        return self._values

    @property
    def holds(self) -> NDArray[np.bool_]:
        """The frames whose value holds up to the next: those before a gap, and the last."""
        gaps = np.diff(self._times) * self._rate_hz >= 2.0 - 1e-6
        return np.append(gaps, True)

    def replaced(self, other: SampledLane, *, onwards: bool = False) -> SampledLane:
        """This lane with ``other`` written over its range, from its first frame to its end.

        ``onwards``: what this lane has after that goes too, so that ``other``'s last value holds.
        Where the two leave a gap that a frame would fit in, the earlier value holds through it.
        Doing it twice is the same as once. Raises ``RefusedError``: ``BAD_FIELD`` where the
        rates differ, ``LIMIT`` where the result is longer than ``MAX_FRAMES``.
        """
        if other.rate_hz != self.rate_hz:
            text = f"this lane runs at {self.rate_hz:g} Hz; write it at that rate, or clear it"
            raise RefusedError(ErrorCode.BAD_FIELD, "rate_hz", text)
        before = self._times < other.start_seconds - SNAP_SECONDS
        after = self._times >= (math.inf if onwards else other.end_seconds - SNAP_SECONDS)
        times = np.concatenate([self._times[before], other._times, self._times[after]])
        values = np.concatenate([self._values[before], other._values, self._values[after]])
        _check_frame_count(times.size)
        new = SampledLane.__new__(SampledLane)
        new._hold_frames(self._rate_hz, times, values)
        return new

    def evaluate(self, tempo: TempoMap, seconds: Array) -> Array:
        """The lane's value at each of ``seconds``, as float64; ``tempo`` changes nothing."""
        at = np.asarray(seconds, np.float64)
        return _Knots(self._times, self._times, self._values, self.holds).curve(at, at)

    def _hold_frames(self, rate_hz: float, times: Array, values: Array) -> None:
        self._rate_hz, self._times, self._values = rate_hz, times, values
        times.flags.writeable = values.flags.writeable = False

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SampledLane):
            return False
        same_times = np.array_equal(self._times, other._times)
        return (
            same_times
            and self._rate_hz == other._rate_hz
            and np.array_equal(self._values, other._values)
        )

    def __hash__(self) -> int:
        return hash((self._rate_hz, self._times.tobytes(), self._values.tobytes()))


_RISES: Mapping[Shape, Callable[[Array], Array]] = {
    Shape.SMOOTH: curves.smooth,
    Shape.FAST_START: curves.fast_start,
    Shape.FAST_END: curves.fast_end,
}


@dataclass(frozen=True)
class _Bend:
    """One curved shape of a lane and the knots it starts ``here``."""

    shape: Shape
    here: NDArray[np.bool_]

    def values(self, u: Array, left: NDArray[np.intp], a: Array, b: Array) -> Array:
        """The values at ``u`` of the way from ``a``, at knot ``left``, to ``b``."""
        if self.shape is Shape.EXPONENTIAL:
            return curves.exponential(u, a, b)
        return _blend(self.rise(u, left), a, b)

    def rise(self, u: Array, left: NDArray[np.intp]) -> Array:
        return _RISES[self.shape](u)


@dataclass(frozen=True)
class _BezierBend(_Bend):
    """A bend with each knot's tension and the handles of the stretch that it starts."""

    tension: Array
    first: Array
    second: Array

    def rise(self, u: Array, left: NDArray[np.intp]) -> Array:
        return curves.bezier(u, self.tension[left], self.first[left], self.second[left])


@dataclass(frozen=True)
class _Knots:
    """The one evaluator: knots are found by ``times``, stretches are drawn over ``positions``."""

    times: Array
    positions: Array
    values: Array
    holds: NDArray[np.bool_]
    bends: tuple[_Bend, ...] = ()

    def curve(self, at: Array, x: Array) -> Array:
        """The value at each time ``at``, whose place in the unit of ``positions`` is ``x``."""
        knot = np.searchsorted(self.times, at + SNAP_SECONDS, side="right") - 1
        left = np.maximum(knot, 0)
        right = np.minimum(left + 1, self.times.size - 1)
        still = (knot < 0) | (left == right) | self.holds[left]
        on_knot = at <= self.times[left] + SNAP_SECONDS
        ratio = np.where(still | on_knot, 0.0, self._ratio(x, left, right))
        a, b = self.values[left], self.values[right]
        blend = np.asarray(_blend(ratio, a, b))
        for bend in self.bends:
            rows = bend.here[left] & (ratio > 0.0)
            blend[rows] = bend.values(ratio[rows], left[rows], a[rows], b[rows])
        return np.asarray(np.clip(blend, np.minimum(a, b), np.maximum(a, b)))

    def _ratio(self, x: Array, left: NDArray[np.intp], right: NDArray[np.intp]) -> Array:
        """How far ``x`` is from one knot to the next, 0 to 1."""
        start = self.positions[left]
        width = self.positions[right] - start
        return np.asarray(np.clip(x - start, 0.0, width) / np.where(width > 0.0, width, 1.0))


def _blend(ratio: Array, a: Array, b: Array) -> Array:
    return (1.0 - ratio) * a + ratio * b


def _bends_of(points: tuple[Breakpoint, ...], positions: Array, values: Array) -> tuple[_Bend, ...]:
    """The curved shapes that these points have, and only those."""
    shapes = np.array([str(point.shape) for point in points])
    bends = [_Bend(shape, shapes == shape) for shape in _RISES if shape in shapes]
    if Shape.EXPONENTIAL in shapes:
        signs = np.sign(values)
        of_one_sign = np.append(signs[1:] * signs[:-1] > 0.0, False)
        bends.append(_Bend(Shape.EXPONENTIAL, of_one_sign & (shapes == Shape.EXPONENTIAL)))
    if Shape.BEZIER in shapes:
        tensions = np.array([point.tension for point in points], np.float64)
        handles = curves.bezier_handles(positions, values)
        bends.append(_BezierBend(Shape.BEZIER, shapes == Shape.BEZIER, tensions, *handles))
    return tuple(bends)


def _check_points(points: tuple[Breakpoint, ...]) -> None:
    if not points:
        text = "a lane needs a point; give one, or clear the lane"
        raise RefusedError(ErrorCode.WRONG_LENGTH, "points", text)
    if len(points) > MAX_POINTS:
        text = f"{len(points)} points are too many for a lane; give at most {MAX_POINTS}"
        raise RefusedError(ErrorCode.LIMIT, "points", text)
    for index, point in enumerate(points):
        _check_place(point.position, f"points[{index}].position")
        _check_finite(point.value, f"points[{index}].value")
        _check_tension(point.tension, f"points[{index}].tension")
        if index > 0 and point.position < points[index - 1].position:
            text = f"a point at {point.position:g} follows one at {points[index - 1].position:g}; sort them"
            raise RefusedError(ErrorCode.BAD_ORDER, f"points[{index}].position", text)


def _check_frames(start_seconds: float, rate_hz: float, values: Array) -> None:
    _check_place(start_seconds, "start_seconds")
    _check_finite(rate_hz, "rate_hz")
    if not MIN_RATE_HZ <= rate_hz <= MAX_RATE_HZ:
        text = (
            f"{rate_hz:g} frames a second is out of range; give {MIN_RATE_HZ:g} to {MAX_RATE_HZ:g}"
        )
        raise RefusedError(ErrorCode.OUT_OF_RANGE, "rate_hz", text)
    if values.ndim != 1 or values.size == 0:
        text = "a lane's frames are one row of at least one number; give that"
        raise RefusedError(ErrorCode.WRONG_LENGTH, "values", text)
    _check_frame_count(values.size)
    bad = np.flatnonzero(~np.isfinite(values))
    if bad.size:
        _check_finite(float(values[bad[0]]), f"values[{bad[0]}]")


def _check_frame_count(count: int) -> None:
    if count > MAX_FRAMES:
        text = f"{count} frames are too many for a lane; give at most {MAX_FRAMES}"
        raise RefusedError(ErrorCode.LIMIT, "values", text)


def _check_place(position: float, field: str) -> None:
    _check_finite(position, field)
    if abs(position) > MAX_POSITION:
        text = f"{position:g} is too far from the song's start; give at most {MAX_POSITION:g}"
        raise RefusedError(ErrorCode.OUT_OF_RANGE, field, text)


def _check_tension(tension: float, field: str) -> None:
    _check_finite(tension, field)
    if abs(tension) > 1.0:
        text = f"a tension of {tension:g} is out of range; give -1 to 1"
        raise RefusedError(ErrorCode.OUT_OF_RANGE, field, text)


def _check_finite(number: float, field: str) -> None:
    if not math.isfinite(number):
        text = f"{number} is not a value a lane can have; give a finite number"
        raise RefusedError(ErrorCode.NOT_FINITE, field, text)

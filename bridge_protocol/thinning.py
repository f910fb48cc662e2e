"""Sampled lanes as few breakpoints: the way back from frames to points.

Ramer, Douglas and Peucker's method, over the vertical distance: what counts is how far a value
is off, not how far a drawn line is.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.lanes import (
    MAX_POINTS,
    Anchor,
    Array,
    Breakpoint,
    BreakpointLane,
    SampledLane,
    Shape,
)
from bridge_protocol.tempo import TempoMap


def breakpoints_of(
    lane: SampledLane, tolerance: float, tempo: TempoMap | None = None
) -> BreakpointLane:
    """The lane as linear points, at every frame within ``tolerance`` of the frame's value.

    In seconds, or, given ``tempo``, in quarter notes: then it is within the tolerance at every
    frame as long as the map stays. Every point is one of the frames, first and last among them,
    and the frame before a gap holds. A tolerance of 0 leaves out only what is on its line to the
    last bit.

    Raises ``RefusedError``: ``NOT_FINITE`` or ``OUT_OF_RANGE`` for a tolerance that is no number
    from 0 up, ``LIMIT`` where more than ``MAX_POINTS`` points are left, ``OUT_OF_RANGE`` for
    frames beyond ``MAX_POSITION``.
    """
    _check_tolerance(tolerance)
    positions = lane.times if tempo is None else tempo.ppq_array(lane.times)
    holds = lane.holds
    kept = _kept(positions, lane.values, np.flatnonzero(holds) + 1, tolerance)
    points = [
        Breakpoint(float(positions[row]), float(lane.values[row]), _shape(holds[row]))
        for row in kept
    ]
    return BreakpointLane(points, Anchor.SECONDS if tempo is None else Anchor.PPQ)


def _shape(holds: bool | np.bool_) -> Shape:
    return Shape.HOLD if holds else Shape.LINEAR


def _kept(x: Array, y: Array, ends: NDArray[np.intp], tolerance: float) -> list[int]:
    """The rows to keep of runs that end before each of ``ends``."""
    kept: set[int] = set()
    spans = []
    for first, end in pairwise([0, *ends.tolist()]):
        kept.update((first, end - 1))
        spans.append((first, end - 1))
    while spans:
        first, last = spans.pop()
        row = _farthest(x, y, first, last, tolerance)
        if row is not None:
            kept.add(row)
            spans += [(first, row), (row, last)]
        _check_count(len(kept), tolerance)
    return sorted(kept)


def _farthest(x: Array, y: Array, first: int, last: int, tolerance: float) -> int | None:
    """The row that is farthest from the line between two rows, if that is too far."""
    if last - first < 2:
        return None
    inside = slice(first + 1, last)
    ratio = (x[inside] - x[first]) / (x[last] - x[first])
    off = np.abs((1.0 - ratio) * y[first] + ratio * y[last] - y[inside])
    worst = int(np.argmax(off))
    return first + 1 + worst if off[worst] > tolerance else None


def _check_count(count: int, tolerance: float) -> None:
    if count > MAX_POINTS:
        text = (
            f"more than {MAX_POINTS} points are left at a tolerance of {tolerance:g}; "
            "give a greater one"
        )
        raise RefusedError(ErrorCode.LIMIT, "tolerance", text)


def _check_tolerance(tolerance: float) -> None:
    if not np.isfinite(tolerance):
        text = f"{tolerance} is not a distance between values; give a finite number"
        raise RefusedError(ErrorCode.NOT_FINITE, "tolerance", text)
    if tolerance < 0.0:
        text = f"a tolerance of {tolerance:g} is out of range; give 0 or more"
        raise RefusedError(ErrorCode.OUT_OF_RANGE, "tolerance", text)

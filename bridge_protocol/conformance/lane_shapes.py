"""The lanes whose values every client checks itself against: each shape, alone and together."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bridge_protocol.lanes import Anchor, Array, Breakpoint, BreakpointLane, Shape
from bridge_protocol.tempo import TempoLaw, TempoMap, TempoSegment

TENSIONS = (-1.0, -0.5, 0.0, 0.5, 1.0)
_STEADY = TempoMap.constant(120.0)
_RAMPS = TempoMap(
    [
        TempoSegment(0.0, 120.0, 60.0, TempoLaw.LINEAR_TIME),
        TempoSegment(8.0, 60.0, 150.0, TempoLaw.LINEAR_BEATS),
        TempoSegment(20.0, 90.0, 90.0, TempoLaw.STEP),
    ]
)


class ShapeCase(NamedTuple):
    """A lane under a tempo map, and the seconds at which it is looked at."""

    name: str
    lane: BreakpointLane
    tempo: TempoMap
    seconds: Array


def shape_cases() -> list[ShapeCase]:
    """All of them, in a fixed order."""
    return [*_plain(), *_exponentials(), *_beziers(), *_ramps(), *_jumps()]


def _case(
    name: str, points: list[Breakpoint], anchor: Anchor = Anchor.SECONDS, tempo: TempoMap = _STEADY
) -> ShapeCase:
    """Looked at evenly from before the first point to after the last, and at each point."""
    lane = BreakpointLane(points, anchor)
    positions = np.array([point.position for point in points])
    own = tempo.seconds_array(positions) if anchor is Anchor.PPQ else positions
    evenly = np.linspace(own[0] - 0.25, own[-1] + 0.25, 30)
    return ShapeCase(name, lane, tempo, np.unique(np.concatenate([evenly, own])))


def _run(shape: Shape, *values: float, tension: float = 0.0) -> list[Breakpoint]:
    """A point a second, each of this shape."""
    return [Breakpoint(float(i), value, shape, tension) for i, value in enumerate(values)]


def _plain() -> list[ShapeCase]:
    shapes = (Shape.SMOOTH, Shape.FAST_START, Shape.FAST_END)
    return [_case(shape.value, _run(shape, 0.2, 0.9, -0.4)) for shape in shapes]


def _exponentials() -> list[ShapeCase]:
    values = {
        "exponential": (20.0, 20_000.0, 35.0),
        "exponential_below_zero": (-0.001, -4.0, -3.0),
        "exponential_to_zero_is_linear": (0.5, 0.0, 0.25),
        "exponential_through_zero_is_linear": (-0.5, 1.0, -2.0),
    }
    return [_case(name, _run(Shape.EXPONENTIAL, *row)) for name, row in values.items()]


def _beziers() -> list[ShapeCase]:
    values = {
        "bezier_alone": (0.1, 0.8),
        "bezier_among_neighbours": (0.5, 0.2, 0.9, 0.6),
        "bezier_between_steep_neighbours": (-9.0, 0.2, 0.4, 30.0),
    }
    return [
        _case(f"{name}_{tension:+g}", _run(Shape.BEZIER, *row, tension=tension))
        for name, row in values.items()
        for tension in TENSIONS
    ]


def _ramps() -> list[ShapeCase]:
    rows = [
        Breakpoint(float(3 * i), 0.25 + 0.5 * (i % 2), shape, 0.3) for i, shape in enumerate(Shape)
    ]
    return [
        _case("every_shape_in_ppq_under_ramps", rows, Anchor.PPQ, _RAMPS),
        _case("every_shape_in_seconds_under_ramps", rows, Anchor.SECONDS, _RAMPS),
    ]


def _jumps() -> list[ShapeCase]:
    return [
        _case(
            f"{shape.value}_between_jumps",
            [
                Breakpoint(0.0, 2.0, shape),
                Breakpoint(1.0, 1.0, shape, 0.25),
                Breakpoint(1.0, 4.0, shape, 0.25),
                Breakpoint(2.0, 1.5, shape, 0.25),
                Breakpoint(2.0, 3.0, shape),
            ],
        )
        for shape in (Shape.LINEAR, Shape.EXPONENTIAL, Shape.BEZIER)
    ]

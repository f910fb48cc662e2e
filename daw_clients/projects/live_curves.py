"""The events of one Live automation envelope, as points.

Live draws straight lines between ``FloatEvent``s and holds ``BoolEvent``s and ``EnumEvent``s. An
event with ``CurveControl1X`` to ``CurveControl2Y`` bends the stretch that starts at it: a cubic
curve whose two controls are given in the rectangle from this event to the next.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from bridge_protocol.lanes import Breakpoint, Shape
from daw_clients.projects.drawn_points import check_order
from daw_clients.projects.xml_values import number, position, truth

PIECES = 32
"""How many straight pieces a curve is cut into; their ends lie on the curve."""
_CONTROLS = ("CurveControl1X", "CurveControl1Y", "CurveControl2X", "CurveControl2Y")


@dataclass(frozen=True)
class Envelope:
    """What an envelope draws: points in quarter notes, and how many stretches were curves."""

    points: tuple[Breakpoint, ...]
    events: int
    curves: int

    @property
    def is_drawn(self) -> bool:
        """False where there is only the one event that stands before every song: in such a lane
        nobody drew, and the parameter's own value counts."""
        return self.events > 1 or (self.events == 1 and self.points[0].position >= 0.0)


def read_envelope(events: Element | None) -> Envelope:
    """The points of an ``Events`` element; children that are no automation are passed over.

    Raises ``RefusedError``: ``BAD_FIELD``, ``NOT_FINITE``, ``BAD_ORDER``.
    """
    marks = [mark for event in (events if events is not None else ()) if (mark := _mark(event))]
    check_order([mark.point for mark in marks], "Events.Time")
    points: list[Breakpoint] = []
    curves = 0
    for mark, after in zip(marks, [*marks[1:], None], strict=False):
        points.append(mark.point)
        if mark.controls and after and after.point.position > mark.point.position:
            points += _chords(mark.point, after.point, mark.controls)
            curves += 1
    return Envelope(tuple(points), len(marks), curves)


_Controls = tuple[float, float, float, float]


@dataclass(frozen=True)
class _Mark:
    point: Breakpoint
    controls: _Controls | None = None


def _mark(event: Element) -> _Mark | None:
    if event.tag == "FloatEvent":
        point = Breakpoint(position(event, "Time"), number(event, "Value"), Shape.LINEAR)
        return _Mark(point, _controls(event))
    if event.tag == "BoolEvent":
        return _Mark(Breakpoint(position(event, "Time"), truth(event, "Value"), Shape.HOLD))
    if event.tag in ("EnumEvent", "IntEvent"):
        return _Mark(Breakpoint(position(event, "Time"), number(event, "Value"), Shape.HOLD))
    return None


def _controls(event: Element) -> _Controls | None:
    """The curve's controls, held inside the rectangle; None for a straight line."""
    if any(event.get(name) is None for name in _CONTROLS):
        return None
    x1, y1, x2, y2 = (min(max(number(event, name), 0.0), 1.0) for name in _CONTROLS)
    return None if x1 == y1 and x2 == y2 else (x1, y1, x2, y2)


def _chords(left: Breakpoint, right: Breakpoint, controls: _Controls) -> Sequence[Breakpoint]:
    """Points on the curve between two others, evenly spaced in the curve's own parameter."""
    x1, y1, x2, y2 = controls
    width, height = right.position - left.position, right.value - left.value
    chords = []
    for step in range(1, PIECES):
        t = step / PIECES
        a, b, c = 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3
        position = left.position + width * (a * x1 + b * x2 + c)
        value = left.value + height * (a * y1 + b * y2 + c)
        chords.append(Breakpoint(position, value, Shape.LINEAR))
    return chords

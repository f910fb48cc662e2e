"""What the ``Points`` of a DAWproject move, and the points themselves.

A target is a parameter that stands somewhere in the mixer and is named by its id, or a MIDI
expression of a track.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from xml.etree.ElementTree import Element

from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.lanes import Anchor, Breakpoint, Shape
from daw_clients.projects.drawn_points import check_order
from daw_clients.projects.xml_values import position, real, truth, whole

_SHAPES = {"hold": Shape.HOLD, "linear": Shape.LINEAR}
_UNITS = {"beats": Anchor.PPQ, "seconds": Anchor.SECONDS}
_EXPRESSION_PARTS = ("channel", "key", "controller")


@dataclass(frozen=True)
class Target:
    """What a lane moves; ``unit`` is the one the file states for its values, empty for none."""

    path: tuple[str, ...]
    minimum: float | None = None
    maximum: float | None = None
    unit: str = ""


def unit_of(element: Element, attribute: str, otherwise: Anchor) -> Anchor:
    """The time unit that an attribute states. Raises ``BAD_FIELD`` for an unknown one."""
    word = element.get(attribute)
    if word is not None and word not in _UNITS:
        text = f"{word[:40]!a} is no time unit; beats and seconds are"
        raise RefusedError(ErrorCode.BAD_FIELD, f"{element.tag}.{attribute}", text)
    return otherwise if word is None else _UNITS[word]


def targets_of(root: Element) -> dict[str, Target]:
    """Every parameter of the mixer and the transport by its id.

    The path is (track, device, parameter), without parts that have no name.
    """
    found: dict[str, Target] = {}
    for part in ("Transport", "Structure"):
        for element in root.findall(f"{part}/*"):
            found.update(_targets(element, ()))
    return found


def expression_of(target: Element, track: str) -> Target | None:
    """The MIDI expression that a ``Target`` names; None where it names none."""
    kind = target.get("expression")
    if kind is None:
        return None
    which = [f"{part} {target.get(part)}" for part in _EXPRESSION_PARTS if target.get(part)]
    return Target(tuple(part for part in (track, " ".join([kind, *which])) if part))


def read_points(points: Element, target: Target) -> list[Breakpoint]:
    """The points in the timeline's own unit, all within the target's range where one is infinite.

    A point without ``interpolation`` holds, as do points that are no ``RealPoint``. Raises
    ``BAD_FIELD``, ``NOT_FINITE``, ``BAD_ORDER``.
    """
    read = [point for element in points if (point := _point(element, target))]
    check_order(read, "Points.time")
    return read


def _targets(element: Element, path: tuple[str, ...]) -> Iterator[tuple[str, Target]]:
    if element.tag == "Track":
        path = (element.get("name", ""),)
    elif element.tag == "Channel":
        path = path or (element.get("name", ""),)
    elif element.get("deviceName") is not None:
        path = (*path[:1], element.get("name") or element.get("deviceName") or "")
    elif element.get("id") and _is_parameter(element):
        name = element.get("name") or element.tag
        named = tuple(part for part in (*path, name) if part)
        yield element.get("id", ""), replace(_range(element), path=named)
    elif element.tag in ("Send", "Band"):
        path = (*path, element.get("name") or f"{element.tag} {element.get('order', '')}".strip())
    for child in element:
        yield from _targets(child, path)


def _is_parameter(element: Element) -> bool:
    return element.tag.endswith("Parameter") or any(
        element.get(attribute) is not None for attribute in ("value", "unit", "numerator")
    )


def _range(parameter: Element) -> Target:
    if parameter.tag == "EnumParameter":
        return Target((), 0.0, float(max(whole(parameter, "count") - 1, 0)))
    if parameter.tag in ("BoolParameter", "Mute", "Enabled", "Enable"):
        return Target((), 0.0, 1.0)
    unit = parameter.get("unit", "")
    return Target((), _limit(parameter, "min"), _limit(parameter, "max"), unit)


def _limit(parameter: Element, attribute: str) -> float | None:
    if parameter.get(attribute) is None:
        return None
    value = real(parameter, attribute)
    return value if math.isfinite(value) else None


def _point(element: Element, target: Target) -> Breakpoint | None:
    if element.tag == "RealPoint":
        value = _within(real(element, "value"), target)
        return Breakpoint(position(element, "time"), value, _shape(element))
    if element.tag == "BoolPoint":
        return Breakpoint(position(element, "time"), truth(element, "value"), Shape.HOLD)
    if element.tag in ("IntegerPoint", "EnumPoint"):
        return Breakpoint(position(element, "time"), float(whole(element, "value")), Shape.HOLD)
    return None


def _shape(element: Element) -> Shape:
    word = element.get("interpolation", "hold")
    if word not in _SHAPES:
        text = f"{word[:40]!a} is no interpolation; hold and linear are"
        raise RefusedError(ErrorCode.BAD_FIELD, f"{element.tag}.interpolation", text)
    return _SHAPES[word]


def _within(value: float, target: Target) -> float:
    """An infinite value (silence in decibels) as the end of the target's range."""
    if math.isfinite(value):
        return value
    limit = target.minimum if value < 0 else target.maximum
    if limit is None:
        text = f"{'/'.join(target.path)} goes to {value}, and its range has no end; give it one"
        raise RefusedError(ErrorCode.NOT_FINITE, "RealPoint.value", text)
    return limit

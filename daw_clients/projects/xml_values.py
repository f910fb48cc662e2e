"""Numbers and words in the attributes of a project file's elements.

Refusals name the field ``Tag.attribute``: ``BAD_FIELD`` for what is missing or no number,
``NOT_FINITE`` for nan and infinity.
"""

from __future__ import annotations

import math
from xml.etree.ElementTree import Element

from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.lanes import MAX_POSITION

_SHOWN = 40  # characters of a bad value that a message repeats


def number(element: Element, attribute: str) -> float:
    """The attribute as a finite number."""
    value = real(element, attribute)
    if not math.isfinite(value):
        text = f"{value} is not a place or a value; save the project again"
        raise RefusedError(ErrorCode.NOT_FINITE, f"{element.tag}.{attribute}", text)
    return value


def position(element: Element, attribute: str) -> float:
    """The attribute as a position or a length, ``OUT_OF_RANGE`` beyond ``MAX_POSITION``."""
    value = number(element, attribute)
    if abs(value) > MAX_POSITION:
        text = f"{value:g} is too far from the song's start; give at most {MAX_POSITION:g}"
        raise RefusedError(ErrorCode.OUT_OF_RANGE, f"{element.tag}.{attribute}", text)
    return value


def position_or_none(element: Element, attribute: str) -> float | None:
    """The same; None where the element doesn't have the attribute."""
    return None if element.get(attribute) is None else position(element, attribute)


def real(element: Element, attribute: str) -> float:
    """The attribute as a number that may be ``inf`` or ``-inf`` (decibels are), but not nan."""
    word = element.get(attribute, "")
    try:
        value = float(word)
    except ValueError:
        raise _bad(element, attribute, "a number") from None
    if math.isnan(value):
        text = "a value is not a number (nan); save the project again"
        raise RefusedError(ErrorCode.NOT_FINITE, f"{element.tag}.{attribute}", text)
    return value


def whole(element: Element, attribute: str) -> int:
    """The attribute as a whole number of at most nine digits."""
    word = element.get(attribute, "")
    try:
        value = int(word) if len(word) < 11 else None
    except ValueError:
        value = None
    if value is None or abs(value) > 999_999_999:
        raise _bad(element, attribute, "a whole number")
    return value


def truth(element: Element, attribute: str) -> float:
    """The attribute, ``true``, ``false``, ``1`` or ``0``, as 1.0 or 0.0."""
    word = element.get(attribute)
    if word not in ("true", "false", "1", "0"):
        raise _bad(element, attribute, "true or false")
    return float(word in ("true", "1"))


def _bad(element: Element, attribute: str, wanted: str) -> RefusedError:
    given = ascii(element.get(attribute, "")[:_SHOWN])
    text = f"{given} where {wanted} belongs; save the project again"
    return RefusedError(ErrorCode.BAD_FIELD, f"{element.tag}.{attribute}", text)

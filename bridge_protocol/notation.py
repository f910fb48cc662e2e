"""The command line's small languages for positions, signatures, tempi, lanes and bar ranges.

Positions are written as DAWs show them and counted from 1: ``5`` is bar 5, ``5.3`` its third
beat, ``5.3.50`` half a beat later (hundredths, two digits). Every refusal carries the caller's
field name and an example of what to write.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction

from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.lanes import Anchor, Breakpoint, BreakpointLane, Shape
from bridge_protocol.meter import MAX_BAR, MeterMap, SignatureChange, check_signature
from bridge_protocol.tempo import TempoLaw, TempoMap, TempoSegment, check_bpm

POSITION_EXAMPLE = "5 or 5.3 or 5.3.50 (bar, beat, hundredths of a beat)"
METER_EXAMPLE = "1:4/4, 5:7/8"
TEMPO_EXAMPLE = "1:120, 9:120>90/time, 17:90"
LANE_EXAMPLE = "1:0.2, 5.3:0.9/smooth, 9:0.1/bezier(-0.4), 13:0.6/hold, 17:0.1"
BARS_EXAMPLE = "5-8, or 7 for one bar"
ASSIGNMENT_EXAMPLE = "denoise=1:0.2, 5:0.9"

_POSITION = re.compile(r"(\d{1,7})(?:\.(\d{1,3})(?:\.(\d{2}))?)?", re.ASCII)
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_NOT_FINITE = re.compile(r"[+-]?(?:nan|inf|infinity)", re.IGNORECASE)
_SIGNATURE = re.compile(r"(\d{1,4})/(\d{1,4})", re.ASCII)
_BARS = re.compile(r"(\d{1,7})(?:\s*-\s*(\d{1,7}))?", re.ASCII)
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*", re.ASCII)
_SHAPE = re.compile(r"([a-z_]+)(?:\s*\((.*)\))?", re.ASCII)
_RAMP_LAWS = {"time": TempoLaw.LINEAR_TIME, "beats": TempoLaw.LINEAR_BEATS}


@dataclass(frozen=True)
class Position:
    """A place in a song as a person writes it; ``bar`` and ``beat`` are counted from 1."""

    bar: int
    beat: int = 1
    hundredths: int = 0


def parse_position(text: str, field: str = "position") -> Position:
    """``5``, ``5.3`` or ``5.3.50``. Raises ``BAD_NOTATION``, or ``OUT_OF_RANGE`` for a 0."""
    with _refused_as(field, text, POSITION_EXAMPLE):
        match = _POSITION.fullmatch(text.strip())
        if match is None:
            raise _bad("is not a position")
        bar, beat, hundredths = (int(part) for part in match.groups(default="1"))
        if match[3] is None:
            hundredths = 0
        _check_bar(bar)
        if beat < 1:
            raise _out_of_range("has beat 0; beats are counted from 1")
        return Position(bar, beat, hundredths)


def position_ppq(position: Position, meter: MeterMap, field: str = "position") -> float:
    """Quarter notes from the song's start. Raises ``OUT_OF_RANGE`` for a beat the bar lacks."""
    bar = position.bar - 1
    length = meter.bar_length(bar) / meter.beat_length(bar)
    beats = math.ceil(length)
    into = position.beat - 1 + Fraction(position.hundredths, 100)
    with _refused_as(field, f"{position.bar}.{position.beat}", POSITION_EXAMPLE):
        _check_bar(position.bar)
        if not 1 <= position.beat <= beats:
            raise _out_of_range(f"has a beat that bar {position.bar} lacks; it has 1 to {beats}")
        if into >= length:
            raise _out_of_range(f"is past the end of bar {position.bar}, which is cut short")
    return float(meter.bar_start(bar) + into * meter.beat_length(bar))


def parse_meter(text: str, field: str = "meter") -> MeterMap:
    """``1:4/4, 5:7/8``: signatures by the bar they start at, the first at bar 1.

    Raises ``BAD_NOTATION``, ``OUT_OF_RANGE``, ``BAD_ORDER``.
    """
    changes = []
    for entry, place, rest in _entries(text, field, METER_EXAMPLE):
        with _refused_as(field, entry, METER_EXAMPLE):
            changes.append(_signature_change(place, rest))
    with _refused_as(field, text, METER_EXAMPLE):
        return MeterMap(changes)


def parse_tempo(text: str, meter: MeterMap, field: str = "tempo") -> TempoMap:
    """``1:120, 9:120>90/time, 17:90``: tempi in bpm by position, the first at 1.

    ``a>b/time`` is a ramp to the next entry that is linear over time, ``a>b/beats`` one that is
    linear over beats. Raises ``BAD_NOTATION`` (a ramp with no law or no entry after it included),
    ``OUT_OF_RANGE``, ``NOT_FINITE``, ``BAD_ORDER``.
    """
    segments = []
    for entry, place, rest in _entries(text, field, TEMPO_EXAMPLE):
        ppq = position_ppq(parse_position(place, field), meter, field)
        with _refused_as(field, entry, TEMPO_EXAMPLE):
            segments.append(_tempo_segment(ppq, rest))
    with _refused_as(field, text, TEMPO_EXAMPLE):
        if segments[-1].law is not TempoLaw.STEP:
            raise _bad("ends in a ramp with no end; add an entry where the ramp ends")
        return TempoMap(segments)


def parse_lane(text: str, meter: MeterMap, field: str = "lane") -> BreakpointLane:
    """``1:0.2, 5.3:0.9/hold, 9:0.1``: values by position, linear to the next unless told otherwise.

    ``/`` and a :class:`~bridge_protocol.lanes.Shape` tells otherwise; ``/bezier(-0.4)`` has a
    tension, ``/bezier`` has 0. Two entries at one position are a jump. Raises ``BAD_NOTATION``,
    ``OUT_OF_RANGE``, ``NOT_FINITE``, ``BAD_ORDER``.
    """
    points = []
    for entry, place, rest in _entries(text, field, LANE_EXAMPLE):
        ppq = position_ppq(parse_position(place, field), meter, field)
        with _refused_as(field, entry, LANE_EXAMPLE):
            points.append(_breakpoint(ppq, rest))
    with _refused_as(field, text, LANE_EXAMPLE):
        return BreakpointLane(points, Anchor.PPQ)


def parse_bar_range(text: str, field: str = "bars") -> tuple[int, int]:
    """``5-8`` (inclusive) or ``7``, as 0-based ``(first, end)`` with ``end`` outside.

    Raises ``BAD_NOTATION``, or ``OUT_OF_RANGE`` for bar 0 and for a reversed range.
    """
    with _refused_as(field, text, BARS_EXAMPLE):
        match = _BARS.fullmatch(text.strip())
        if match is None:
            raise _bad("is not a range of bars")
        first, last = int(match[1]), int(match[2] or match[1])
        _check_bar(first)
        _check_bar(last)
        if last < first:
            raise _out_of_range("ends before it starts; write the earlier bar first")
        return first - 1, last


def parse_assignment(text: str, field: str = "assignment") -> tuple[str, str]:
    """``denoise=1:0.2, 5:0.9`` as the name and the rest. Raises ``BAD_NOTATION``."""
    with _refused_as(field, text, ASSIGNMENT_EXAMPLE):
        name, equals, value = (part.strip() for part in text.partition("="))
        if not equals or not _NAME.fullmatch(name):
            raise _bad("doesn't start with a name and an equals sign")
        if not value:
            raise _bad("has nothing after the equals sign")
        return name, value


class _NotationError(RefusedError):
    """A refusal from inside this file, before it knows the field and the text it is about."""


def _bad(reason: str) -> _NotationError:
    return _NotationError(ErrorCode.BAD_NOTATION, "", reason)


def _out_of_range(reason: str) -> _NotationError:
    return _NotationError(ErrorCode.OUT_OF_RANGE, "", reason)


@contextmanager
def _refused_as(field: str, text: str, example: str) -> Iterator[None]:
    """Give any refusal from inside the caller's field name, the text and an example."""
    try:
        yield
    except RefusedError as error:
        joint = " " if isinstance(error, _NotationError) else ": "
        message = f"{_quoted(text)}{joint}{error.message}. Write for example {example}"
        raise RefusedError(error.code, field, message) from None


def _quoted(text: str) -> str:
    """The text as the user typed it, cut where it would hide the sentence that follows."""
    return repr(text if len(text) <= 60 else text[:57] + "...")


def _entries(text: str, field: str, example: str) -> list[tuple[str, str, str]]:
    """Each ``place:rest`` between commas, as itself and its two parts."""
    found = []
    for entry in (part.strip() for part in text.split(",")):
        place, colon, rest = (part.strip() for part in entry.partition(":"))
        with _refused_as(field, entry or text, example):
            if not (place and colon and rest):
                raise _bad("is not a list of position:value entries with commas between")
        found.append((entry, place, rest))
    return found


def _signature_change(place: str, rest: str) -> SignatureChange:
    match = _SIGNATURE.fullmatch(rest)
    if match is None or not (place.isascii() and place.isdecimal()):
        raise _bad("is not a bar and a signature")
    _check_bar(int(place))
    numerator, denominator = int(match[1]), int(match[2])
    check_signature(numerator, denominator, "")
    return SignatureChange(int(place) - 1, numerator, denominator)


def _tempo_segment(ppq: float, rest: str) -> TempoSegment:
    tempi, slash, law = (part.strip() for part in rest.partition("/"))
    start, arrow, end = (part.strip() for part in tempi.partition(">"))
    if arrow and law not in _RAMP_LAWS:
        raise _bad("is a ramp with no law; end it with /time or /beats")
    if slash and not arrow:
        raise _bad("has a law and no ramp; write both tempi with > between, or leave the law out")
    bpm = _bpm(start)
    if not arrow:
        return TempoSegment(ppq, bpm, bpm, TempoLaw.STEP)
    return TempoSegment(ppq, bpm, _bpm(end), _RAMP_LAWS[law])


def _breakpoint(ppq: float, rest: str) -> Breakpoint:
    value, slash, shape = (part.strip() for part in rest.partition("/"))
    if not slash:
        return Breakpoint(ppq, _number(value))
    return Breakpoint(ppq, _number(value), *_shape(shape))


def _shape(text: str) -> tuple[Shape, float]:
    """A shape and its tension, as in ``smooth`` or ``bezier(-0.4)``."""
    match = _SHAPE.fullmatch(text)
    if match is None or match[1] not in set(Shape):
        known = ", ".join(f"/{shape}" for shape in Shape)
        raise _bad(f"has a shape that lanes don't know; end it with one of {known}")
    shape = Shape(match[1])
    if match[2] is None:
        return shape, 0.0
    if shape is not Shape.BEZIER:
        raise _bad(f"has a tension, which only bezier reads; end it with /{shape}")
    return shape, _number(match[2].strip())


def _bpm(text: str) -> float:
    bpm = _number(text)
    check_bpm(bpm, "bpm")
    return bpm


def _number(text: str) -> float:
    if _NOT_FINITE.fullmatch(text):
        raise _NotationError(ErrorCode.NOT_FINITE, "", "needs a finite number")
    if not _NUMBER.fullmatch(text):
        raise _bad(f"has {_quoted(text)} where a number belongs")
    number = float(text)
    if not math.isfinite(number):
        raise _NotationError(ErrorCode.NOT_FINITE, "", "needs a number that a computer can hold")
    return number


def _check_bar(bar: int) -> None:
    if bar < 1:
        raise _out_of_range("has bar 0; bars are counted from 1")
    if bar > MAX_BAR:
        raise _out_of_range(f"has bar {bar}; the last one is {MAX_BAR}")

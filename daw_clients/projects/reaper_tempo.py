"""REAPER's tempo envelope as a tempo map and a meter.

A point is ``PT seconds bpm shape [signature selected flags ...]``. Shape 0 is a straight line
over time to the next point's tempo, 1 holds. A signature is ``numerator + 65536 * denominator``,
0 where the point has none. Of the flags, 2 says that the point sets no tempo, 4 that the bar
before it may be cut short (read off REAPER's own dialog by CharlesHolbrow/rppp, issue 9; the
order of the fields also in the SWS extension, ``BR_Envelope::EnvPoint::ReadLine``).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise

from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.meter import TICK_PPQ, MeterMap, check_signature
from bridge_protocol.tempo import (
    MAX_PPQ,
    MAX_SEGMENTS,
    TempoLaw,
    TempoMap,
    TempoSegment,
    check_bpm,
)
from daw_clients.projects.rpp_numbers import number, seconds_at, whole

NO_TEMPO, CUTS_BAR = 2, 4
LINEAR, SQUARE = 0, 1

_ONE_TIME_SECONDS = 4e-6
"""Points this near each other are one: less than a map can hold. REAPER itself keeps 1 ms."""
_TICKS = 960
_ON_TICK_PPQ = 1e-8
"""A position this near one of REAPER's ticks is on it: the file has seconds to 1e-12."""
_ON_BAR_PPQ = Fraction(1, 1000)
"""A signature this near a bar line is on it, where the point doesn't allow a shorter bar."""


@dataclass(frozen=True)
class BaseTempo:
    """The project's own tempo and signature: its ``TEMPO`` line."""

    bpm: float = 120.0
    numerator: int = 4
    denominator: int = 4


@dataclass(frozen=True)
class TempoPoint:
    """A point of the envelope; ``bpm`` is None where it sets no tempo."""

    seconds: float
    bpm: float | None
    is_linear: bool
    signature: tuple[int, int] | None
    cuts_bar: bool


@dataclass(frozen=True)
class _Node:
    """Where the tempo changes: what it arrives with, and what it goes on with."""

    seconds: float
    arrival_bpm: float
    bpm: float
    is_linear: bool


def quarter_bpm(words: list[str], index: int, field: str) -> float:
    """A tempo of the file in quarter notes a minute: as it stands, whatever the signature.

    Points of the envelope: certain. In rppp's issue 9 REAPER itself wrote a bar of 5/8 at 58.75
    as 2.553191489361 s, which is 2.5 quarter notes at that tempo; 5 of 58.75 eighths would be
    twice as long. SWS also counts their bpm in quarter notes (``CalculateMeasureAtPosition``).
    The ``TEMPO`` line: inferred. REAPER shows quarter notes a minute in its project settings
    (jcsteh/osara, issue 1084), and it is the API alone that converts to the signature's beats
    (SWS ``GetProjectSettingsTempo``; helgoboss/helgobox, issue 1201: twice what REAPER shows).

    Raises ``RefusedError``: as ``number`` does, and as ``check_bpm`` does.
    """
    bpm = number(words, index, field)
    check_bpm(bpm, field)
    return bpm


def read_base(words: list[str]) -> BaseTempo:
    """The ``TEMPO`` line; 120 bpm in 4/4 where there is none. Raises for ``tempo.*``."""
    if not words:
        return BaseTempo()
    bpm = quarter_bpm(words, 1, "tempo.bpm")
    numerator = whole(words, 2, "tempo.numerator", 4)
    denominator = whole(words, 3, "tempo.denominator", 4)
    check_signature(numerator, denominator, "tempo")
    return BaseTempo(bpm, numerator, denominator)


def read_points(lines: Iterable[list[str]]) -> list[TempoPoint]:
    """The envelope's ``PT`` lines. Raises ``RefusedError`` for ``tempo_envelope[i].*``."""
    points: list[TempoPoint] = []
    for index, words in enumerate(lines):
        field = f"tempo_envelope[{index}]"
        if index >= MAX_SEGMENTS:
            text = f"it has more than {MAX_SEGMENTS} points; give a shorter project"
            raise RefusedError(ErrorCode.LIMIT, "tempo_envelope", text)
        points.append(_point(words, field))
        _check_order(points, field)
    return points


def maps_of(base: BaseTempo, points: Sequence[TempoPoint]) -> tuple[TempoMap, MeterMap, list[str]]:
    """The tempo map, the meter, and warnings of what is not certain.

    The project's own tempo and signature hold up to the first point that sets another. Raises
    ``RefusedError`` (``OUT_OF_RANGE``) for a point beyond ``MAX_PPQ`` quarter notes.
    """
    nodes = _nodes(base, points)
    tempo = _tempo(nodes)
    starts = (segment.start_ppq for segment in tempo.segments)
    known = dict(zip((node.seconds for node in nodes), starts, strict=True))
    signed = [
        (known.get(p.seconds) or tempo.ppq(p.seconds), p.signature, p)
        for p in points
        if p.signature
    ]
    meter, warnings = _meter(base, signed)
    return tempo, meter, warnings + _base_warnings(base, points)


def on_tick(ppq: float) -> float:
    """The position, on one of REAPER's ticks where it is that near to one."""
    near = round(ppq * _TICKS) / _TICKS
    return near if abs(near - ppq) <= _ON_TICK_PPQ else ppq


def _base_warnings(base: BaseTempo, points: Sequence[TempoPoint]) -> list[str]:
    """What is not certain where the project's own tempo counts."""
    warnings: list[str] = []
    first = next((point.seconds for point in points if point.bpm is not None), math.inf)
    if _ONE_TIME_SECONDS <= first < math.inf:
        text = "the tempo envelope has no point at the start; up to its first one"
        warnings.append(f"{text} the project's own tempo is taken")
    if base.denominator != 4 and first >= _ONE_TIME_SECONDS:
        text = f"{base.bpm:g} bpm in {base.numerator}/{base.denominator}"
        warnings.append(f"{text} is taken as quarter notes a minute")
    return warnings


def _point(words: list[str], field: str) -> TempoPoint:
    flags = whole(words, 6, f"{field}.flags", 0)
    shape = whole(words, 3, f"{field}.shape", LINEAR)
    if shape not in (LINEAR, SQUARE):
        text = f"a tempo has no shape {shape}; give 0 (linear) or 1 (square)"
        raise RefusedError(ErrorCode.OUT_OF_RANGE, f"{field}.shape", text)
    return TempoPoint(
        seconds=seconds_at(words, 1, f"{field}.seconds"),
        bpm=None if flags & NO_TEMPO else quarter_bpm(words, 2, f"{field}.bpm"),
        is_linear=shape == LINEAR,
        signature=_signature(whole(words, 4, f"{field}.signature", 0), f"{field}.signature"),
        cuts_bar=bool(flags & CUTS_BAR),
    )


def _signature(packed: int, field: str) -> tuple[int, int] | None:
    if packed == 0:
        return None
    numerator, denominator = packed & 0xFFFF, packed >> 16
    check_signature(numerator, denominator, field)
    return numerator, denominator


def _check_order(points: list[TempoPoint], field: str) -> None:
    seconds = points[-1].seconds
    if seconds < 0.0:
        text = f"a tempo at {seconds:g} s is before the song's start; give one from 0 on"
        raise RefusedError(ErrorCode.OUT_OF_RANGE, f"{field}.seconds", text)
    if len(points) > 1 and seconds < points[-2].seconds:
        text = f"a point at {seconds:g} s follows one at {points[-2].seconds:g} s; sort them"
        raise RefusedError(ErrorCode.BAD_ORDER, f"{field}.seconds", text)


def _nodes(base: BaseTempo, points: Sequence[TempoPoint]) -> list[_Node]:
    """The points that set a tempo, in one where they are at one time; the first one at 0."""
    nodes = [_Node(0.0, base.bpm, base.bpm, False)]
    for point in points:
        if point.bpm is None:
            continue
        node = _Node(point.seconds, point.bpm, point.bpm, point.is_linear)
        if point.seconds - nodes[-1].seconds < _ONE_TIME_SECONDS:
            nodes[-1] = replace(nodes[-1], bpm=node.bpm, is_linear=node.is_linear)
        else:
            nodes.append(node)
    return nodes


def _tempo(nodes: list[_Node]) -> TempoMap:
    segments: list[TempoSegment] = []
    start_ppq = 0.0
    for node, after in pairwise(nodes):
        seconds = after.seconds - node.seconds
        end_bpm = after.arrival_bpm if node.is_linear else node.bpm
        law = TempoLaw.LINEAR_TIME if node.is_linear else TempoLaw.STEP
        segments.append(TempoSegment(start_ppq, node.bpm, end_bpm, law))
        # A straight line over time: as many quarter notes as at the mean of both tempi.
        end_ppq = start_ppq + seconds * (node.bpm + end_bpm) / 120.0
        if end_ppq > MAX_PPQ:
            text = f"a point at {after.seconds:g} s is too far; give at most {MAX_PPQ:g} quarters"
            raise RefusedError(ErrorCode.OUT_OF_RANGE, "tempo_envelope", text)
        start_ppq = on_tick(end_ppq)
    last = nodes[-1].bpm
    return TempoMap([*segments, TempoSegment(start_ppq, last, last, TempoLaw.STEP)])


def _meter(
    base: BaseTempo, signed: Iterable[tuple[float, tuple[int, int], TempoPoint]]
) -> tuple[MeterMap, list[str]]:
    places = [(Fraction(0), base.numerator, base.denominator)]
    warnings: list[str] = []
    for ppq, signature, point in signed:
        at, fits = _place(places[-1], ppq, point.cuts_bar)
        if at - places[-1][0] <= TICK_PPQ:
            places.pop()
        places.append((at if places else Fraction(0), *signature))
        if not fits:
            text = f"the signature at {point.seconds:g} s is within a bar"
            warnings.append(f"{text}; that bar is cut short there, REAPER may place it otherwise")
    try:
        return MeterMap.from_positions(places), warnings
    except RefusedError as error:
        raise RefusedError(error.code, "tempo_envelope", error.message) from None


def _place(before: tuple[Fraction, int, int], ppq: float, cuts_bar: bool) -> tuple[Fraction, bool]:
    """Where a signature begins, and whether a bar line or the point's flag allows that."""
    start, numerator, denominator = before
    length = Fraction(4 * numerator, denominator)
    at = Fraction(on_tick(ppq)).limit_denominator(10**9)  # a float's third of a beat as 1/3
    line = start + round((at - start) / length) * length
    if abs(line - at) <= (TICK_PPQ if cuts_bar else _ON_BAR_PPQ):
        return line, True
    return at, cuts_bar

"""REAPER's tempo and signature markers as a song's map.

A marker's tempo is in quarter notes a minute whatever the signature says; the project's own, which
holds up to the first marker, is not (the API gives it in the signature's beats). What is not certain
is checked against REAPER's own answers, and said.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Callable, Sequence

from .meter import TICK_PPQ, Meter, Place
from .refusal import RefusedError
from .song_map import SongMap
from .tempo_law import LINEAR_TIME, STEP, Segment, Tempo

MIN_BPM, MAX_BPM = 20.0, 999.0
MOST_MARKERS = 65_536
_ONE_TIME_S = 4e-6  # markers this near each other are one
_TICKS = 960
_ON_TICK_PPQ = 1e-8
_ON_BAR_PPQ = Fraction(1, 1000)
_DIFFERS_PPQ = 1e-3


@dataclass(frozen=True)
class Marker:
    """A tempo marker. ``numerator`` and ``denominator`` are 0 where it sets no signature."""

    seconds: float
    bpm: float
    numerator: int
    denominator: int
    is_linear: bool


@dataclass(frozen=True)
class ProjectTempo:
    """The project's own tempo, in quarter notes a minute, and the signature at its start."""

    bpm: float
    numerator: int
    denominator: int


@dataclass(frozen=True)
class _Node:
    seconds: float
    arrival_bpm: float
    bpm: float
    is_linear: bool


def song_map(base: ProjectTempo, markers: Sequence[Marker]) -> SongMap:
    """The map that REAPER plays. RefusedError for a tempo outside 20 to 999, or too many markers."""
    if len(markers) > MOST_MARKERS:
        words = f"The project has more than {MOST_MARKERS} tempo markers."
        raise RefusedError("LIMIT", "tempo", words)
    for bpm in (base.bpm, *(marker.bpm for marker in markers)):
        if not MIN_BPM <= bpm <= MAX_BPM:
            words = "A tempo of {:g} quarter notes a minute can't be played; give {:g} to {:g}."
            raise RefusedError("OUT_OF_RANGE", "tempo", words.format(bpm, MIN_BPM, MAX_BPM))
    nodes = _nodes(base, markers)
    tempo = _tempo(nodes)
    starts = {node.seconds: s.start_ppq for node, s in zip(nodes, tempo.segments)}
    signed = [
        (starts.get(marker.seconds) or tempo.ppq(marker.seconds), marker)
        for marker in markers
        if marker.numerator > 0 and marker.denominator > 0
    ]
    return SongMap(tempo, Meter(_places(base, signed)))


def disagreement(
    made: SongMap,
    markers: Sequence[Marker],
    host_ppq: Callable[[float], float],
    host_bar_ppq: Callable[[int], float | None],
) -> str:
    """In words, the first place where REAPER says otherwise than the map; empty where it agrees.

    ``host_ppq``: quarter notes at a second; ``host_bar_ppq``: at a bar (from 0), None if unknown.
    """
    last = markers[-1].seconds if markers else 0.0
    for seconds in [*(marker.seconds for marker in markers), last + 1.0, last + 60.0]:
        here, there = made.tempo.ppq(seconds), host_ppq(seconds)
        if abs(here - there) > _DIFFERS_PPQ * max(1.0, abs(there) / 1000):
            words = "REAPER has {:.6g} s at quarter note {:.6f}, this map at {:.6f}"
            return words.format(seconds, there, here)
    for signature in made.meter.signatures:
        here = float(made.meter.bar_start(signature.bar))
        bar_ppq = host_bar_ppq(signature.bar)
        if bar_ppq is not None and abs(here - bar_ppq) > _DIFFERS_PPQ:
            words = "REAPER begins bar {} at quarter note {:.6f}, this map at {:.6f}"
            return words.format(signature.bar + 1, bar_ppq, here)
    return ""


def _nodes(base: ProjectTempo, markers: Sequence[Marker]) -> list[_Node]:
    """The markers, in one where they are at one time; the first one at 0."""
    nodes = [_Node(0.0, base.bpm, base.bpm, False)]
    for marker in markers:
        before = nodes[-1]
        if marker.seconds - before.seconds < _ONE_TIME_S:
            arrival = before.arrival_bpm
            nodes[-1] = _Node(before.seconds, arrival, marker.bpm, marker.is_linear)
        else:
            nodes.append(_Node(marker.seconds, marker.bpm, marker.bpm, marker.is_linear))
    return nodes


def _tempo(nodes: Sequence[_Node]) -> Tempo:
    segments: list[Segment] = []
    start_ppq = 0.0
    for node, after in zip(nodes, nodes[1:]):
        end_bpm = after.arrival_bpm if node.is_linear else node.bpm
        law = LINEAR_TIME if node.is_linear else STEP
        segments.append(Segment(start_ppq, node.bpm, end_bpm, law))
        # A straight line over time: as many quarter notes as at the mean of both tempi.
        mean_twice = node.bpm + end_bpm
        start_ppq = on_tick(start_ppq + (after.seconds - node.seconds) * mean_twice / 120.0)
    last = nodes[-1].bpm
    return Tempo([*segments, Segment(start_ppq, last, last, STEP)])


def _places(base: ProjectTempo, signed: Sequence[tuple[float, Marker]]) -> list[Place]:
    places: list[Place] = [(Fraction(0), base.numerator, base.denominator)]
    for ppq, marker in signed:
        at = _place(places[-1], ppq)
        if at - places[-1][0] <= TICK_PPQ:
            places.pop()
        places.append((at if places else Fraction(0), marker.numerator, marker.denominator))
    return places


def _place(before: Place, ppq: float) -> Fraction:
    """Where a signature begins: on the bar line, if it is that near to one."""
    start, numerator, denominator = before
    length = Fraction(4 * numerator, denominator)
    at = Fraction(on_tick(ppq)).limit_denominator(10**9)
    line = start + round((at - start) / length) * length
    return line if abs(line - at) <= _ON_BAR_PPQ else at


def on_tick(ppq: float) -> float:
    """The position, on one of REAPER's ticks where it is within rounding of one."""
    near = round(ppq * _TICKS) / _TICKS
    return near if abs(near - ppq) <= _ON_TICK_PPQ else ppq


def quarter_bpm(bpm: float, denominator: int) -> float:
    """The API's project tempo, which counts the signature's beats, in quarter notes a minute."""
    return bpm * 4.0 / denominator

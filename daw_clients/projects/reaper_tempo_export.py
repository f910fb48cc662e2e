"""A tempo map and a meter as REAPER's tempo envelope."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from bridge_protocol.meter import MeterMap, SignatureChange
from bridge_protocol.tempo import MIN_SEGMENT_PPQ, TempoLaw, TempoMap, TempoSegment
from daw_clients.projects.reaper_tempo import CUTS_BAR, LINEAR, SQUARE
from daw_clients.projects.tempo_steps import is_ramp

RAMP_SECONDS = 1e-5
"""How far a ramp over beats may be off at its end, and all that follows it."""
_MOST_PIECES = 4096
_SETS_SIGNATURE = 1


def over_time(tempo: TempoMap) -> tuple[TempoMap, list[str]]:
    """The map with its ramps over beats as many short ramps over time, and what that costs.

    Positions in quarter notes stay what they were.
    """
    ends = [segment.start_ppq for segment in tempo.segments[1:]]
    segments: list[TempoSegment] = []
    for segment, end_ppq in zip(tempo.segments, [*ends, None], strict=True):
        over_beats = is_ramp(segment) and segment.law is TempoLaw.LINEAR_BEATS
        segments += _pieces(segment, end_ppq) if over_beats and end_ppq is not None else [segment]
    if len(segments) == len(tempo.segments):
        return tempo, []
    near = TempoMap(segments)
    starts = np.array([segment.start_ppq for segment in segments])
    at = np.concatenate([starts, (starts[1:] + starts[:-1]) / 2])
    off_ms = float(np.max(np.abs(near.seconds_array(at) - tempo.seconds_array(at)))) * 1e3
    text = "tempo ramps over beats are written as short ramps over time"
    return near, [f"{text}: no moment of the song is off by more than {off_ms:.4f} ms"]


def tempo_lines(tempo: TempoMap, meter: MeterMap) -> list[str]:
    """``TEMPO`` and the ``PT`` lines of a map without ramps over beats.

    A signature's point also says the tempo that is reached there. A song of one tempo in quarter
    notes needs no point.
    """
    first = meter.changes[0]
    bpm = tempo.segments[0].bpm_start
    lines = [f"TEMPO {decimal(bpm)} {first.numerator} {first.denominator}"]
    points = list(_points(tempo, meter))
    if len(points) == 1 and first.denominator == 4:
        return lines
    return lines + [point.line(tempo) for point in points]


def decimal(value: float) -> str:
    """The number as the shortest text that is read back the same, without an exponent."""
    return str(np.format_float_positional(value, trim="-"))


@dataclass(frozen=True)
class _Point:
    ppq: float
    bpm: float
    shape: int
    signature: SignatureChange | None = None

    def line(self, tempo: TempoMap) -> str:
        text = f"PT {decimal(tempo.seconds(self.ppq))} {decimal(self.bpm)} {self.shape}"
        if self.signature is None:
            return text
        packed = self.signature.numerator + (self.signature.denominator << 16)
        cuts = CUTS_BAR if self.signature.start_ppq is not None else 0
        return f"{text} {packed} 0 {_SETS_SIGNATURE | cuts}"


def _points(tempo: TempoMap, meter: MeterMap) -> Iterator[_Point]:
    """The points in order: one a segment and signature, two where a ramp ends in a jump."""
    places = [float(meter.bar_start(change.bar)) for change in meter.changes]
    before: TempoSegment | None = None
    for segment in _cut_at(tempo, places):
        at = segment.start_ppq
        if before and is_ramp(before) and before.bpm_end != segment.bpm_start:
            yield _Point(at, before.bpm_end, SQUARE)
        index = bisect_left(places, at - MIN_SEGMENT_PPQ)
        is_here = index < len(places) and places[index] <= at + MIN_SEGMENT_PPQ
        signature = meter.changes[index] if is_here else None
        yield _Point(at, segment.bpm_start, LINEAR if is_ramp(segment) else SQUARE, signature)
        before = segment


def _cut_at(tempo: TempoMap, places: list[float]) -> list[TempoSegment]:
    """The segments, with a further one at each place that none begins at."""
    segments = list(tempo.segments)
    for place in places:
        index = bisect_left(segments, place, key=lambda segment: segment.start_ppq)
        around = segments[max(index - 1, 0) : index + 1]
        if any(abs(segment.start_ppq - place) <= MIN_SEGMENT_PPQ for segment in around):
            continue
        cut, bpm = segments[index - 1], tempo.bpm(place)
        if is_ramp(cut):
            segments[index - 1] = replace(cut, bpm_end=bpm)
            segments.insert(index, replace(cut, start_ppq=place, bpm_start=bpm))
        else:
            segments.insert(index, replace(cut, start_ppq=place))
    return segments


def _pieces(ramp: TempoSegment, end_ppq: float) -> list[TempoSegment]:
    """A ramp over beats as ramps over time, as many as it takes."""
    length = end_ppq - ramp.start_ppq
    rise = (ramp.bpm_end - ramp.bpm_start) / ramp.bpm_start
    exact = 60.0 * length / ramp.bpm_start * np.log1p(rise) / rise
    count = 1
    while True:
        share = np.arange(count + 1) / count
        bpm = (1.0 - share) * ramp.bpm_start + share * ramp.bpm_end
        seconds = np.sum(120.0 * length / count / (bpm[1:] + bpm[:-1]))
        if abs(seconds - exact) <= RAMP_SECONDS or count >= _MOST_PIECES:
            break
        count *= 2
    starts = ramp.start_ppq + share * length
    rows = zip(starts[:-1].tolist(), bpm[:-1].tolist(), bpm[1:].tolist(), strict=True)
    return [TempoSegment(at, b0, b1, TempoLaw.LINEAR_TIME) for at, b0, b1 in rows]

"""The tempo map: quarter notes to seconds and back, for steps and for REAPER's ramps.

REAPER's linear markers are straight lines over time. The arithmetic is that of the engine, number
for number, so that a bar's sample here is its sample there; docs/protocol.md has the vectors.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass
from typing import Iterable, Sequence

STEP, LINEAR_TIME = "step", "linear_time"


@dataclass(frozen=True)
class Segment:
    """One stretch, up to the next one's start; ``bpm_end`` is reached there. Quarter notes a minute."""

    start_ppq: float
    bpm_start: float
    bpm_end: float
    law: str


class Tempo:
    """Segments in order, the first at 0, the last a step. Second 0 is position 0."""

    def __init__(self, segments: Sequence[Segment]) -> None:
        self.segments = tuple(segments)
        self._starts = [segment.start_ppq for segment in self.segments]
        ends = self._starts[1:]
        self._lengths = [end - start for start, end in zip(self._starts, ends)] + [math.inf]
        rows = range(len(self.segments) - 1)
        self._seconds = _running_sums(self._seconds_into(row, self._lengths[row]) for row in rows)

    def seconds(self, ppq: float) -> float:
        """Seconds at a position."""
        row = _row_of(self._starts, ppq)
        at = self._seconds[row] + self._seconds_into(row, ppq - self._starts[row])
        return min(at, _end_of(self._seconds, row))

    def ppq(self, seconds: float) -> float:
        """The position at a second."""
        row = _row_of(self._seconds, seconds)
        at = self._starts[row] + self._ppq_into(row, seconds - self._seconds[row])
        return min(at, _end_of(self._starts, row))

    def bpm(self, ppq: float) -> float:
        """The tempo at a position; at a segment's start, the new one's."""
        row = _row_of(self._starts, ppq)
        segment = self.segments[row]
        into = ppq - segment.start_ppq
        if segment.law == STEP or into <= 0:
            return segment.bpm_start
        return _ramp_bpm(segment, into, self._lengths[row])

    def is_constant(self, start_s: float, end_s: float) -> bool:
        """Whether one tempo holds from one second to another."""
        first, last = _row_of(self._seconds, start_s), _row_of(self._seconds, end_s)
        tempi = {s.bpm_start for s in self.segments[first : last + 1]}
        ramps = any(s.law != STEP for s in self.segments[first : last + 1])
        return len(tempi) == 1 and not ramps

    def _seconds_into(self, row: int, q: float) -> float:
        segment = self.segments[row]
        if segment.law == STEP or q <= 0:
            return 60.0 * q / segment.bpm_start
        return 120.0 * q / (segment.bpm_start + _ramp_bpm(segment, q, self._lengths[row]))

    def _ppq_into(self, row: int, t: float) -> float:
        segment = self.segments[row]
        b0, b1 = segment.bpm_start, segment.bpm_end
        if segment.law == STEP or t <= 0:
            return b0 * t / 60.0
        whole = 120.0 * self._lengths[row] / (b0 + b1)
        return t * (2.0 * b0 + (b1 - b0) * (t / whole)) / 120.0


def _ramp_bpm(segment: Segment, q: float, length: float) -> float:
    u = q / length
    b0, b1 = segment.bpm_start, segment.bpm_end
    return math.sqrt((1.0 - u) * b0 * b0 + u * b1 * b1)


def _row_of(starts: list[float], at: float) -> int:
    return max(bisect_right(starts, at) - 1, 0)


def _end_of(starts: list[float], row: int) -> float:
    return starts[row + 1] if row + 1 < len(starts) else math.inf


def _running_sums(lengths: Iterable[float]) -> list[float]:
    """0 and the sum after each length, with the rounding errors carried along (Neumaier)."""
    total, error, sums = 0.0, 0.0, [0.0]
    for length in lengths:
        new = total + length
        big, small = (total, length) if total >= length else (length, total)
        error += (big - new) + small
        total = new
        sums.append(total + error)
    return sums

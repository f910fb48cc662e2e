"""The tempo map: quarter notes to seconds and back, under the three laws that hosts use.

Spec: "Musical time", "Tempo map". Positions are quarter notes (``ppq``), times are seconds of
song, tempi are quarter notes per minute whatever the signature says.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from bridge_protocol.errors import ErrorCode, RefusedError

MIN_BPM = 20.0
MAX_BPM = 999.0
MAX_SEGMENTS = 65_536
MAX_PPQ = 1_000_000.0
"""The last position a segment may start at: 139 hours at 120 bpm."""
MIN_SEGMENT_PPQ = 1e-6
"""The least distance between two segments; no host's tick is as fine."""

Array = NDArray[np.float64]
_Rule = Callable[[Array, Array, Array, Array], Array]

_SERIES_BELOW = 1e-4


class TempoLaw(StrEnum):
    """How the tempo goes from a segment's start to the next segment.

    ``STEP`` stays at ``bpm_start``; ``LINEAR_TIME`` is a straight line over seconds (REAPER);
    ``LINEAR_BEATS`` is a straight line over quarter notes (DAWproject, Ableton Live).
    """

    STEP = "step"
    LINEAR_TIME = "linear_time"
    LINEAR_BEATS = "linear_beats"


@dataclass(frozen=True)
class TempoSegment:
    """One stretch of the map, up to the next segment's start.

    ``bpm_end`` is reached at the next segment's start; a ``STEP`` doesn't read it.
    """

    start_ppq: float
    bpm_start: float
    bpm_end: float
    law: TempoLaw


class TempoMap:
    """An immutable map between quarter notes and seconds; position 0 is second 0.

    Before 0 the first ``bpm_start`` continues backwards, after the last segment's start its tempo
    stays. Both ways agree to 1e-9 s over songs of 100 hours. A segment's own start maps exactly:
    ``ppq(seconds(start)) == start``. The scalar and the array forms give the same bits.
    Equal and hashed by its segments. Thread-safe.

    Raises ``RefusedError``: ``WRONG_LENGTH`` for no segment, ``LIMIT`` for more than
    ``MAX_SEGMENTS``, ``NOT_FINITE``, ``OUT_OF_RANGE`` (a tempo outside 20..999, a first start
    other than 0, a start beyond ``MAX_PPQ``), ``BAD_ORDER`` (starts that don't increase),
    ``BAD_FIELD`` for a ramp in the last segment.
    """

    __slots__ = ("_bpm_end", "_bpm_start", "_lengths", "_ramps", "_seconds", "_segments", "_starts")

    def __init__(self, segments: Sequence[TempoSegment]) -> None:
        self._segments = tuple(segments)
        _check_segments(self._segments)
        self._starts = np.array([s.start_ppq for s in self._segments], np.float64)
        self._bpm_start = np.array([s.bpm_start for s in self._segments], np.float64)
        self._bpm_end = np.array([s.bpm_end for s in self._segments], np.float64)
        self._lengths = np.append(np.diff(self._starts), np.inf)
        laws = np.array([s.law.value for s in self._segments])
        self._ramps = {law: laws == law.value for law in _RAMPS if law in laws}
        rows = np.arange(len(self._segments) - 1)
        self._seconds = _running_sums(self._apply(_SECONDS, self._lengths[:-1], rows))

    @classmethod
    def constant(cls, bpm: float) -> TempoMap:
        """One tempo from 0 on. Raises as the class does."""
        return cls([TempoSegment(0.0, bpm, bpm, TempoLaw.STEP)])

    @property
    def segments(self) -> tuple[TempoSegment, ...]:
        """The segments as given."""
        return self._segments

    def seconds_array(self, ppq: Array) -> Array:
        """Seconds at each position; non-decreasing where ``ppq`` is."""
        ppq = np.asarray(ppq, np.float64)
        rows = _row_of(self._starts, ppq)
        into = self._apply(_SECONDS, ppq - self._starts[rows], rows)
        return np.minimum(self._seconds[rows] + into, _end_of(self._seconds, rows))

    def ppq_array(self, seconds: Array) -> Array:
        """Positions at each second; the inverse of ``seconds_array``."""
        seconds = np.asarray(seconds, np.float64)
        rows = _row_of(self._seconds, seconds)
        into = self._apply(_PPQ, seconds - self._seconds[rows], rows)
        return np.minimum(self._starts[rows] + into, _end_of(self._starts, rows))

    def bpm_array(self, ppq: Array) -> Array:
        """Tempo at each position; at a segment's start, the new segment's ``bpm_start``."""
        ppq = np.asarray(ppq, np.float64)
        rows = _row_of(self._starts, ppq)
        return self._apply(_BPM, ppq - self._starts[rows], rows)

    def seconds(self, ppq: float) -> float:
        """Seconds at a position."""
        return float(self.seconds_array(np.array([ppq], np.float64))[0])

    def ppq(self, seconds: float) -> float:
        """The position at a second."""
        return float(self.ppq_array(np.array([seconds], np.float64))[0])

    def bpm(self, ppq: float) -> float:
        """The tempo at a position."""
        return float(self.bpm_array(np.array([ppq], np.float64))[0])

    def _apply(self, rules: dict[TempoLaw, _Rule], into: Array, rows: NDArray[np.intp]) -> Array:
        """Each element by its own segment's law; before 0 there is no ramp yet, only a step."""
        columns = (self._bpm_start, self._bpm_end, self._lengths)
        out = rules[TempoLaw.STEP](into, *(column[rows] for column in columns))
        for law, has_law in self._ramps.items():
            chosen = has_law[rows] & (into > 0)
            picked = rows[chosen]
            out[chosen] = rules[law](into[chosen], *(column[picked] for column in columns))
        return out

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TempoMap) and self._segments == other._segments

    def __hash__(self) -> int:
        return hash(self._segments)

    def __repr__(self) -> str:
        return f"TempoMap({list(self._segments)!r})"


def check_bpm(bpm: float, field: str) -> None:
    """Refuse a tempo that is not a number (``NOT_FINITE``) or not in 20..999 (``OUT_OF_RANGE``)."""
    if not math.isfinite(bpm):
        raise RefusedError(ErrorCode.NOT_FINITE, field, "the tempo is not a number; give a bpm")
    if not MIN_BPM <= bpm <= MAX_BPM:
        text = f"{bpm:g} bpm is out of range; give {MIN_BPM:g} to {MAX_BPM:g}"
        raise RefusedError(ErrorCode.OUT_OF_RANGE, field, text)


# What follows is the mathematics of the spec's table: q quarter notes or t seconds into a
# segment of Q quarter notes that goes from b0 to b1 bpm. Q is infinite for the last segment.


def _step_seconds(q: Array, b0: Array, b1: Array, Q: Array) -> Array:
    return 60.0 * q / b0


def _step_ppq(t: Array, b0: Array, b1: Array, Q: Array) -> Array:
    return b0 * t / 60.0


def _step_bpm(q: Array, b0: Array, b1: Array, Q: Array) -> Array:
    return b0.copy()


def _time_bpm(q: Array, b0: Array, b1: Array, Q: Array) -> Array:
    u = q / Q
    return np.asarray(np.sqrt((1.0 - u) * b0 * b0 + u * b1 * b1))


def _time_seconds(q: Array, b0: Array, b1: Array, Q: Array) -> Array:
    return 120.0 * q / (b0 + _time_bpm(q, b0, b1, Q))


def _time_ppq(t: Array, b0: Array, b1: Array, Q: Array) -> Array:
    T = 120.0 * Q / (b0 + b1)
    return t * (2.0 * b0 + (b1 - b0) * (t / T)) / 120.0


def _beats_bpm(q: Array, b0: Array, b1: Array, Q: Array) -> Array:
    return b0 + (b1 - b0) * (q / Q)


def _beats_seconds(q: Array, b0: Array, b1: Array, Q: Array) -> Array:
    return 60.0 * q / b0 * _log1p_over(((b1 - b0) / b0) * (q / Q))


def _beats_ppq(t: Array, b0: Array, b1: Array, Q: Array) -> Array:
    return b0 * t / 60.0 * _expm1_over((b1 - b0) * t / (60.0 * Q))


def _log1p_over(x: Array) -> Array:
    """``log1p(x) / x``, and its series where ``x`` is near 0."""
    near = np.abs(x) < _SERIES_BELOW
    safe = np.where(near, 1.0, x)
    return np.where(near, 1.0 + x * (-1 / 2 + x * (1 / 3 - x / 4)), np.log1p(safe) / safe)


def _expm1_over(y: Array) -> Array:
    """``expm1(y) / y``, and its series where ``y`` is near 0."""
    near = np.abs(y) < _SERIES_BELOW
    safe = np.where(near, 1.0, y)
    return np.where(near, 1.0 + y * (1 / 2 + y * (1 / 6 + y / 24)), np.expm1(safe) / safe)


_RAMPS = (TempoLaw.LINEAR_TIME, TempoLaw.LINEAR_BEATS)
_SECONDS: dict[TempoLaw, _Rule] = dict(
    zip(TempoLaw, (_step_seconds, _time_seconds, _beats_seconds), strict=True)
)
_PPQ: dict[TempoLaw, _Rule] = dict(zip(TempoLaw, (_step_ppq, _time_ppq, _beats_ppq), strict=True))
_BPM: dict[TempoLaw, _Rule] = dict(zip(TempoLaw, (_step_bpm, _time_bpm, _beats_bpm), strict=True))


def _row_of(starts: Array, at: Array) -> NDArray[np.intp]:
    """The last row that starts at or before each element; row 0 before all of them."""
    return np.maximum(np.searchsorted(starts, at, side="right") - 1, 0)


def _end_of(starts: Array, rows: NDArray[np.intp]) -> Array:
    """Where each row's successor starts: no rounding may step over it."""
    return np.append(starts[1:], np.inf)[rows]


def _running_sums(lengths: Iterable[float]) -> Array:
    """0 and the sum after each length, with the rounding errors carried along (Neumaier)."""
    total, error, sums = 0.0, 0.0, [0.0]
    for length in lengths:
        new = total + length
        big, small = (total, length) if total >= length else (length, total)
        error += (big - new) + small
        total = new
        sums.append(total + error)
    return np.array(sums, np.float64)


def _check_segments(segments: tuple[TempoSegment, ...]) -> None:
    if not segments:
        text = "a tempo map needs a segment; give one that starts at 0"
        raise RefusedError(ErrorCode.WRONG_LENGTH, "segments", text)
    if len(segments) > MAX_SEGMENTS:
        text = f"{len(segments)} tempo segments are too many; give at most {MAX_SEGMENTS}"
        raise RefusedError(ErrorCode.LIMIT, "segments", text)
    for index, segment in enumerate(segments):
        _check_start(segments, index)
        check_bpm(segment.bpm_start, f"segments[{index}].bpm_start")
        check_bpm(segment.bpm_end, f"segments[{index}].bpm_end")
    _check_last(segments)


def _check_start(segments: tuple[TempoSegment, ...], index: int) -> None:
    start, field = segments[index].start_ppq, f"segments[{index}].start_ppq"
    if not math.isfinite(start):
        text = "the position is not a number; give quarter notes from the song's start"
        raise RefusedError(ErrorCode.NOT_FINITE, field, text)
    if index == 0 and start != 0.0:
        text = f"the first tempo is at {start:g} quarter notes; give the first one at 0"
        raise RefusedError(ErrorCode.OUT_OF_RANGE, field, text)
    if start > MAX_PPQ:
        text = f"a tempo at {start:g} quarter notes is too far; give at most {MAX_PPQ:g}"
        raise RefusedError(ErrorCode.OUT_OF_RANGE, field, text)
    if index > 0 and start - segments[index - 1].start_ppq < MIN_SEGMENT_PPQ:
        before = segments[index - 1].start_ppq
        text = f"a tempo at {start:g} quarter notes follows one at {before:g}; sort them, one each"
        raise RefusedError(ErrorCode.BAD_ORDER, field, text)


def _check_last(segments: tuple[TempoSegment, ...]) -> None:
    last = segments[-1]
    if last.law is not TempoLaw.STEP and last.bpm_start != last.bpm_end:
        text = "the last tempo ramps and nothing says where it ends; add a segment at its end"
        raise RefusedError(ErrorCode.BAD_FIELD, f"segments[{len(segments) - 1}].law", text)

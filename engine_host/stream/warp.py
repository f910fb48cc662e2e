"""Which seconds of a source with a tempo of its own sound where in the host's song.

A quarter note of the source is laid on a quarter note of the host, its first bar line on a place
of the song. What sounds in one go is a *pass*; what of a pass is stretched by one ratio is a *run*:
up to four bars of a constant tempo, a bar, or in a ramp a beat or less.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from bridge_protocol.bars import BarGrid
from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.tempo import TempoLaw, TempoMap

GROUP_BARS = 4
LONGEST_RUN_SECONDS = 4.0  # of several bars: the stretcher lets nobody else run while it works
EXACT_SECONDS = 1e-5  # bar lines within a run lie so near their samples
BENT_SECONDS = 0.003  # between its ends a ramp may leave a run's straight line by so much
SHORTEST_RUN_PPQ = 0.125
LOOKS_PER_QUARTER = 8
MISSING_PPQ = 1 / 16  # a source this much shorter than whole bars has whole bars
MOST_STRETCHED, MOST_SQUEEZED = 0.25, 4.0  # the host's tempo over the source's own
GROUPS_KEPT = 4_096


@dataclass(frozen=True)
class SourceTempo:
    """A source's own steady tempo: quarter notes a minute, and where its first bar line lies."""

    bpm: float
    downbeat_seconds: float = 0.0

    def seconds(self, quarters: float) -> float:
        """Seconds that so many quarter notes of the source last."""
        return quarters * 60.0 / self.bpm

    def quarters(self, seconds: float) -> float:
        """Quarter notes in so many seconds of the source."""
        return seconds * self.bpm / 60.0


@dataclass(frozen=True)
class Pass:
    """The song's ``[start_ppq, end_ppq)`` plays the source from ``begin_seconds`` on.

    ``round_seconds``: what is heard before the pass is its own end, so many seconds from its begin;
    None where it is what lies before it in the source.
    """

    start_ppq: float
    end_ppq: float
    begin_seconds: float
    round_seconds: float | None


@dataclass(frozen=True)
class Run:
    """Host samples ``[start, end)``, which begin ``song_seconds`` into the song and last
    ``lasts_seconds``, play ``source_lasts`` seconds of the source from ``source_seconds`` on."""

    start: int
    end: int
    song_seconds: float
    lasts_seconds: float
    source_seconds: float
    source_lasts: float
    part_of: Pass


class Warp:
    """One placement of a source on one grid. Deterministic; thread-safe.

    With ``repeat_bars`` the source begins again at every so many bar lines, from its first bar
    line on. Where a repetition is longer than the source, it goes round inside by whole bars, or
    by whole quarter notes (one at least) where the source is shorter than a bar. What lies before
    the first bar line is heard once, before the first repetition.
    """

    def __init__(
        self,
        grid: BarGrid,
        tempo: SourceTempo,
        at_ppq: float,
        repeat_bars: int,
        source_seconds: float,
    ) -> None:
        self.grid = grid
        self._tempo, self._at, self._repeat = tempo, at_ppq, repeat_bars
        self._held_ppq = tempo.quarters(source_seconds - tempo.downbeat_seconds)
        self._anchor = grid.meter.bar_at(at_ppq)
        self._into_bar = at_ppq - float(grid.ppq(self._anchor))
        self._groups: dict[int, tuple[Run, ...]] = {}

    @property
    def end_sample(self) -> int:
        """The host sample where a source that plays once ends."""
        return self.grid.sample_of_ppq(self._at + self._held_ppq)

    def runs(self, start: int, end: int) -> list[Run]:
        """Every run that sounds in host samples ``[start, end)``, in order."""
        first = (self.grid.bar_of_sample(start) - self._anchor) // GROUP_BARS
        last = (self.grid.bar_of_sample(max(start, end - 1)) - self._anchor) // GROUP_BARS
        found = [run for group in range(first, last + 1) for run in self._group(group)]
        return [run for run in found if run.start < end and run.end > start]

    def check(self) -> None:
        """Refuses (``OUT_OF_RANGE``, field ``bpm``) a source that would be stretched too far."""
        start = self._at - self._tempo.quarters(self._tempo.downbeat_seconds)
        end = math.inf if self._repeat else self._at + self._held_ppq
        slowest, fastest = _range_of(self.grid.tempo, start, end)
        bpm = self._tempo.bpm
        if slowest >= MOST_STRETCHED * bpm and fastest <= MOST_SQUEEZED * bpm:
            return
        raise RefusedError(
            ErrorCode.OUT_OF_RANGE,
            "bpm",
            f"The host plays {slowest:g} to {fastest:g} bpm there; a source of {bpm:g} bpm can be "
            f"stretched to {MOST_STRETCHED * bpm:g} to {MOST_SQUEEZED * bpm:g}. Give half or twice "
            "its tempo, or let it follow the host.",
        )

    # ------------------------------------------------------------ passes

    def _passes(self, start_ppq: float, end_ppq: float) -> Iterator[Pass]:
        """Every pass that sounds in a part of the song, in order."""
        pick_up = self._tempo.quarters(self._tempo.downbeat_seconds)
        begin = self._tempo.downbeat_seconds
        found = [Pass(self._at - pick_up, self._at, 0.0, None)]
        if self._repeat:
            found += self._repeated(start_ppq, end_ppq)
        else:
            found.append(Pass(self._at, self._at + self._held_ppq, begin, None))
        for each in found:
            if max(start_ppq, each.start_ppq) < min(end_ppq, each.end_ppq):
                yield each

    def _repeated(self, start_ppq: float, end_ppq: float) -> Iterator[Pass]:
        bars = self.grid.meter.bar_at(start_ppq - self._into_bar) - self._anchor
        repetition = max(0, bars // self._repeat)
        while self._repetition_ppq(repetition) < end_ppq:
            yield from self._rounds(repetition, start_ppq, end_ppq)
            repetition += 1

    def _rounds(self, repetition: int, start_ppq: float, end_ppq: float) -> Iterator[Pass]:
        """The passes of one repetition that sound in a part of the song."""
        start, end = self._repetition_ppq(repetition), self._repetition_ppq(repetition + 1)
        length = self._round_ppq(self._anchor + repetition * self._repeat, end - start)
        first = max(0, math.floor((start_ppq - start) / length))
        for number in range(first, math.ceil((min(end, end_ppq) - start) / length)):
            at = start + number * length
            follows_itself = repetition > 0 or number > 0
            around = self._tempo.seconds(length) if follows_itself else None
            yield Pass(at, min(at + length, end), self._tempo.downbeat_seconds, around)

    def _repetition_ppq(self, repetition: int) -> float:
        return float(self.grid.ppq(self._anchor + repetition * self._repeat)) + self._into_bar

    def _round_ppq(self, bar: int, repetition_ppq: float) -> float:
        """Quarter notes of the source that are heard before it begins again."""
        held = self._held_ppq + MISSING_PPQ
        if held >= repetition_ppq:
            return repetition_ppq
        bar_ppq = float(self.grid.meter.bar_length(bar))
        return held // bar_ppq * bar_ppq if held >= bar_ppq else max(1.0, held // 1.0)

    # ------------------------------------------------------------ runs

    def _group(self, number: int) -> tuple[Run, ...]:
        known = self._groups.get(number)
        if known is None:
            if len(self._groups) >= GROUPS_KEPT:
                self._groups.clear()
            known = self._groups[number] = tuple(self._runs_of(number))
        return known

    def _runs_of(self, group: int) -> Iterator[Run]:
        first = self._anchor + group * GROUP_BARS
        lines = [float(self.grid.ppq(first + bar)) for bar in range(GROUP_BARS + 1)]
        for each in self._passes(lines[0], lines[-1]):
            start, end = max(each.start_ppq, lines[0]), min(each.end_ppq, lines[-1])
            inside = [line for line in lines if start < line < end]
            for low, high in pairwise([start, *self._cuts([start, *inside, end]), end]):
                run = self._run(each, low, high)
                if run.end > run.start:
                    yield run

    def _run(self, part_of: Pass, low: float, high: float) -> Run:
        song = self.grid.tempo.seconds(low)
        return Run(
            start=self.grid.sample_of_ppq(low),
            end=self.grid.sample_of_ppq(high),
            song_seconds=song,
            lasts_seconds=self.grid.tempo.seconds(high) - song,
            source_seconds=part_of.begin_seconds + self._tempo.seconds(low - part_of.start_ppq),
            source_lasts=self._tempo.seconds(high - low),
            part_of=part_of,
        )

    def _cuts(self, lines: list[float]) -> list[float]:
        """Where a stretch of bars, given by its bar lines, must be cut into runs."""
        low, high = lines[0], lines[-1]
        if len(lines) == 2:
            return self._cuts_in_bar(low, high)
        lasts = self.grid.tempo.seconds(high) - self.grid.tempo.seconds(low)
        if lasts <= LONGEST_RUN_SECONDS and self._bend(low, high) <= EXACT_SECONDS:
            return []
        middle = len(lines) // 2
        return [*self._cuts(lines[: middle + 1]), lines[middle], *self._cuts(lines[middle:])]

    def _cuts_in_bar(self, low: float, high: float) -> list[float]:
        if self._bend(low, high) <= BENT_SECONDS:
            return []
        bar = self.grid.meter.bar_at(low)
        start, beat = float(self.grid.ppq(bar)), float(self.grid.meter.beat_length(bar))
        numbers = range(math.floor((low - start) / beat) + 1, math.ceil((high - start) / beat))
        beats = [start + number * beat for number in numbers]
        found = list(beats)
        for below, above in pairwise([low, *beats, high]):
            found += self._cuts_in_beat(below, above)
        return sorted(found)

    def _cuts_in_beat(self, low: float, high: float) -> list[float]:
        if high - low < 2 * SHORTEST_RUN_PPQ or self._bend(low, high) <= BENT_SECONDS:
            return []
        middle = (low + high) / 2
        return [*self._cuts_in_beat(low, middle), middle, *self._cuts_in_beat(middle, high)]

    def _bend(self, low: float, high: float) -> float:
        """How far the song's time leaves a straight line from one position to the other, seconds."""
        count = max(3, math.ceil((high - low) * LOOKS_PER_QUARTER) + 1)
        seconds = self.grid.tempo.seconds_array(np.linspace(low, high, count))
        straight = np.linspace(seconds[0], seconds[-1], count)
        return float(np.abs(seconds - straight).max())


def at_rate(grid: BarGrid, host_sample: int, rate_hz: int) -> int:
    """A host sample, counted at another rate."""
    if rate_hz == grid.sample_rate_hz:
        return host_sample
    return round(host_sample * rate_hz / grid.sample_rate_hz)


def _range_of(tempo: TempoMap, start_ppq: float, end_ppq: float) -> tuple[float, float]:
    """The slowest and the fastest tempo between two positions."""
    found = [tempo.bpm(start_ppq)]
    ends = [segment.start_ppq for segment in tempo.segments[1:]] + [math.inf]
    for segment, end in zip(tempo.segments, ends, strict=True):
        if segment.start_ppq < end_ppq and end > start_ppq:
            ramps = segment.law is not TempoLaw.STEP
            found += [segment.bpm_start, segment.bpm_end] if ramps else [segment.bpm_start]
    return min(found), max(found)

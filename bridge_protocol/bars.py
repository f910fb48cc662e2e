"""Bar lines in samples: the tempo map, the meter and a sample rate, put together.

Spec: "Musical time", "Units". Every sample is computed from the map, never by adding up
rounded lengths, so an hour at any tempo ends on the exact sample.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from fractions import Fraction

from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.meter import MeterMap
from bridge_protocol.tempo import TempoMap

MIN_SAMPLE_RATE_HZ = 8_000
MAX_SAMPLE_RATE_HZ = 768_000
KEPT_BARS = 65_536  # bar lines remembered, so that a playing stream need not compute them again


@dataclass(frozen=True)
class BarLine:
    """One bar line in every unit; ``bar`` is numbered from 1, as DAWs show it."""

    bar: int
    ppq: float
    seconds: float
    sample: int


@dataclass(frozen=True)
class BarGrid:
    """Where the bars of a song fall in samples; sample 0 is position 0.

    A sample is ``round(sample_rate_hz * seconds)``, a half going to the even neighbour; a port
    to another language must do the same. Bars are 0-based indices and may be negative.
    Raises ``RefusedError`` ``OUT_OF_RANGE`` for a sample rate outside 8000..768000 and for a bar
    of the meter that is cut so short that no sample is left of it. Thread-safe.
    """

    tempo: TempoMap
    meter: MeterMap
    sample_rate_hz: int
    _samples: dict[int, int] = field(default_factory=dict, init=False, repr=False, compare=False)
    _seconds: dict[int, int] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not MIN_SAMPLE_RATE_HZ <= self.sample_rate_hz <= MAX_SAMPLE_RATE_HZ:
            text = f"{self.sample_rate_hz} Hz is out of range; give {MIN_SAMPLE_RATE_HZ} to {MAX_SAMPLE_RATE_HZ}"
            raise RefusedError(ErrorCode.OUT_OF_RANGE, "sample_rate_hz", text)
        self._check_cut_bars()

    def ppq(self, bar: int) -> Fraction:
        """The bar's first position in quarter notes, exact."""
        return self.meter.bar_start(bar)

    def seconds(self, bar: int) -> float:
        """The bar's start in seconds."""
        return self.tempo.seconds(float(self.ppq(bar)))

    def sample(self, bar: int) -> int:
        """The bar's first sample; strictly increasing over bars."""
        found = self._samples.get(bar)
        if found is None:
            if len(self._samples) >= KEPT_BARS:
                self._samples.clear()
            found = self._samples[bar] = self.sample_of_ppq(self.ppq(bar))
        return found

    def line(self, bar: int) -> BarLine:
        """The bar line of a 0-based bar index."""
        return BarLine(bar + 1, float(self.ppq(bar)), self.seconds(bar), self.sample(bar))

    def sample_of_ppq(self, ppq: float | Fraction) -> int:
        """The sample nearest to a position."""
        return round(self.sample_rate_hz * self.tempo.seconds(float(ppq)))

    def ppq_of_sample(self, sample: int) -> float:
        """The position at a sample's instant; a bar's own sample may lie half a sample off it."""
        return self.tempo.ppq(sample / self.sample_rate_hz)

    def bar_of_sample(self, sample: int) -> int:
        """The one bar with ``sample(bar) <= sample < sample(bar + 1)``."""
        second = sample // self.sample_rate_hz
        bar = self._seconds.get(second)
        if bar is None:
            if len(self._seconds) >= KEPT_BARS:
                self._seconds.clear()
            bar = self._seconds[second] = self._search(second * self.sample_rate_hz)
        while self.sample(bar + 1) <= sample:
            bar += 1
        return bar

    def _search(self, sample: int) -> int:
        bar = self.meter.bar_at(self.ppq_of_sample(sample))
        return bar + 1 if self.sample(bar + 1) <= sample else bar

    def next_beat(self, sample: int) -> tuple[float, int]:
        """Position and sample of the first beat line at or after a sample.

        Beats are the denominator's note value, counted from the bar's start; a bar line is one,
        also where the bar before it is cut within a beat.
        """
        bar = self.bar_of_sample(sample)
        start, end, length = self.ppq(bar), self.ppq(bar + 1), self.meter.beat_length(bar)
        into = (self.ppq_of_sample(sample) - float(start)) / float(length)
        line = start + max(math.floor(into), 0) * length
        while (at := self.sample_of_ppq(line)) < sample:
            line = min(line + length, end)
        return float(line), at

    def _check_cut_bars(self) -> None:
        """Every other bar lasts 60 samples at least: 1/32 at 999 bpm and 8000 Hz."""
        for change in self.meter.changes:
            if change.start_ppq is None:
                continue
            cut = change.bar - 1
            if self.sample_of_ppq(self.ppq(cut)) == self.sample_of_ppq(change.start_ppq):
                text = (
                    f"bar {cut + 1} is cut to less than a sample; "
                    f"move the signature at bar {change.bar + 1} to the bar line"
                )
                raise RefusedError(ErrorCode.OUT_OF_RANGE, "meter", text)

"""Source audio, and where it lies in the song."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import soxr

from bridge_protocol.bars import BarGrid

Samples = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Source:
    """Audio ``[frames, channels]`` as it was sent, named by its hash."""

    hash: str
    name: str
    rate_hz: int
    audio: Samples

    @property
    def seconds(self) -> float:
        """Its length."""
        return len(self.audio) / self.rate_hz

    @cached_property
    def _at_rates(self) -> dict[int, Samples]:
        return {}

    def stereo_at(self, rate_hz: int) -> Samples:
        """``[frames, 2]`` at ``rate_hz``; the samples themselves, untouched, where the rates agree."""
        if rate_hz not in self._at_rates:
            stereo = np.repeat(self.audio, 2, axis=1) if self.audio.shape[1] == 1 else self.audio
            if rate_hz != self.rate_hz:
                stereo = soxr.resample(stereo, self.rate_hz, rate_hz, quality="VHQ")
            self._at_rates[rate_hz] = np.ascontiguousarray(stereo, dtype=np.float32)
        return self._at_rates[rate_hz]


@dataclass(frozen=True, eq=False)
class Placement:
    """A source in the song: it begins at ``at_ppq``; with ``repeat_bars`` it begins again at every
    so many bar lines from there (and goes round inside, where a repetition is longer than it)."""

    source: Source
    at_ppq: float
    repeat_bars: int

    def key(self) -> tuple[str, float, int]:
        """What tells one placement from another."""
        return (self.source.hash, self.at_ppq, self.repeat_bars)

    def read(self, grid: BarGrid, start: int, frames: int, rate_hz: int) -> Samples:
        """``[frames, 2]`` at ``rate_hz`` from song sample ``start`` (counted at ``rate_hz``); silence outside."""
        audio = self.source.stereo_at(rate_hz)
        out = np.zeros((frames, 2), dtype=np.float32)
        if len(audio) == 0:
            return out
        position = start
        while position < start + frames:
            origin, until = self._repetition(grid, position, start + frames, rate_hz)
            self._copy(audio, out, start, position, until, origin)
            position = until
        return out

    def _repetition(
        self, grid: BarGrid, position: int, stop: int, rate_hz: int
    ) -> tuple[int | None, int]:
        """The sample where the repetition that holds ``position`` begins, and where it ends."""
        first = _sample(grid, grid.sample_of_ppq(self.at_ppq), rate_hz)
        if position < first:
            return None, min(stop, first)
        if not self.repeat_bars:
            return first, stop
        anchor_bar = grid.meter.bar_at(self.at_ppq)
        shift = first - _sample(grid, grid.sample(anchor_bar), rate_hz)
        host_position = (position - shift) * grid.sample_rate_hz // rate_hz
        bar = grid.bar_of_sample(host_position)
        while _sample(grid, grid.sample(bar + 1), rate_hz) + shift <= position:
            bar += 1
        bar -= (bar - anchor_bar) % self.repeat_bars
        begin = _sample(grid, grid.sample(bar), rate_hz) + shift
        end = _sample(grid, grid.sample(bar + self.repeat_bars), rate_hz) + shift
        return begin, min(stop, end)

    def _copy(
        self,
        audio: Samples,
        out: Samples,
        start: int,
        position: int,
        until: int,
        origin: int | None,
    ) -> None:
        if origin is None:
            return
        index = np.arange(position - origin, until - origin)
        if self.repeat_bars:
            out[position - start : until - start] = audio[index % len(audio)]
            return
        index = index[index < len(audio)]
        out[position - start : position - start + len(index)] = audio[index]


def _sample(grid: BarGrid, host_sample: int, rate_hz: int) -> int:
    if rate_hz == grid.sample_rate_hz:
        return host_sample
    return round(host_sample * rate_hz / grid.sample_rate_hz)

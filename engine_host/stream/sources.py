"""Source audio, and where it lies in the song."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import soxr

from bridge_protocol.bars import BarGrid
from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.tempo import check_bpm
from engine_host.stream.beats import Beats, find_beats
from engine_host.stream.stretching import Stretcher, reach_samples
from engine_host.stream.warp import SourceTempo, Warp, at_rate

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

    @cached_property
    def stretcher(self) -> Stretcher:
        """Its sound at other tempi than its own."""
        return Stretcher(self.stereo_at)

    @cached_property
    def _heard(self) -> list[Beats]:
        return []

    @property
    def is_heard(self) -> bool:
        """Whether :meth:`beats` is known and costs nothing."""
        return bool(self._heard)

    def beats(self) -> Beats:
        """Its tempo, as heard; takes seconds the first time. See :func:`find_beats`."""
        if not self._heard:
            self._heard.append(find_beats(self.audio, self.rate_hz))
        return self._heard[0]


def own_tempo(
    source: Source, bpm: float | None = None, downbeat_seconds: float | None = None
) -> SourceTempo:
    """The tempo of a source that has its own: given, or where ``bpm`` is None, found.

    ``downbeat_seconds`` is where its first bar line lies; None is its start where the tempo is
    given, and the first beat where it is found. Finding it takes seconds: do it where nobody
    waits. Raises RefusedError for ``bpm`` (not 20 to 999, or none is found) and ``downbeat``.
    """
    first = 0.0
    if bpm is None:
        beats = source.beats()
        bpm, first = beats.bpm, beats.first_seconds
    check_bpm(bpm, "bpm")
    downbeat = first if downbeat_seconds is None else downbeat_seconds
    if not 0 <= downbeat < source.seconds:
        raise RefusedError(
            ErrorCode.OUT_OF_RANGE,
            "downbeat",
            f"The source lasts {source.seconds:.2f} s; its first bar line lies in it.",
        )
    return SourceTempo(bpm, downbeat)


@dataclass(frozen=True, eq=False)
class Placement:
    """A source in the song: it begins at ``at_ppq``; with ``repeat_bars`` it begins again at every
    so many bar lines from there (and goes round inside, where a repetition is longer than it).

    ``tempo`` None: the source follows the host already, and is left as it is, bit for bit. Else it
    is stretched to the host's map, with its first bar line at ``at_ppq``; see :class:`Warp`.
    """

    source: Source
    at_ppq: float
    repeat_bars: int
    tempo: SourceTempo | None = None

    def key(self) -> tuple[str, float, int, SourceTempo | None]:
        """What tells one placement from another."""
        return (self.source.hash, self.at_ppq, self.repeat_bars, self.tempo)

    def check(self, grid: BarGrid) -> None:
        """Refuses a source whose own tempo is too far from the host's; see :meth:`Warp.check`."""
        if self.tempo is not None:
            self._warp(grid, self.tempo).check()

    def end_sample(self, grid: BarGrid) -> int | None:
        """The host sample where a source that plays once ends; None where it repeats."""
        if self.repeat_bars:
            return None
        if self.tempo is not None:
            return self._warp(grid, self.tempo).end_sample
        start = grid.sample_of_ppq(self.at_ppq)
        return start + math.ceil(self.source.seconds * grid.sample_rate_hz)

    def read(self, grid: BarGrid, start: int, frames: int, rate_hz: int) -> Samples:
        """``[frames, 2]`` at ``rate_hz`` from song sample ``start`` (counted at ``rate_hz``); silence outside.

        Deterministic; any part has the same samples whatever it is read with. Any thread.
        """
        if self.tempo is not None:
            return self._stretched(self._warp(grid, self.tempo), start, frames, rate_hz)
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

    @cached_property
    def _warps(self) -> list[Warp]:
        """The last grid's; a map edit brings another."""
        return []

    def _warp(self, grid: BarGrid, tempo: SourceTempo) -> Warp:
        known = self._warps[-1] if self._warps else None
        if known is None or known.grid is not grid:
            known = Warp(grid, tempo, self.at_ppq, self.repeat_bars, self.source.seconds)
            self._warps[:] = [known]
        return known

    def _stretched(self, warp: Warp, start: int, frames: int, rate_hz: int) -> Samples:
        host_rate = warp.grid.sample_rate_hz
        reach = reach_samples(rate_hz)
        first = (start - 1) * host_rate // rate_hz - 1
        last = -(-(start + frames + reach) * host_rate // rate_hz) + 1
        runs = warp.runs(first, last)
        return self.source.stretcher.read(warp.grid, runs, start, frames, rate_hz)

    def _repetition(
        self, grid: BarGrid, position: int, stop: int, rate_hz: int
    ) -> tuple[int | None, int]:
        """The sample where the repetition that holds ``position`` begins, and where it ends."""
        first = at_rate(grid, grid.sample_of_ppq(self.at_ppq), rate_hz)
        if position < first:
            return None, min(stop, first)
        if not self.repeat_bars:
            return first, stop
        anchor_bar = grid.meter.bar_at(self.at_ppq)
        shift = first - at_rate(grid, grid.sample(anchor_bar), rate_hz)
        host_position = (position - shift) * grid.sample_rate_hz // rate_hz
        bar = grid.bar_of_sample(host_position)
        while at_rate(grid, grid.sample(bar + 1), rate_hz) + shift <= position:
            bar += 1
        bar -= (bar - anchor_bar) % self.repeat_bars
        begin = at_rate(grid, grid.sample(bar), rate_hz) + shift
        end = at_rate(grid, grid.sample(bar + self.repeat_bars), rate_hz) + shift
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

"""Interval mode: a track's live input, heard transformed some bars later.

NINJAM's rule: what was played in one bar is heard in the n-th bar on, whole. A bar is counted along
the host's path, so that in a loop the bars of the pass before are heard. Bars that were never
played (before the start, or after a locate) are silence. Under the engine's lock, except for
reading bars that are complete, which never change again.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

import numpy as np

from bridge_protocol.bars import BarGrid
from engine_host.stream.playline import Leg
from engine_host.stream.rates import RatePair
from engine_host.stream.sources import Samples
from engine_host.stream.windows import Frames

KEPT_SECONDS = 600.0

Lap = tuple[int, int]
"""One pass of the song: epoch and lap."""


@dataclass(eq=False)
class _Bar:
    audio: Samples  # [frames of the bar, 2]; what has not come is silence
    filled: int = 0  # the furthest frame that has come


class LiveInput:
    """What a track has played, by pass and bar; the oldest bars go when there is too much."""

    def __init__(self) -> None:
        self._bars: OrderedDict[tuple[int, int, int], _Bar] = OrderedDict()
        self._began: dict[Lap, int] = {}  # the song sample at which a pass began
        self._newest: Lap = (-1, 0)

    def begin(self, epoch: int, sample: int) -> None:
        """The host goes on from ``sample`` in a new epoch; of older ones nothing more will come."""
        if epoch > self._newest[0]:
            self._newest = (epoch, 0)
            self._began = {self._newest: sample}

    def write(self, grid: BarGrid, lap: Lap, sample: int, audio: Samples) -> bool:
        """Takes ``[frames, 2]`` that was played from a song sample on, in order within a pass.

        Returns whether a bar is complete now that was not before.
        """
        self._newest = max(self._newest, lap)
        self._began.setdefault(lap, sample)
        completed = False
        at = sample
        while at < sample + len(audio):
            bar = grid.bar_of_sample(at)
            start, end = grid.sample(bar), grid.sample(bar + 1)
            until = min(end, sample + len(audio))
            kept = self._bar((*lap, bar), end - start)
            kept.audio[at - start : until - start] = audio[at - sample : until - sample]
            kept.filled = max(kept.filled, until - start)
            completed |= until == end
            at = until
        self._forget(grid.sample_rate_hz)
        return completed

    def complete(self, grid: BarGrid, lap: Lap, bar: int) -> bool:
        """Whether nothing more of a bar will come: it has ended, or it will never be played."""
        if lap < self._newest:
            return True
        if lap > self._newest or lap not in self._began:
            return False
        kept = self._bars.get((*lap, bar))
        if kept is not None:
            return kept.filled == len(kept.audio)
        return grid.sample(bar + 1) <= self._began[lap]

    def bar(self, lap: Lap, bar: int) -> Samples | None:
        """What was played in a bar; None where nothing was. Any thread, once it is complete."""
        kept = self._bars.get((*lap, bar))
        return None if kept is None else kept.audio

    def _bar(self, key: tuple[int, int, int], frames: int) -> _Bar:
        kept = self._bars.get(key)
        if kept is None or len(kept.audio) != frames:  # another map has made it another bar
            self._bars[key] = _Bar(np.zeros((frames, 2), dtype=np.float32))
        return self._bars[key]

    def _forget(self, rate_hz: int) -> None:
        while sum(len(kept.audio) for kept in self._bars.values()) > KEPT_SECONDS * rate_hz:
            self._bars.popitem(last=False)


@dataclass(frozen=True, eq=False)
class LivePlacement:
    """The track's input as a source, ``bars_later`` bars after it was played."""

    input: LiveInput
    bars_later: int

    def bound(self, frames: Frames, leg: Leg) -> LiveWindow:
        """Its sound in one window of one pass."""
        return LiveWindow(self, frames, (leg.epoch, leg.lap))

    def end_sample(self, grid: BarGrid) -> None:
        """It never ends."""
        return


@dataclass(frozen=True, eq=False)
class LiveWindow:
    """What is heard of a live input in one window. Immutable once :attr:`complete`."""

    placement: LivePlacement
    frames: Frames
    lap: Lap

    def key(self) -> tuple[str, int, Lap]:
        """What tells one from another, beside its window."""
        return ("live", self.placement.bars_later, self.lap)

    @property
    def complete(self) -> bool:
        """Whether all that it is made of has been played."""
        played = self.placement.input
        return all(played.complete(self.frames.grid, *self._heard(bar)) for bar in self._own_bars)

    @property
    def silent(self) -> bool:
        """Whether nothing of it was played."""
        return all(self._audio(bar) is None for bar in self._own_bars)

    def read(self, grid: BarGrid, start: int, frames: int, rate_hz: int) -> Samples:
        """``[frames, 2]`` from song sample ``start``, at the session's rate."""
        out = np.zeros((frames, 2), dtype=np.float32)
        at = start
        while at < start + frames:
            bar = grid.bar_of_sample(at)
            until = min(grid.sample(bar + 1), start + frames)
            audio = self._audio(bar)
            if audio is not None:
                piece = audio[at - grid.sample(bar) : until - grid.sample(bar)]
                out[at - start : at - start + len(piece)] = piece
            at = until
        return out

    def window_audio(self) -> Samples:
        """The whole window with its context at the model's rate, ``[count * samples_per_frame, 2]``.

        What lies after it has not been played yet when it is rendered: there the end of the window
        is heard backwards, so that the sound doesn't break off.
        """
        frames, grid = self.frames, self.frames.grid
        pair = RatePair(grid.sample_rate_hz, frames.geometry.sample_rate_hz)
        per_frame = frames.geometry.samples_per_frame
        start, length = -frames.context * per_frame, frames.count * per_frame
        first, wanted = pair.host_span(start, length)
        begin, end = grid.sample(frames.window.first_bar), grid.sample(frames.window.end_bar)
        known = self.read(grid, begin + first, end - begin - first, pair.host_hz)
        audio = np.pad(known, ((0, wanted - len(known)), (0, 0)), mode="symmetric")
        return pair.to_model(audio, start, length)

    @property
    def _own_bars(self) -> range:
        return range(self.frames.window.first_bar, self.frames.window.end_bar)

    def _heard(self, bar: int) -> tuple[Lap, int]:
        """Which bar of which pass is heard in a bar of this pass."""
        epoch, lap = self.lap
        played = bar - self.placement.bars_later
        loop = self.frames.window.loop
        while loop is not None and lap > 0 and played < loop[0]:
            played, lap = played + loop[1] - loop[0], lap - 1
        return (epoch, lap), played

    def _audio(self, bar: int) -> Samples | None:
        return self.placement.input.bar(*self._heard(bar))

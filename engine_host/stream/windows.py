"""Which bars are rendered together, and what each latent frame of such a window stands for.

The song is tiled: windows of ``window_bars`` bars counted from the song's first bar, or from the
loop's first bar while the host loops. A window depends on nothing else, least of all on when
playing began, so that an offline render and a live stream make the same generations.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bridge_protocol.bars import BarGrid
from bridge_protocol.errors import ErrorCode, RefusedError
from engine_host.models.interface import Geometry
from engine_host.stream.rates import widest_margin_frames

CONTEXT_SECONDS = 1.04  # of the song kept on each side of a window
FADE_SECONDS = 0.04  # of the longest join (declick): every decoded bar begins so much earlier


@dataclass(frozen=True)
class Window:
    """Bars ``[first_bar, end_bar)`` of the song (counted from 0); ``loop`` in bars where it wraps."""

    first_bar: int
    end_bar: int
    loop: tuple[int, int] | None
    map_revision: int


@dataclass(frozen=True, eq=False)
class Frames:
    """A window on the latent grid. Frame ``context`` begins on the window's first bar's sample."""

    window: Window
    grid: BarGrid
    geometry: Geometry
    context: int
    count: int

    @property
    def start_seconds(self) -> float:
        """Song time of the first bar's sample."""
        return self.grid.sample(self.window.first_bar) / self.grid.sample_rate_hz

    @property
    def absolute_start_frame(self) -> int:
        """The frame number the decoder is told for frame 0; never negative within a day of song."""
        return round(self.start_seconds * self.geometry.frame_rate_hz) - self.context + 4096

    def seconds(self, offset_frames: float = 0.0) -> npt.NDArray[np.float64]:
        """Song time of each frame's start (plus ``offset_frames``), folded into the loop. ``[count]``"""
        index = np.arange(self.count, dtype=np.float64) - self.context + offset_frames
        return self._folded(self.start_seconds + index / self.geometry.frame_rate_hz)

    def places(self) -> tuple[tuple[int, int], ...]:
        """The song frames that the window's frames stand for, as runs ``(first, count)``: what the
        noise is drawn by, so that windows that overlap draw the same where they do."""
        at = self.seconds() * self.geometry.frame_rate_hz
        breaks = np.flatnonzero(np.abs(np.diff(at) - 1.0) > 1e-6) + 1
        starts = [0, *(int(index) for index in breaks)]
        ends = [*starts[1:], self.count]
        return tuple(
            (math.floor(at[start] + 0.5), end - start)
            for start, end in zip(starts, ends, strict=True)
        )

    def runs(self) -> Iterator[tuple[float, float, float]]:
        """Stretches of unbroken song time: (song seconds at its start, first frame, end frame)."""
        rate = self.geometry.frame_rate_hz
        begin = self.start_seconds - self.context / rate
        end = begin + self.count / rate
        loop = self._loop_seconds()
        if loop is None:
            yield begin, 0.0, float(self.count)
            return
        low, high = loop
        at = begin
        while at < end - 1e-9:
            inside = self._fold(at, low, high)
            until = min(end, at + (high - inside))
            yield inside, (at - begin) * rate, (until - begin) * rate
            at = until

    def _loop_seconds(self) -> tuple[float, float] | None:
        if self.window.loop is None:
            return None
        first, end = self.window.loop
        rate = self.grid.sample_rate_hz
        return self.grid.sample(first) / rate, self.grid.sample(end) / rate

    def _folded(self, seconds: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        loop = self._loop_seconds()
        if loop is None:
            return seconds
        low, high = loop
        outside = (seconds < low) | (seconds >= high)
        return np.where(outside, low + np.mod(seconds - low, high - low), seconds)

    @staticmethod
    def _fold(at: float, low: float, high: float) -> float:
        folded = low + math.fmod(at - low, high - low)
        if folded < low:
            folded += high - low
        return low if high - folded < 1e-9 else folded


def context_frames(geometry: Geometry) -> int:
    """Latent frames of the song kept on each side of a window: about a second, and no fewer than are
    decoded around its bars."""
    fade = math.ceil(FADE_SECONDS * geometry.frame_rate_hz)
    decoded = fade + widest_margin_frames(geometry) + geometry.decode_halo_frames
    return max(round(CONTEXT_SECONDS * geometry.frame_rate_hz), decoded)


def frames_of(window: Window, grid: BarGrid, geometry: Geometry) -> Frames:
    """The window's latent grid; the count is a multiple of the model's frame multiple."""
    samples = grid.sample(window.end_bar) - grid.sample(window.first_bar)
    context = context_frames(geometry)
    count = _body_frames(samples, grid, geometry) + 2 * context
    count += -count % geometry.frame_multiple
    return Frames(window, grid, geometry, context, count)


def window_of(
    bar: int,
    window_bars: int,
    grid: BarGrid,
    map_revision: int,
    geometry: Geometry,
    loop: tuple[int, int] | None = None,
) -> Window:
    """The window that holds ``bar``; split evenly where the model's longest window is shorter."""
    low, high = loop if loop else (None, None)
    anchor = 0 if low is None else low
    first = anchor + (bar - anchor) // window_bars * window_bars
    end = first + window_bars if high is None else min(high, first + window_bars)
    first, end = _fitting(bar, first, end, grid, geometry)
    return Window(first, end, loop, map_revision)


def check_bars_fit(grid: BarGrid, bars: range, geometry: Geometry, field: str) -> None:
    """Refuses a map with a bar that is longer than the model's longest window."""
    for bar in bars:
        if not _fits(bar, bar + 1, grid, geometry):
            seconds = grid.seconds(bar + 1) - grid.seconds(bar)
            body = geometry.longest_window_frames - 2 * context_frames(geometry)
            most = body / geometry.frame_rate_hz
            raise RefusedError(
                ErrorCode.LIMIT,
                field,
                f"Bar {bar + 1} lasts {seconds:.1f} s; this model plays bars of at most {most:.1f} s.",
            )


def _fitting(bar: int, first: int, end: int, grid: BarGrid, geometry: Geometry) -> tuple[int, int]:
    while not _fits(first, end, grid, geometry) and end - first > 1:
        middle = (first + end) // 2
        first, end = (first, middle) if bar < middle else (middle, end)
    return first, end


def _fits(first: int, end: int, grid: BarGrid, geometry: Geometry) -> bool:
    samples = grid.sample(end) - grid.sample(first)
    body = _body_frames(samples, grid, geometry)
    total = body + 2 * context_frames(geometry) + geometry.frame_multiple
    return total <= geometry.longest_window_frames


def _body_frames(samples: int, grid: BarGrid, geometry: Geometry) -> int:
    per_second = geometry.samples_per_frame * grid.sample_rate_hz
    return -(-samples * geometry.sample_rate_hz // per_second)

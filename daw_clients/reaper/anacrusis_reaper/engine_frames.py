"""The moments at which the engine reads lanes: its model's frames, from the first sample of every window.

The engine tiles the song into windows of so many bars, counted from bar 1, and renders each with
about a second of the song before and after it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Iterator

from .song_map import SongMap

_CONTEXT_SECONDS = 1.04
_SPARE_FRAMES = 4  # more on each side, where the model's decoder or its frame count need them


@dataclass(frozen=True)
class Frames:
    """The model's frames in a session: its sample rate, and of the model frames a second and the
    longest window in seconds."""

    rate_hz: int
    frame_rate_hz: float
    longest_s: float

    @property
    def context(self) -> int:
        """Frames of the song that are rendered on each side of a window."""
        return round(_CONTEXT_SECONDS * self.frame_rate_hz)


def frame_seconds(
    song: SongMap, frames: Frames, window_bars: int, bars: tuple[int, int]
) -> list[float]:
    """The song times, in order, of all frames of the windows that hold bars ``[first, end)``.

    Windows that would be longer than the model's longest are split as the engine splits them. Times
    before the song's start are left out.
    """
    times: set[float] = set()
    for first, end in _windows(song, frames, window_bars, bars):
        start_s = song.bar_sample(first, frames.rate_hz) / frames.rate_hz
        count = _frames(song, frames, first, end) + frames.context + _SPARE_FRAMES
        for index in range(-frames.context - _SPARE_FRAMES, count):
            times.add(start_s + index / frames.frame_rate_hz)
    return sorted(at for at in times if at >= 0.0)


def _windows(
    song: SongMap, frames: Frames, window_bars: int, bars: tuple[int, int]
) -> Iterator[tuple[int, int]]:
    bar, stop = bars
    while bar < stop:
        first = bar // window_bars * window_bars
        end = first + window_bars
        while end - first > 1 and not _fits(song, frames, first, end):
            middle = (first + end) // 2
            first, end = (first, middle) if bar < middle else (middle, end)
        yield first, end
        bar = end


def _fits(song: SongMap, frames: Frames, first: int, end: int) -> bool:
    needed = _frames(song, frames, first, end) + 2 * frames.context + 2
    return needed <= frames.longest_s * frames.frame_rate_hz


def _frames(song: SongMap, frames: Frames, first: int, end: int) -> int:
    samples = song.bar_sample(end, frames.rate_hz) - song.bar_sample(first, frames.rate_hz)
    return math.ceil(samples * frames.frame_rate_hz / frames.rate_hz)

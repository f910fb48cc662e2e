"""The moments at which the engine reads lanes: 25 a second, from the first sample of every window.

The engine tiles the song into windows of so many bars, counted from bar 1, and renders each with
about a second of the song before and after it.
"""

from __future__ import annotations

from typing import Iterator

from .song_map import SongMap

FRAME_RATE_HZ = 25
CONTEXT_FRAMES = 26
_SPARE_FRAMES = 4  # a window's count is rounded up to what the model needs


def frame_seconds(
    song: SongMap, rate_hz: int, window_bars: int, bars: tuple[int, int], longest_s: float
) -> list[float]:
    """The song times, in order, of all frames of the windows that hold bars ``[first, end)``.

    ``longest_s``: of the model's longest window; windows that would be longer are split as the engine
    splits them. Times before the song's start are left out.
    """
    times: set[float] = set()
    for first, end in _windows(song, rate_hz, window_bars, bars, longest_s):
        start_s = song.bar_sample(first, rate_hz) / rate_hz
        count = _frames(song, rate_hz, first, end) + CONTEXT_FRAMES + _SPARE_FRAMES
        for index in range(-CONTEXT_FRAMES, count):
            times.add(start_s + index / FRAME_RATE_HZ)
    return sorted(at for at in times if at >= 0.0)


def _windows(
    song: SongMap, rate_hz: int, window_bars: int, bars: tuple[int, int], longest_s: float
) -> Iterator[tuple[int, int]]:
    bar, stop = bars
    while bar < stop:
        first = bar // window_bars * window_bars
        end = first + window_bars
        while end - first > 1 and not _fits(song, rate_hz, first, end, longest_s):
            middle = (first + end) // 2
            first, end = (first, middle) if bar < middle else (middle, end)
        yield first, end
        bar = end


def _fits(song: SongMap, rate_hz: int, first: int, end: int, longest_s: float) -> bool:
    needed = _frames(song, rate_hz, first, end) + 2 * CONTEXT_FRAMES + 2
    return needed <= longest_s * FRAME_RATE_HZ


def _frames(song: SongMap, rate_hz: int, first: int, end: int) -> int:
    samples = song.bar_sample(end, rate_hz) - song.bar_sample(first, rate_hz)
    return -(-samples * FRAME_RATE_HZ // rate_hz)

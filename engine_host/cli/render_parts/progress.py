"""How far a render is, told on standard error: a bar in a terminal, now and then a line elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from bridge_protocol.clock import Clock

LINES_AT_MOST = 10
LINE_EVERY_SECONDS = 5.0


@dataclass(frozen=True)
class Moment:
    """Where a render is: frames and bars of all its parts together."""

    frames: int
    total_frames: int
    bars: int
    total_bars: int


Tell = Callable[[Moment], None]


class Pace:
    """How fast frames are made since the first moment; what was there before doesn't count."""

    def __init__(self, clock: Clock, rate_hz: int, kept_frames: int) -> None:
        self._clock, self._rate_hz, self._kept = clock, rate_hz, kept_frames
        self._started_ns = clock.now_ns()

    @property
    def seconds(self) -> float:
        """Since it began."""
        return (self._clock.now_ns() - self._started_ns) / 1e9

    def realtime_factor(self, frames: int) -> float:
        """Seconds of sound made in a second; 0 before there is any."""
        seconds = self.seconds
        return (frames - self._kept) / self._rate_hz / seconds if seconds > 0 else 0.0

    def seconds_left(self, moment: Moment) -> float | None:
        """As it goes on like this; None while nothing is known."""
        made = moment.frames - self._kept
        if made <= 0:
            return None
        return self.seconds * (moment.total_frames - moment.frames) / made

    def words(self, moment: Moment) -> str:
        """``bars 12/64, 3.2 x real time, 0:00:41 left``."""
        left = self.seconds_left(moment)
        told = f"bars {moment.bars}/{moment.total_bars}"
        if left is None:
            return told
        speed = self.realtime_factor(moment.frames)
        return f"{told}, {speed:.1f} x real time, {timedelta(seconds=round(left))} left"


@contextmanager
def telling(console: Console, pace: Pace, *, quiet: bool) -> Iterator[Tell]:
    """A function to be told every moment; what it shows of them is gone after the block."""
    if quiet:
        yield lambda moment: None
    elif console.is_terminal:
        with _bar(console, pace) as tell:
            yield tell
    else:
        yield Lines(console, pace)


@contextmanager
def _bar(console: Console, pace: Pace) -> Iterator[Tell]:
    columns = (BarColumn(), TextColumn("{task.description}", markup=False))
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=None)

        def tell(moment: Moment) -> None:
            progress.update(
                task,
                completed=moment.frames,
                total=moment.total_frames,
                description=pace.words(moment),
            )

        yield tell


class Lines:
    """A line when a tenth more is done, and not before some seconds have gone by since the last."""

    def __init__(self, console: Console, pace: Pace) -> None:
        self._console, self._pace = console, pace
        self._told_frames: int | None = None
        self._told_seconds = 0.0

    def __call__(self, moment: Moment) -> None:
        """Takes a moment."""
        if self._told_frames is None:
            self._told_frames = moment.frames
        seconds = self._pace.seconds
        enough = (moment.frames - self._told_frames) * LINES_AT_MOST >= moment.total_frames
        if enough and seconds - self._told_seconds >= LINE_EVERY_SECONDS:
            share = moment.frames / moment.total_frames
            self._console.print(f"{share:4.0%}  {self._pace.words(moment)}", markup=False)
            self._told_frames, self._told_seconds = moment.frames, seconds

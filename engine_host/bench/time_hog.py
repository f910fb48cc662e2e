"""What a host hears while other programs take the processor: played twice, without and with them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass

from engine_host.bench.measure import Tell

OUTLIVES_S = 60.0  # a hog that nobody ends ends itself so long after it should have been
_SPIN = "import sys, time; end = time.monotonic() + float(sys.argv[1])\nwhile time.monotonic() < end: pass"

Json = dict[str, object]


@dataclass(frozen=True)
class HogSettings:
    """How long the host plays each time, and how many processes spin the second time."""

    seconds: float = 20.0
    hogs: int = 2


@dataclass(frozen=True)
class Heard:
    """What became of a stretch of playing, in real time, with the engine in another process.

    ``late_bars``: something else was heard than was due. ``repeated_bars``: an earlier window's bar
    was heard again, as planned where the engine is too slow. Ticks and leads in ms.
    """

    seconds: float
    bars: int
    late_bars: int
    repeated_bars: int
    gaps: int
    gap_ms: float
    asked: int
    kept: int
    replaced: int
    broken: int
    refused: int
    pending: int
    tick_ms_p50: float
    tick_ms_p99: float
    least_lead_ms: float
    every_most: int


Play = Callable[[HogSettings], Heard]
"""Plays for ``seconds`` beside ``hogs`` spinning processes."""


def measure_hog(settings: HogSettings, play: Play, tell: Tell) -> Json:
    """Without, then with."""
    tell(f"hog: playing {settings.seconds:g} s with nothing beside it")
    alone = play(HogSettings(settings.seconds, 0))
    tell(f"hog: playing {settings.seconds:g} s beside {settings.hogs} spinning processes")
    beside = play(settings)
    return {"setup": asdict(settings), "without": asdict(alone), "with": asdict(beside)}


@contextmanager
def spinning(count: int, seconds: float) -> Iterator[None]:
    """``count`` processes that do nothing as fast as they can; ended afterwards."""
    command = [sys.executable, "-c", _SPIN, str(seconds + OUTLIVES_S)]
    processes = [subprocess.Popen(command) for _ in range(count)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()

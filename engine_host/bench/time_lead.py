"""How far ahead a change must be asked for, against what the engine promises and what no engine beats.

A live session under a virtual clock is asked for changes ever nearer to their bars, until one is
missed. What is found hangs on the scheduler alone: the same on every machine.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Protocol

from bridge_protocol.errors import ErrorCode, RefusedError
from engine_host.bench.measure import Tell, rounded

STEPS = 8
DECODE_MS = 20.0
BUFFER_MS = 40.0
RESOLUTION_MS = 5.0  # a host block
ROOM_MS = 400.0  # of the search, beyond twice the limit

Json = dict[str, object]


@dataclass(frozen=True)
class Costs:
    """What a tick and the decode of a bar take, and how many slots the ring has."""

    tick_ms: float
    decode_ms: float
    depth: int

    @property
    def limit_ms(self) -> float:
        """From a request to sound, for an engine that does nothing but this: all steps, one decode."""
        return STEPS * self.tick_ms + self.decode_ms


@dataclass(frozen=True)
class Trial:
    """A change for a bar, asked for ``ahead_ms`` before the host played that bar's line.

    ``promised_ms``: how far ahead the engine would have taken it at that moment. ``met``: its
    promise was kept, no bar was late and there was no gap.
    """

    ahead_ms: float
    promised_ms: float
    met: bool


@dataclass(frozen=True)
class Asks:
    """What became of changes asked for the next bar, whose bars the engine chose itself."""

    asked: int
    kept: int
    replaced: int
    broken: int
    refused: int
    late_bars: int
    gap_frames: int


class Live(Protocol):
    """A live session; the host plays on between calls."""

    def trial(self, ahead_ms: float, *, busy: bool) -> Trial:
        """One change; ``busy``: another one's generation has just begun."""
        ...

    def asks(self, count: int) -> Asks:
        """``count`` changes for the next bar, at ever other places of bar and window."""
        ...


MakeLive = Callable[[Costs, float], Live]
"""A session with these costs, and so many ms of buffer in the client."""


@dataclass(frozen=True)
class LeadSettings:
    """Which costs are tried."""

    ticks_ms: tuple[float, ...] = (5.0, 10.0, 20.0, 50.0, 100.0)
    depths: tuple[int, ...] = (1, 4)
    asks: int = 16


def measure_lead(settings: LeadSettings, make: MakeLive, tell: Tell) -> Json:
    """Every cost at every depth."""
    rows = []
    for tick_ms in settings.ticks_ms:
        for depth in settings.depths:
            rows.append(_row(Costs(tick_ms, DECODE_MS, depth), settings.asks, make))
            tell(f"lead: ticks of {tick_ms:g} ms at depth {depth}")
    return {
        "setup": {
            **asdict(settings),
            "steps": STEPS,
            "decode_ms": DECODE_MS,
            "buffer_ms": BUFFER_MS,
            "resolution_ms": RESOLUTION_MS,
        },
        "rows": rows,
    }


def _row(costs: Costs, asks: int, make: MakeLive) -> Json:
    live = make(costs, BUFFER_MS)
    told = live.asks(asks)
    return {
        "tick_ms": costs.tick_ms,
        "depth": costs.depth,
        "limit_ms": costs.limit_ms,
        "idle": _needed(costs, live, busy=False),
        "busy": _needed(costs, live, busy=True),
        "next_bar": asdict(told),
    }


def _needed(costs: Costs, live: Live, *, busy: bool) -> Json:
    trials = least_ahead(costs.limit_ms, lambda ahead_ms: live.trial(ahead_ms, busy=busy))
    needed_ms = min(trial.ahead_ms for trial in trials if trial.met)
    promised_ms = max(trial.promised_ms for trial in trials)
    return {
        "needed_ms": rounded(needed_ms),
        "promised_ms": rounded(promised_ms),
        "needed_ratio": rounded(needed_ms / costs.limit_ms),
        "promised_ratio": rounded(promised_ms / costs.limit_ms),
    }


def least_ahead(limit_ms: float, attempt: Callable[[float], Trial]) -> Sequence[Trial]:
    """Trials ever nearer to the least that is met, to ``RESOLUTION_MS``; the first one is met.

    RefusedError INTERNAL where not even the first is.
    """
    low, high = 0.0, 2 * limit_ms + ROOM_MS
    trials = [attempt(high)]
    if not trials[0].met:
        text = f"A change asked for {high:.0f} ms ahead was missed; the scheduler is broken."
        raise RefusedError(ErrorCode.INTERNAL, "bench", text)
    while high - low > RESOLUTION_MS:
        middle = (low + high) / 2
        trials.append(attempt(middle))
        low, high = (low, middle) if trials[-1].met else (middle, high)
    return trials

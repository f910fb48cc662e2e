"""Changes asked for so and so far ahead of their bar, in a session under a virtual clock."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bridge_protocol.schema import When
from daw_clients.client.heard import Change
from daw_clients.client.simulated_daw import SimulatedDaw
from engine_host.bench.time_lead import Asks, Costs, Trial
from engine_host.cli.bench_parts.outcome import became
from engine_host.cli.bench_parts.virtual import RATE_HZ, VirtualSession
from engine_host.stream.engine import Engine
from engine_host.stream.stream import Cost

BPM = 240.0  # bars of a second
WINDOW_BARS = 4
QUIET_BARS = 2  # from one trial to the next: what it has changed is rendered by then
SETTLE_BARS = 5  # after the last change: its promise is told by then
BUSY_BLOCKS = 2  # so much before the change, another one's generation begins
ASK_EVERY_BARS = 2.37  # so that asking falls on ever other places of bar and window
LEVELS = 16


class Rehearsal:
    """One session; trials follow each other in it. See :class:`engine_host.bench.time_lead.Live`."""

    def __init__(self, costs: Costs, buffer_ms: float) -> None:
        self._session = VirtualSession(
            costs, bpm=BPM, buffer_seconds=buffer_ms / 1000, window_bars=WINDOW_BARS
        )
        self._asked = 0
        self._session.client.prompt("0")
        self._session.start()
        self._session.until_bar(2)

    def trial(self, ahead_ms: float, *, busy: bool) -> Trial:
        """See :class:`engine_host.bench.time_lead.Live`; the engine takes it whatever it thinks."""
        session = self._session
        asker = _Asker(session, self._target_bar(), ahead_ms, self._next_level(), busy)
        session.hand = asker
        session.until_bar(asker.bar + 2)
        return Trial(asker.ahead_ms, asker.promised_ms, asker.met)

    def asks(self, count: int) -> Asks:
        """See :class:`engine_host.bench.time_lead.Live`."""
        session, changes = self._session, list[Change]()
        before, first = session.daw.report(), session.daw.head.sample
        step = round(ASK_EVERY_BARS * session.daw.grid.sample(1))

        def hand(daw: SimulatedDaw) -> None:
            if len(changes) < count and daw.head.sample >= first + len(changes) * step:
                changes.append(daw.prompt(self._next_level(), When(kind="next_bar")))

        session.hand = hand
        session.until_bar(session.daw.grid.bar_of_sample(first + count * step) + SETTLE_BARS)
        after, outcomes = session.daw.report(), Counter(became(change) for change in changes)
        return Asks(
            asked=len(changes),
            kept=outcomes["kept"],
            replaced=outcomes["replaced"],
            broken=outcomes["broken"],
            refused=outcomes["refused"],
            late_bars=after.late_bars - before.late_bars,
            gap_frames=after.gap_frames - before.gap_frames,
        )

    def _target_bar(self) -> int:
        """The last bar of a window (from 1): the next window has been made ready by then."""
        here = self._session.daw.grid.bar_of_sample(self._session.daw.head.sample) + 1
        return -(-(here + QUIET_BARS) // WINDOW_BARS) * WINDOW_BARS

    def _next_level(self) -> str:
        self._asked += 1
        return str((self._asked % LEVELS + 1) / (2 * LEVELS))


@dataclass(eq=False)
class _Asker:
    """A hand that asks once."""

    session: VirtualSession
    bar: int
    wanted_ahead_ms: float
    level: str
    busy: bool
    change: Change | None = None
    promised_ms: float = 0.0

    @property
    def ahead_ms(self) -> float:
        """How far ahead it came to ask."""
        assert self.change is not None
        return 1000 * (self._line - self.change.sent_address) / RATE_HZ

    @property
    def met(self) -> bool:
        """See :class:`Trial`."""
        assert self.change is not None
        daw = self.session.daw
        late = any(heard.late for heard in daw.log.bars if heard.bar >= self.bar)
        return became(self.change) == "kept" and not late and not daw.log.gap_frames

    @property
    def _line(self) -> int:
        return self.session.daw.grid.sample(self.bar - 1)

    def __call__(self, daw: SimulatedDaw) -> None:
        """Before each block."""
        ask_at = self._line - round(self.wanted_ahead_ms * RATE_HZ / 1000)
        if self.busy and daw.head.sample >= ask_at - BUSY_BLOCKS * daw.block_size:
            self.busy = False
            with _taking_all(self.session.engine):
                daw.param("seed", float(self.bar), When(kind="bar", bar=self.bar + 1))
        if self.change is None and daw.head.sample >= ask_at:
            self.promised_ms = _promised_ms(self.session)
            with _taking_all(self.session.engine):
                self.change = daw.prompt(self.level, When(kind="bar", bar=self.bar))


@contextmanager
def _taking_all(engine: Engine) -> Iterator[None]:
    """Inside, every change is taken that can be joined at all, as if work took no time."""
    next_tick = engine.cost().next_tick
    engine.cost = lambda steps=0: Cost(0, 0, next_tick)  # type: ignore[method-assign]
    try:
        yield
    finally:
        del engine.cost


def _promised_ms(session: VirtualSession) -> float:
    """How far ahead of the host the engine promises a change at this moment."""
    (stream,) = session.engine.streams
    frames = stream.horizon_frames(session.clock.now_ns(), session.engine.cost())
    return 1000 * frames / RATE_HZ

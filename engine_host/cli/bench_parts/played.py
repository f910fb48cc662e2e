"""A simulated DAW plays the house model in real time, and changes are asked for as it goes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from bridge_protocol.clock import MonotonicClock
from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.meter import MeterMap
from bridge_protocol.schema import Pulse, When
from bridge_protocol.tempo import TempoMap
from daw_clients.client.client import Client
from daw_clients.client.heard import Change
from daw_clients.client.simulated_daw import SimulatedDaw
from engine_host.bench.time_hog import Heard, HogSettings, spinning
from engine_host.cli.bench_parts.outcome import became
from engine_host.cli.engine_process import START_TIMEOUT_S, engine_process

BPM = 120.0
BAR_NS = 2_000_000_000
BUFFER_SECONDS = 0.75
ASK_EVERY_SECONDS = 2.7
SETTLE_SECONDS = 4.5  # at the end nothing is asked any more: every promise is told by then
GRACE_S = 30.0
PROMPTS = ("funk electric piano and drums, warm", "synthwave with supersaw, bright")


def play(settings: HogSettings) -> Heard:
    """Starts an engine, plays and ends it. See :data:`engine_host.bench.time_hog.Play`."""
    clock = MonotonicClock()
    with engine_process(0) as endpoint, Client(endpoint, clock) as client:
        client.connect()
        pulses: list[Pulse] = []
        client.on(Pulse, pulses.append)
        daw = SimulatedDaw(
            client,
            TempoMap.constant(BPM),
            MeterMap.constant(4, 4),
            clock,
            buffer_seconds=BUFFER_SECONDS,
        )
        client.prompt(PROMPTS[0])
        daw.open()
        if not daw.run_until(lambda d: d.buffered_frames >= d.buffer_frames, START_TIMEOUT_S):
            raise RefusedError(ErrorCode.NO_ENGINE, "engine", "No audio came from the engine.")
        pulses.clear()
        hand = _Hand(settings.seconds)
        daw.play()
        with spinning(settings.hogs, settings.seconds + GRACE_S):
            daw.run_until(hand, settings.seconds + GRACE_S)
        client.poll(0.3)
    return _heard(daw, hand.changes, pulses)


@dataclass(eq=False)
class _Hand:
    """Asks for the other prompt at the next bar, every now and then; says when all is played."""

    seconds: float
    changes: list[Change] = field(default_factory=list)

    def __call__(self, daw: SimulatedDaw) -> bool:
        """Between two blocks."""
        played = daw.head.sample / daw.rate
        due = (len(self.changes) + 1) * ASK_EVERY_SECONDS
        if due <= played < self.seconds - SETTLE_SECONDS:
            prompt = PROMPTS[(len(self.changes) + 1) % 2]
            self.changes.append(daw.prompt(prompt, When(kind="next_bar")))
        return played >= self.seconds


def _heard(daw: SimulatedDaw, changes: Sequence[Change], pulses: Sequence[Pulse]) -> Heard:
    report, last = daw.report(), pulses[-1]
    outcomes = Counter(became(change) for change in changes)
    return Heard(
        seconds=round(report.played_frames / daw.rate, 2),
        bars=len(report.bars),
        late_bars=last.late_bars,
        repeated_bars=last.repeated_bars,
        gaps=len(report.gaps),
        gap_ms=round(1000 * report.gap_frames / daw.rate, 1),
        asked=len(changes),
        kept=outcomes["kept"],
        replaced=outcomes["replaced"],
        broken=outcomes["broken"],
        refused=outcomes["refused"],
        pending=outcomes["pending"],
        tick_ms_p50=round(last.tick_ms, 1),
        tick_ms_p99=round(last.tick_ms_p99, 1),
        least_lead_ms=round(min(pulse.lead_ms for pulse in _under_way(daw, pulses)), 1),
        every_most=max(pulse.every for pulse in pulses),
    )


def _under_way(daw: SimulatedDaw, pulses: Sequence[Pulse]) -> list[Pulse]:
    """Those after the first bar; both processes read the machine's one clock."""
    start_ns = next(span.at_ns for span in daw.heard if span.kind == "played")
    return [pulse for pulse in pulses if pulse.at >= start_ns + BAR_NS]

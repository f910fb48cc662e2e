"""An engine, its hub and a simulated DAW under one virtual clock: nobody waits, nothing is left to luck.

Time passes where the model says that it does. While it passes the host plays, sends and receives,
as it would beside an engine that has a thread of its own.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from bridge_protocol.clock import VirtualClock
from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.meter import MeterMap
from bridge_protocol.tempo import TempoMap
from daw_clients.client.client import Client
from daw_clients.client.core import Frame
from daw_clients.client.simulated_daw import SimulatedDaw
from engine_host.bench.time_lead import Costs
from engine_host.bench.time_model import TimedModel
from engine_host.server.hub import Hub
from engine_host.stream.engine import Engine

RATE_HZ = 48_000
BLOCK_FRAMES = 240  # 5 ms
PULSE_NS = 250_000_000
KNOWN_COSTS = 256  # measured before the host comes, as a running engine has
_DAW = b"daw"

Hand = Callable[[SimulatedDaw], None]


class VirtualSession:
    """See the module. ``hand`` is the user's: called before every block."""

    def __init__(
        self,
        costs: Costs,
        *,
        bpm: float = 120.0,
        buffer_seconds: float = 0.75,
        window_bars: int = 4,
        make_model: Callable[[Callable[[int], None], int, int], TimedModel] = TimedModel,
    ) -> None:
        tick_ns, decode_ns = round(costs.tick_ms * 1e6), round(costs.decode_ms * 1e6)
        self.clock = VirtualClock()
        self.model = make_model(self.spend, tick_ns, decode_ns)
        self.engine = Engine(self.model, self.clock, depth=costs.depth)
        for _ in range(KNOWN_COSTS):
            self.engine.tick_cost.add(tick_ns)
            self.engine.decode_cost.add(decode_ns)
        self._inbox: deque[list[bytes]] = deque()
        self.hub = Hub(self.engine, self.clock, self._post)
        self.engine.on_failure = self.hub.failed
        self.engine.on_pace = self.hub.paced
        self.client = Client(_Link(self.hub, self._inbox), self.clock)
        self.hand: Hand = lambda daw: None
        self._next_block_ns = self._next_pulse_ns = 0
        self.client.connect(sample_rate=RATE_HZ, block_size=BLOCK_FRAMES)
        self.daw = SimulatedDaw(
            self.client,
            TempoMap.constant(bpm),
            MeterMap.constant(4, 4),
            self.clock,
            sample_rate_hz=RATE_HZ,
            block_size=BLOCK_FRAMES,
            buffer_seconds=buffer_seconds,
            declick_ms=0.0,
            window_bars=window_bars,
        )

    def start(self) -> None:
        """Opens the stream, waits until the client's buffer is full, and plays from bar 1."""
        self.daw.open()
        self.run(lambda daw: daw.buffered_frames >= daw.buffer_frames)
        self.daw.play()

    def run(self, done: Callable[[SimulatedDaw], bool], at_most_seconds: float = 600.0) -> None:
        """Lets the engine work until ``done``; RefusedError INTERNAL where that never comes."""
        end_ns = self.clock.now_ns() + round(at_most_seconds * 1e9)
        while not done(self.daw):
            if self.clock.now_ns() >= end_ns:
                raise RefusedError(ErrorCode.INTERNAL, "bench", "The virtual host came nowhere.")
            if not self.engine.round():
                self.spend(max(0, self._next_block_ns - self.clock.now_ns()))
            self.hub.beat()

    def until_bar(self, bar: int) -> None:
        """Until the host has come to a bar's line, or a little further."""
        line = self.daw.grid.sample(bar - 1)
        self.run(lambda daw: daw.head.sample >= line)

    def spend(self, ns: int) -> None:
        """Lets time pass; the host's blocks and the hub's pulses come as they fall due."""
        end_ns = self.clock.now_ns() + ns
        while self._next_block_ns <= end_ns:
            self.clock.advance_ns(max(0, self._next_block_ns - self.clock.now_ns()))
            self._block()
        self.clock.advance_ns(max(0, end_ns - self.clock.now_ns()))

    def _block(self) -> None:
        if self.clock.now_ns() >= self._next_pulse_ns:
            self._next_pulse_ns += PULSE_NS
            self.hub.service()
        self.hand(self.daw)
        self.daw.process()
        self.daw.pump()
        self._next_block_ns = round(self.daw.timeline * 1e9 / RATE_HZ)

    def _post(self, identity: bytes, frames: list[bytes | memoryview]) -> None:
        self._inbox.append([bytes(frame) for frame in frames])


class _Link:
    """The client's end."""

    def __init__(self, hub: Hub, inbox: deque[list[bytes]]) -> None:
        self._hub, self._inbox = hub, inbox

    def send(self, frames: Sequence[Frame]) -> None:
        """See :class:`daw_clients.client.link.Link`."""
        self._hub.handle(_DAW, [bytes(frame) for frame in frames])

    def receive(self, timeout_s: float) -> list[bytes] | None:
        """See :class:`daw_clients.client.link.Link`; nobody waits."""
        return self._inbox.popleft() if self._inbox else None

    def close(self) -> None:
        """See :class:`daw_clients.client.link.Link`."""
        self._hub.drop(_DAW)

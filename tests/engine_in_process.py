"""A whole engine behind a hub, in this process, under a virtual clock: no socket, no thread, no sleep."""

from __future__ import annotations

from collections import deque

from toy_model import ToyModel

from bridge_protocol.clock import VirtualClock
from bridge_protocol.schema import Message
from bridge_protocol.wire import pack, unpack_from_engine
from engine_host.server.hub import Hub
from engine_host.stream.engine import Engine


class InProcess:
    """One engine; :meth:`link` gives a client's end of a connection to it.

    The engine's thread has a clock of its own, which its ticks move: it runs beside the host as
    it does in life, and what it sends arrives once the host's clock has come to that moment.
    """

    def __init__(
        self, tick_ms: float = 20.0, model=None, swap=None, library=None, **options
    ) -> None:
        self.clock = VirtualClock()
        self.engine_clock = VirtualClock()
        self.model = model or ToyModel(self.engine_clock, int(tick_ms * 1e6))
        self.engine = Engine(self.model, self.engine_clock, **options)
        self._engine_speaks = False
        self.inboxes: dict[bytes, deque] = {}
        self.swap = swap(self.engine, self.engine_clock) if swap else None
        self.hub = Hub(self.engine, self.clock, self._post, self.swap, library)
        self.engine.on_failure = self.hub.failed
        self.engine.on_pace = self.hub.paced
        for _ in range(256):
            self.engine.tick_cost.add(int(tick_ms * 1e6))
            self.engine.decode_cost.add(1_000_000)

    def _post(self, identity: bytes, frames: list) -> None:
        clock = self.engine_clock if self._engine_speaks else self.clock
        self.inboxes[identity].append((clock.now_ns(), [bytes(frame) for frame in frames]))

    def link(self, identity: bytes = b"daw") -> HubLink:
        self.inboxes[identity] = deque()
        return HubLink(self, identity)

    def work_until(self, target_ns: int) -> None:
        """The engine's thread, up to a moment of the host's clock; a tick may end after it."""
        engine = self.engine_clock
        engine.advance_ns(max(0, self.clock.now_ns() - engine.now_ns()))
        self._engine_speaks = True
        while engine.now_ns() < target_ns:
            if not self.engine.round():
                engine.advance_ns(target_ns - engine.now_ns())
            self.hub.beat()
        self._engine_speaks = False


class HubLink:
    """What a client sees of the engine."""

    def __init__(self, host: InProcess, identity: bytes) -> None:
        self._host, self.identity = host, identity

    def send(self, frames) -> None:
        self._host.hub.handle(self.identity, frames)

    def receive(self, timeout_s: float):
        inbox = self._host.inboxes[self.identity]
        if not inbox or inbox[0][0] > self._host.clock.now_ns():
            return None
        return inbox.popleft()[1]

    def close(self) -> None:
        self._host.hub.drop(self.identity)


class Caller:
    """A client without a client: sends one message, looks at every answer."""

    def __init__(self, host: InProcess, identity: bytes = b"caller") -> None:
        self.link = host.link(identity)
        self.seq = 0

    def tell(self, message: Message, payload: bytes | None = None) -> list:
        self.seq += 1
        message.seq = self.seq
        self.link.send(pack(message, payload))
        return self.answers()

    def answers(self) -> list:
        found = []
        while (frames := self.link.receive(0)) is not None:
            found.append(unpack_from_engine(frames).message)
        return found

    def ask(self, message: Message, payload: bytes | None = None):
        (reply,) = self.tell(message, payload)
        assert reply.re == self.seq
        return reply

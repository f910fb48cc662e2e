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
    """One engine; :meth:`link` gives a client's end of a connection to it."""

    def __init__(self, tick_ms: float = 20.0, **options) -> None:
        self.clock = VirtualClock()
        self.model = ToyModel(self.clock, int(tick_ms * 1e6))
        self.engine = Engine(self.model, self.clock, **options)
        self.inboxes: dict[bytes, deque] = {}
        self.hub = Hub(self.engine, self.clock, self._post)
        self.engine.on_failure = self.hub.failed
        for _ in range(256):
            self.engine.tick_cost.add(self.model.tick_ns)
            self.engine.decode_cost.add(1_000_000)

    def _post(self, identity: bytes, frames: list) -> None:
        self.inboxes[identity].append([bytes(frame) for frame in frames])

    def link(self, identity: bytes = b"daw") -> HubLink:
        self.inboxes[identity] = deque()
        return HubLink(self, identity)

    def work_until(self, target_ns: int) -> None:
        """The engine's thread, up to a moment: a tick under way may end a little after it."""
        while self.clock.now_ns() < target_ns:
            if not self.engine.round():
                break
            self.hub.beat()


class HubLink:
    """What a client sees of the engine."""

    def __init__(self, host: InProcess, identity: bytes) -> None:
        self._host, self.identity = host, identity

    def send(self, frames) -> None:
        self._host.hub.handle(self.identity, frames)

    def receive(self, timeout_s: float):
        inbox = self._host.inboxes[self.identity]
        return inbox.popleft() if inbox else None

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

"""One session with the engine: requests find their replies, the rest goes to whoever listens."""

from __future__ import annotations

from collections import deque
from typing import Any, Callable, Mapping, Protocol

from . import VERSION
from .frames import Message
from .refusal import RefusedError
from .tasks import Part, Pending

PATIENCE_S = 20.0
MOST_KEPT = 4096
_REPLIES = frozenset(("ok", "error", "welcome", "refused", "pong"))
_KEPT = frozenset(("audio_file", "render_done", "notice", "error"))


class Link(Protocol):
    """What carries messages; see :class:`~.gateway_link.GatewayLink`."""

    @property
    def is_open(self) -> bool:
        """Whether the other side is there."""
        ...

    def send(self, message: Mapping[str, Any], payload: bytes | None = None) -> None:
        """Queues a message."""
        ...

    def poll(self) -> list[Message]:
        """What arrived."""
        ...

    def close(self) -> None:
        """Ends it."""
        ...


class Session:
    """See the module. ``now_s`` is a monotonic clock. Main thread."""

    def __init__(self, link: Link, now_s: Callable[[], float]) -> None:
        self.link = link
        self.welcome: Message = {}
        self.rate_hz = 0
        self._now_s = now_s
        self._seq = 0
        self._revision = 0
        self._waiting: dict[int, Pending] = {}
        self._queues: dict[tuple[str, int | None], deque[Message]] = {}

    def next_revision(self) -> int:
        """Counts up over the session."""
        self._revision += 1
        return self._revision

    def ask(
        self,
        message: Mapping[str, Any],
        payload: bytes | None = None,
        patience_s: float = PATIENCE_S,
    ) -> Pending:
        """Sends a request; yield what it returns from a task to go on with the reply."""
        pending = Pending(self._now_s() + patience_s)
        self._waiting[self.tell(message, payload)] = pending
        return pending

    def tell(self, message: Mapping[str, Any], payload: bytes | None = None) -> int:
        """Sends a message whose reply nobody waits for; returns its ``seq``."""
        self._seq += 1
        self.link.send(dict(message, seq=self._seq), payload)
        return self._seq

    def heard(self, kind: str, stream: int | None = None) -> list[Message]:
        """What arrived of a kind (and of a stream) since the last call, oldest first: files, ends of
        renders, notices, and refusals of what nobody waits for."""
        queue = self._queues.get((kind, stream))
        arrived = list(queue or ())
        if queue:
            queue.clear()
        return arrived

    def pump(self) -> None:
        """One tick. A lost connection fails what waits, with ``NO_ENGINE``."""
        for message in self.link.poll():
            self._take(message)
        now_s = self._now_s()
        for seq, pending in list(self._waiting.items()):
            if not self.link.is_open:
                self._fail(seq, gone())
            elif now_s > pending.deadline_s:
                self._fail(seq, RefusedError("NO_ENGINE", "engine", "The engine does not answer."))

    def greet(self, token: str, rate_hz: int, host: str) -> Part:
        """Signs in for files and says hello; part of a task. RefusedError: as the gateway says."""
        yield self.ask({"type": "sign_in", "token": token, "audio": "files"})
        hello = {"type": "hello", "client": "anacrusis-reaper " + VERSION, "host": host[:64]}
        self.welcome = yield self.ask(dict(hello, sample_rate=rate_hz))
        self.rate_hz = rate_hz

    def close(self) -> None:
        """Says goodbye and ends the link."""
        if self.link.is_open:
            self.tell({"type": "bye"})
        self.link.close()

    def _take(self, message: Message) -> None:
        kind = message["type"]
        pending = self._waiting.pop(message.get("re", 0), None) if kind in _REPLIES else None
        if pending is None:
            if kind in _KEPT:
                key = kind, message.get("stream")
                self._queues.setdefault(key, deque(maxlen=MOST_KEPT)).append(message)
        elif kind in ("error", "refused"):
            pending.error = refusal_of(message)
        else:
            pending.reply = message

    def _fail(self, seq: int, error: RefusedError) -> None:
        self._waiting.pop(seq).error = error


def gone() -> RefusedError:
    """The error of a connection that ended."""
    words = "The engine is gone: start it with `anacrusis serve`, then run Anacrusis: Connect."
    return RefusedError("NO_ENGINE", "engine", words)


def refusal_of(message: Message) -> RefusedError:
    """The refusal that an ``error`` or a ``refused`` tells."""
    code, words = str(message.get("code", "INTERNAL")), str(message.get("message", ""))
    if code == "BAD_TOKEN":
        words += " (It lies in the file that `anacrusis serve` names when it starts.)"
    return RefusedError(code, str(message.get("field", "")), words)

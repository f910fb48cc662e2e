"""The client's messages without its sockets: what to send, and what came back.

One core serves the blocking and the asyncio client. Requests are stamped here, replies find
their request by ``re``, and everything else is handed to whoever asked for its kind. One thread
at a time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import msgspec

from bridge_protocol import wire
from bridge_protocol.blocks import Samples, decode_payload
from bridge_protocol.clock import Clock
from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.schema import (
    Audio,
    Error,
    Hello,
    Library,
    Message,
    ModelChanged,
    Ok,
    Pong,
    Refused,
    Welcome,
)

MAX_WAITING = 16_384
MAX_KEPT = 1_024
REPLIES = (Ok, Error, Welcome, Refused, Pong, Library)

Frame = bytes | memoryview
T = TypeVar("T")


class TooLateError(RefusedError):
    """The change can't be heard when it was wanted; ``next_bar`` and ``next_sample`` can be met."""

    def __init__(
        self, field: str, message: str, next_bar: int | None, next_sample: int | None
    ) -> None:
        super().__init__(ErrorCode.TOO_LATE, field, message)
        self.next_bar = next_bar
        self.next_sample = next_sample


@dataclass(frozen=True)
class AudioBlock:
    """A block as it arrived: its header, and its samples as float32 ``[frames, channels]``."""

    header: Audio
    samples: Samples


class Pending:
    """A request that is on its way: done when its one reply is here."""

    def __init__(self, seq: int, sent_ns: int) -> None:
        self.seq = seq
        self.sent_ns = sent_ns
        self._reply: Message | None = None
        self._error: RefusedError | None = None
        self._then: list[Callable[[Pending], None]] = []

    @property
    def done(self) -> bool:
        """Whether the reply is here."""
        return self._reply is not None or self._error is not None

    def then(self, call: Callable[[Pending], None]) -> None:
        """Calls ``call(self)`` when the reply is here, at once where it is already."""
        if self.done:
            call(self)
        else:
            self._then.append(call)

    def result(self) -> Message:
        """The reply; raises what the engine refused, RuntimeError where there is none yet."""
        if self._error is not None:
            raise self._error
        if self._reply is None:
            raise RuntimeError("the reply is not here yet")
        return self._reply

    def settle(self, reply: Message) -> None:
        """Takes the reply; an Error or a Refused becomes the exception that it stands for."""
        if isinstance(reply, Error | Refused):
            self.fail(refusal_of(reply))
        else:
            self._reply = reply
            self._tell()

    def fail(self, error: RefusedError) -> None:
        """Ends the request without a reply."""
        self._error = error
        self._tell()

    def _tell(self) -> None:
        waiting, self._then = self._then, []
        for call in waiting:
            call(self)


class ClientCore:
    """Stamps what goes out and sorts what comes in; owns no socket. One thread at a time.

    Frames that are no legal message are counted in ``bad_messages`` and change nothing, so that a
    newer engine's messages harm no older client.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.welcome: Welcome | None = None
        self.session = ""
        self.bad_messages = 0
        self._seq = 0
        self._revision = 0
        self._waiting: dict[int, Pending] = {}
        self._handlers: dict[type[Any], list[Callable[[Any], None]]] = {}
        self._kept: dict[type[Any], deque[Any]] = {}

    def stamp(self, message: Message, payload: Frame | None = None) -> tuple[int, list[Frame]]:
        """The frames of a message whose reply nobody waits for, and its ``seq``.

        ``seq`` and ``session`` are set here, and ``at`` where the message has none.
        """
        self._seq += 1
        at = message.at or self.clock.now_ns()
        stamped = msgspec.structs.replace(message, seq=self._seq, session=self.session, at=at)
        return self._seq, wire.pack(stamped, payload)

    def ask(self, message: Message, payload: Frame | None = None) -> tuple[Pending, list[Frame]]:
        """The frames of a request, and the Pending that its reply will settle.

        The oldest of more than ``MAX_WAITING`` unanswered requests fails with NO_ENGINE.
        """
        seq, frames = self.stamp(message, payload)
        pending = Pending(seq, self.clock.now_ns())
        self._waiting[seq] = pending
        if len(self._waiting) > MAX_WAITING:
            oldest = self._waiting.pop(next(iter(self._waiting)))
            oldest.fail(no_engine("The engine answers nothing"))
        return pending, frames

    def give_up(self, pending: Pending) -> None:
        """Forgets a request; a reply that comes later is dropped."""
        self._waiting.pop(pending.seq, None)

    def next_revision(self) -> int:
        """A number above every one before, also above those of an earlier run on this machine."""
        self._revision = max(self._revision + 1, self.clock.now_ns() // 1_000_000)
        return self._revision

    def take(self, frames: Sequence[Frame]) -> None:
        """Sorts one received message. Never raises on what the other side sent."""
        try:
            message, payload = wire.unpack_from_engine(frames)
            arrived = _decoded(message, payload)
        except RefusedError:
            self.bad_messages += 1
            return
        if isinstance(arrived, REPLIES):
            self._settle(arrived)
        else:
            self._deliver(arrived)

    def on(self, kind: type[T], handler: Callable[[T], None]) -> Callable[[], None]:
        """Calls ``handler`` with each ``kind`` that arrives; the returned call ends that.

        Kinds: AudioBlock, PromiseMessage, Pulse, Notice, ModelChanged (``welcome`` tells of the new
        model from then on), RenderProgress, RenderDone, and Error for refusals of messages that
        nobody waits for.
        """
        handlers = self._handlers.setdefault(kind, [])
        handlers.append(handler)
        return lambda: handlers.remove(handler) if handler in handlers else None

    def kept(self, kind: type[T]) -> list[T]:
        """What arrived of a ``kind`` that has no handler, oldest first; the last 1024 are kept."""
        queue = self._kept.get(kind)
        if queue is None:
            return []
        arrived = cast("list[T]", list(queue))
        queue.clear()
        return arrived

    def _settle(self, reply: Message) -> None:
        pending = self._waiting.pop(reply.re, None) if reply.re is not None else None
        if isinstance(reply, Welcome) and pending is not None:
            self.welcome, self.session = reply, reply.session
        if pending is not None:
            pending.settle(reply)
        elif isinstance(reply, Error):
            self._deliver(reply)

    def _deliver(self, arrived: Any) -> None:
        if isinstance(arrived, ModelChanged) and self.welcome is not None:
            told = {"model": arrived.model, "parameters": arrived.parameters}
            self.welcome = msgspec.structs.replace(self.welcome, **told)
        handlers = self._handlers.get(type(arrived))
        if not handlers:
            self._kept.setdefault(type(arrived), deque(maxlen=MAX_KEPT)).append(arrived)
            return
        for handler in tuple(handlers):
            handler(arrived)


def no_engine(words: str) -> RefusedError:
    """The error of an engine that is not there, with what to do about it."""
    return RefusedError(
        ErrorCode.NO_ENGINE, "endpoint", f"{words}; start an engine with `anacrusis serve`."
    )


def checked_welcome(hello: Message, reply: Message) -> Welcome:
    """The welcome that answers ``hello``; BAD_MESSAGE where the engine answered something else."""
    if isinstance(hello, Hello) and isinstance(reply, Welcome):
        return reply
    raise RefusedError(
        ErrorCode.BAD_MESSAGE, "hello", "The engine answered a hello with no welcome; update it."
    )


def refusal_of(reply: Error | Refused) -> RefusedError:
    """The exception that an Error or a Refused stands for; unknown codes become INTERNAL."""
    if isinstance(reply, Refused):
        return RefusedError(_code(reply.code), "hello", reply.message)
    if reply.code == ErrorCode.TOO_LATE:
        return TooLateError(reply.field, reply.message, reply.next_bar, reply.next_sample)
    return RefusedError(_code(reply.code), reply.field, reply.message)


def _code(name: str) -> ErrorCode:
    return ErrorCode(name) if name in ErrorCode.__members__ else ErrorCode.INTERNAL


def _decoded(message: Any, payload: bytes) -> Any:
    if not isinstance(message, Audio):
        return message
    samples = decode_payload(payload, message.frames, message.channels, message.format)
    return AudioBlock(message, samples)

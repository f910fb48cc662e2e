"""The streams a session has open, by number: the one that follows the host, and its renders.

Under the engine's lock, except for :meth:`Streams.all`.
"""

from __future__ import annotations

from bridge_protocol.clock import Clock
from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.schema import Credit
from engine_host.stream.engine import Engine
from engine_host.stream.stream import Stream

MAX_STREAMS = 8


class Streams:
    """See the module. What is added here the engine serves, until it is removed."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine, self._clock = engine, clock
        self._streams: dict[int, Stream] = {}

    def all(self) -> list[Stream]:
        """Those open now. Any thread."""
        return list(self._streams.values())

    def check_free(self, number: int) -> None:
        """Refuses a number in use, and one stream too many."""
        if number in self._streams:
            raise RefusedError(ErrorCode.LIMIT, "stream", f"Stream {number} is in use.")
        if len(self._streams) >= MAX_STREAMS:
            raise RefusedError(ErrorCode.LIMIT, "stream", f"At most {MAX_STREAMS} streams at once.")

    def find(self, number: int) -> Stream:
        """The open stream of that number, else RefusedError(UNKNOWN_STREAM)."""
        stream = self._streams.get(number)
        if stream is None:
            raise RefusedError(ErrorCode.UNKNOWN_STREAM, "stream", f"Stream {number} is not open.")
        return stream

    def add(self, stream: Stream) -> None:
        """Begins a stream, whose number is free."""
        self._streams[stream.id] = stream
        self._engine.add(stream)

    def remove(self, stream: Stream) -> None:
        """Ends a stream."""
        del self._streams[stream.id]
        self._engine.remove(stream)

    def credit(self, message: Credit) -> None:
        """More room in the client: what is ready goes out at once, however long a tick takes."""
        stream = self.find(message.stream)
        stream.grant(message.epoch, message.frames)
        stream.emit(self._clock.now_ns())

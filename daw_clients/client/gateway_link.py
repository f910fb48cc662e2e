"""The link to an engine's gateway: TCP, for programs that have no ZeroMQ. One thread at a time."""

from __future__ import annotations

import selectors
import socket
from collections.abc import Sequence

from bridge_protocol.clock import Clock, MonotonicClock
from bridge_protocol.errors import RefusedError
from bridge_protocol.gateway_frames import Encoding, FrameReader, from_gateway, to_gateway
from bridge_protocol.wire import BadMessageError
from daw_clients.client.core import Frame, no_engine
from daw_clients.client.gateway_door import (
    DEFAULT_GATEWAY,
    SIGN_IN_TIMEOUT_S,
    GatewayDoor,
    Sound,
)

MAX_UNSENT_BYTES = 64 * 1024 * 1024
READ_BYTES = 262_144


class GatewayLink:
    """See :class:`daw_clients.client.link.Link`; the arguments are those of :class:`GatewayDoor`.

    Signs in when the first message is sent, which may raise what the gateway refuses. It does not
    connect again: once the gateway has ended the connection all is NO_ENGINE.
    """

    def __init__(
        self,
        endpoint: str = DEFAULT_GATEWAY,
        token: str | None = None,
        *,
        encoding: Encoding = "msgpack",
        audio: Sound = "blocks",
        keep_files: bool = False,
        clock: Clock | None = None,
    ) -> None:
        self._door = GatewayDoor(
            endpoint, token, encoding=encoding, audio=audio, keep_files=keep_files
        )
        self._clock = clock or MonotonicClock()
        self._socket: socket.socket | None = None
        self._frames = FrameReader()
        self._unsent = bytearray()
        self.files_folder = ""

    def send(self, frames: Sequence[Frame]) -> None:
        """See :class:`Link`."""
        if self._socket is None:
            self._open()
        if len(self._unsent) > MAX_UNSENT_BYTES:
            raise no_engine("The engine takes no more messages")
        self._unsent += to_gateway(frames, self._door.encoding)
        self._flush()

    def receive(self, timeout_s: float) -> list[bytes] | None:
        """See :class:`Link`. RefusedError(NO_ENGINE) once the gateway has ended the connection."""
        body = self._body(timeout_s) if self._socket is not None else None
        if body is None:
            return None
        try:
            return [bytes(frame) for frame in from_gateway(body)]
        except BadMessageError:
            return [body]  # whoever reads it says that it is no message

    def close(self) -> None:
        """See :class:`Link`."""
        if self._socket is not None:
            self._socket.close()

    # ------------------------------------------------------------ bytes

    def _open(self) -> None:
        address = (self._door.host, self._door.port)
        try:
            self._socket = socket.create_connection(address, SIGN_IN_TIMEOUT_S)
        except OSError as error:
            words = f"Nothing listens at {self._door.endpoint} ({error.strerror or error})"
            raise no_engine(words) from None
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            self.files_folder = self._signed_in()
        except RefusedError:
            self.close()
            self._socket, self._frames = None, FrameReader()
            raise

    def _signed_in(self) -> str:
        self._unsent[:] = self._door.first_frame()
        self._flush()
        body = self._body(SIGN_IN_TIMEOUT_S)
        if body is None:
            raise no_engine(f"Nothing answered at {self._door.endpoint}")
        return self._door.checked_answer(body)

    def _body(self, timeout_s: float) -> bytes | None:
        """The next frame; waits for it, and sends what could not be sent before."""
        deadline_ns = self._clock.now_ns() + round(max(0.0, timeout_s) * 1e9)
        while (body := self._whole_frame()) is None:
            left_s = (deadline_ns - self._clock.now_ns()) / 1e9
            if not self._exchange(max(0.0, left_s)) and left_s <= 0:
                return None
        return body

    def _whole_frame(self) -> bytes | None:
        try:
            return self._frames.take()
        except BadMessageError as error:
            raise no_engine(f"{self._door.endpoint} is no gateway ({error.message})") from None

    def _exchange(self, timeout_s: float) -> bool:
        """Sends and reads once, having waited until that is possible; whether anything was."""
        if self._socket is None:
            return False
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if self._unsent else 0)
        with selectors.DefaultSelector() as selector:
            selector.register(self._socket, wanted)
            ready = selector.select(timeout_s)
        for _, events in ready:
            if events & selectors.EVENT_WRITE:
                self._flush()
            if events & selectors.EVENT_READ:
                self._read(self._socket)
        return bool(ready)

    def _read(self, source: socket.socket) -> None:
        try:
            octets = source.recv(READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            octets = b""
        if not octets:
            raise no_engine("The gateway has ended the connection")
        self._frames.feed(octets)

    def _flush(self) -> None:
        assert self._socket is not None
        try:
            while self._unsent:
                sent = self._socket.send(self._unsent)
                del self._unsent[:sent]
        except BlockingIOError:
            return
        except OSError:  # what the gateway said last may still be there to be read
            self._unsent.clear()

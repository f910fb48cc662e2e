"""The socket to the gateway, for a defer loop: nothing here waits, except for the loopback's own
handshake. Main thread."""

from __future__ import annotations

import socket
from typing import Any, Mapping

from .frames import Message, Unpacker, packed
from .refusal import RefusedError

HOST = "127.0.0.1"
DEFAULT_PORT = 5318
CONNECT_SECONDS = 1.0
READ_BYTES = 1 << 18
MOST_READ_BYTES = 1 << 22  # in one tick, so that REAPER's window is not held up
SENT_AT_ONCE_BYTES = 1 << 20


class GatewayLink:
    """Whole messages both ways. RefusedError ``NO_ENGINE`` where nothing listens at ``port``."""

    def __init__(self, port: int = DEFAULT_PORT) -> None:
        self._incoming = Unpacker()
        self._outgoing = bytearray()
        try:
            self._socket: socket.socket | None = socket.create_connection(
                (HOST, port), CONNECT_SECONDS
            )
        except OSError:
            words = "No engine answers at port {}: start one with `anacrusis serve`."
            raise RefusedError("NO_ENGINE", "port", words.format(port)) from None
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.setblocking(False)

    @property
    def is_open(self) -> bool:
        """Whether the other side was still there at the last look."""
        return self._socket is not None

    def fileno(self) -> int:
        """For ``select``; -1 where it is closed."""
        return -1 if self._socket is None else self._socket.fileno()

    def send(self, message: Mapping[str, Any], payload: bytes | None = None) -> None:
        """Queues a message; :meth:`poll` sends what the socket takes. Raises as ``packed``."""
        self._outgoing += packed(message, payload)

    def poll(self) -> list[Message]:
        """Sends and receives what can be, now. RefusedError ``BAD_MESSAGE`` for rubbish."""
        self._flush()
        arrived: list[Message] = []
        taken = 0
        while self._socket is not None and taken < MOST_READ_BYTES:
            piece = self._piece(self._socket)
            if piece is None:
                break
            taken += len(piece)
            arrived.extend(self._incoming.feed(piece))
        return arrived

    def close(self) -> None:
        """Ends it, once what waits has had one chance to go out."""
        self._flush()
        self._shut()

    def _flush(self) -> None:
        while self._outgoing and self._socket is not None:
            try:
                sent = self._socket.send(self._outgoing[:SENT_AT_ONCE_BYTES])
            except BlockingIOError:
                return
            except OSError:
                self._shut()
                return
            del self._outgoing[:sent]

    def _piece(self, connected: socket.socket) -> bytes | None:
        try:
            piece = connected.recv(READ_BYTES)
        except BlockingIOError:
            return None
        except OSError:
            piece = b""
        if not piece:
            self._shut()
            return None
        return piece

    def _shut(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

"""The link to an engine: frames out, frames in, no meaning. One thread at a time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Protocol

import zmq

from bridge_protocol.wire import MAX_MESSAGE_BYTES
from daw_clients.client.core import Frame, no_engine
from daw_clients.client.gateway_door import SCHEME
from daw_clients.client.gateway_link import GatewayLink

SEND_HIGH_WATER = 1_000
RECEIVE_HIGH_WATER = 4_000


class Link(Protocol):
    """Carries whole messages both ways."""

    def send(self, frames: Sequence[Frame]) -> None:
        """Sends a message; never blocks. RefusedError(NO_ENGINE) where nothing takes it."""
        ...

    def receive(self, timeout_s: float) -> list[bytes] | None:
        """The next message, None where none came within ``timeout_s`` (0: don't wait)."""
        ...

    def close(self) -> None:
        """Ends the link; what was not sent yet is dropped."""
        ...


def configured(socket: Any) -> Any:
    """A DEALER with the limits that every socket of the bridge has."""
    socket.setsockopt(zmq.LINGER, 0)
    socket.setsockopt(zmq.SNDHWM, SEND_HIGH_WATER)
    socket.setsockopt(zmq.RCVHWM, RECEIVE_HIGH_WATER)
    socket.setsockopt(zmq.MAXMSGSIZE, MAX_MESSAGE_BYTES)
    return socket


class ZmqLink:
    """A link over ZeroMQ (``tcp://`` or ``ipc://``); it connects again by itself."""

    def __init__(self, endpoint: str) -> None:
        self._socket = configured(zmq.Context.instance().socket(zmq.DEALER))
        self._socket.connect(endpoint)

    def send(self, frames: Sequence[Frame]) -> None:
        """See :class:`Link`."""
        try:
            self._socket.send_multipart(frames, flags=zmq.NOBLOCK)
        except zmq.Again:
            raise no_engine("The engine takes no more messages") from None

    def receive(self, timeout_s: float) -> list[bytes] | None:
        """See :class:`Link`."""
        if not self._socket.poll(math.ceil(max(0.0, timeout_s) * 1000), zmq.POLLIN):
            return None
        return list(self._socket.recv_multipart())

    def close(self) -> None:
        """See :class:`Link`."""
        self._socket.close()


def link_to(endpoint: str, token: str | None = None) -> Link:
    """A link to ``tcp://`` or ``ipc://`` (ZeroMQ), or to ``gateway://`` with its token."""
    return GatewayLink(endpoint, token) if endpoint.startswith(SCHEME) else ZmqLink(endpoint)

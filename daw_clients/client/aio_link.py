"""The links of the asyncio client: frames out, frames in, no meaning. One loop."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Protocol

import zmq
import zmq.asyncio

from bridge_protocol.gateway_frames import FrameReader, from_gateway, to_gateway
from bridge_protocol.wire import BadMessageError
from daw_clients.client.core import Frame, no_engine
from daw_clients.client.gateway_door import SCHEME, SIGN_IN_TIMEOUT_S, GatewayDoor
from daw_clients.client.gateway_link import MAX_UNSENT_BYTES, READ_BYTES
from daw_clients.client.link import configured


class AsyncLink(Protocol):
    """Carries whole messages both ways."""

    async def open(self) -> None:
        """Connects. RefusedError where that is refused."""
        ...

    def send(self, frames: Sequence[Frame]) -> None:
        """Sends a message; never waits. RefusedError(NO_ENGINE) where nothing takes it."""
        ...

    async def receive(self) -> list[bytes]:
        """The next message. RefusedError(NO_ENGINE) where none will come any more."""
        ...

    def close(self) -> None:
        """Ends the link; what was not sent yet is dropped."""
        ...


class AsyncZmqLink:
    """A link over ZeroMQ (``tcp://`` or ``ipc://``); it connects again by itself."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self._socket: Any = None

    async def open(self) -> None:
        """See :class:`AsyncLink`."""
        self._socket = configured(zmq.asyncio.Context.instance().socket(zmq.DEALER))
        self._socket.connect(self._endpoint)

    def send(self, frames: Sequence[Frame]) -> None:
        """See :class:`AsyncLink`."""
        sent = self._socket.send_multipart(frames, flags=zmq.NOBLOCK)
        if sent.done() and isinstance(sent.exception(), zmq.Again):
            raise no_engine("The engine takes no more messages")

    async def receive(self) -> list[bytes]:
        """See :class:`AsyncLink`."""
        return list(await self._socket.recv_multipart())

    def close(self) -> None:
        """See :class:`AsyncLink`."""
        self._socket.close()


class AsyncGatewayLink:
    """A link through a gateway; see :class:`daw_clients.client.gateway_link.GatewayLink`."""

    def __init__(self, door: GatewayDoor) -> None:
        self._door = door
        self._frames = FrameReader()
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        self.files_folder = ""

    async def open(self) -> None:
        """See :class:`AsyncLink`; signs in, which may raise what the gateway refuses."""
        self._frames = FrameReader()
        try:
            async with asyncio.timeout(SIGN_IN_TIMEOUT_S):
                await self._sign_in()
        except TimeoutError:
            raise no_engine(f"Nothing answered at {self._door.endpoint}") from None

    def send(self, frames: Sequence[Frame]) -> None:
        """See :class:`AsyncLink`."""
        writer = self._writer
        if writer is None or writer.is_closing():
            raise no_engine("The gateway has ended the connection")
        if writer.transport.get_write_buffer_size() > MAX_UNSENT_BYTES:
            raise no_engine("The engine takes no more messages")
        writer.write(to_gateway(frames, self._door.encoding))

    async def receive(self) -> list[bytes]:
        """See :class:`AsyncLink`."""
        body = await self._body()
        try:
            return [bytes(frame) for frame in from_gateway(body)]
        except BadMessageError:
            return [body]  # whoever reads it says that it is no message

    def close(self) -> None:
        """See :class:`AsyncLink`."""
        if self._writer is not None:
            self._writer.close()

    async def _sign_in(self) -> None:
        try:
            self._reader, self._writer = await asyncio.open_connection(
                self._door.host, self._door.port
            )
        except OSError as error:
            words = f"Nothing listens at {self._door.endpoint} ({error.strerror or error})"
            raise no_engine(words) from None
        self._writer.write(self._door.first_frame())
        self.files_folder = self._door.checked_answer(await self._body())

    async def _body(self) -> bytes:
        assert self._reader is not None
        while (body := self._whole_frame()) is None:
            try:
                octets = await self._reader.read(READ_BYTES)
            except ConnectionError:
                octets = b""
            if not octets:
                raise no_engine("The gateway has ended the connection")
            self._frames.feed(octets)
        return body

    def _whole_frame(self) -> bytes | None:
        try:
            return self._frames.take()
        except BadMessageError as error:
            raise no_engine(f"{self._door.endpoint} is no gateway ({error.message})") from None


def async_link_to(endpoint: str, token: str | None = None) -> AsyncLink:
    """A link to ``tcp://`` or ``ipc://`` (ZeroMQ), or to ``gateway://`` with its token."""
    if endpoint.startswith(SCHEME):
        return AsyncGatewayLink(GatewayDoor(endpoint, token))
    return AsyncZmqLink(endpoint)

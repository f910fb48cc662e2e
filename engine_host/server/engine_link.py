"""A gateway client's own way to the engine: one DEALER, and whether the engine is at its other end."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import zmq
import zmq.asyncio
from zmq.utils.monitor import recv_monitor_message

from bridge_protocol.wire import MAX_MESSAGE_BYTES

SEND_HIGH_WATER = 8
RECEIVE_HIGH_WATER = 256


class EngineLink:
    """See the module. One asyncio loop. :meth:`close` it, whatever happens."""

    def __init__(self, context: zmq.asyncio.Context, endpoint: str) -> None:
        self._socket = context.socket(zmq.DEALER)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._socket.setsockopt(zmq.SNDHWM, SEND_HIGH_WATER)
        self._socket.setsockopt(zmq.RCVHWM, RECEIVE_HIGH_WATER)
        self._socket.setsockopt(zmq.MAXMSGSIZE, MAX_MESSAGE_BYTES)
        self._events = self._socket.get_monitor_socket(
            zmq.EVENT_HANDSHAKE_SUCCEEDED | zmq.EVENT_DISCONNECTED
        )
        self._socket.connect(endpoint)

    async def connected(self, timeout_s: float) -> bool:
        """Waits for the engine; False where it did not come in time."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._event(zmq.EVENT_HANDSHAKE_SUCCEEDED)
        except TimeoutError:
            return False
        return True

    async def lost(self) -> None:
        """Waits until the engine is gone; one that is started again is another one."""
        await self._event(zmq.EVENT_DISCONNECTED)

    async def send(self, frames: Sequence[bytes | memoryview]) -> None:
        """Sends a message; waits while the engine takes none."""
        await self._socket.send_multipart(frames)

    async def receive(self) -> list[bytes]:
        """The engine's next message."""
        return list(await self._socket.recv_multipart())

    def close(self) -> None:
        """Ends it; the engine notices at its next pulse."""
        self._socket.disable_monitor()
        self._socket.close()

    async def _event(self, wanted: int) -> None:
        while (await recv_monitor_message(self._events))["event"] != wanted:
            pass

"""The gateway: the bridge's protocol over TCP, for hosts whose scripts have no ZeroMQ.

Each client has a DEALER of its own to the engine, so that to the engine it is a client like any
other; it makes no difference whether the engine runs in this process.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import os
import socket
from pathlib import Path

import platformdirs
import zmq
import zmq.asyncio

from bridge_protocol.clock import Clock
from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.gateway_frames import DEFAULT_GATEWAY_PORT
from engine_host.server.gateway_connection import GatewayConnection, GatewaySetup
from engine_host.server.gateway_limits import GatewayLimits
from engine_host.server.gateway_token import GatewayToken

BACKLOG = 64

logger = logging.getLogger("anacrusis")


def sessions_folder() -> Path:
    """Where the folders of sessions lie that hear by files, for this user on this machine."""
    return platformdirs.user_cache_path("anacrusis", appauthor=False) / "sessions"


class Gateway:
    """Listens on loopback from when it is made; :meth:`run` belongs to one asyncio loop.

    ``engine`` is the engine's ZeroMQ endpoint. ``clients`` are the tasks that serve them now.
    RefusedError PORT_IN_USE where the port is taken, BAD_FIELD where ``engine`` is no endpoint.
    """

    def __init__(
        self,
        token: GatewayToken,
        engine: str,
        clock: Clock,
        *,
        port: int = DEFAULT_GATEWAY_PORT,
        files: Path | None = None,
        limits: GatewayLimits | None = None,
    ) -> None:
        self.clients: set[asyncio.Task[None]] = set()
        _check_endpoint(engine)
        self._listener = _listener(port)
        self.endpoint = f"gateway://127.0.0.1:{self._listener.getsockname()[1]}"
        self._setup = GatewaySetup(
            token,
            engine,
            clock,
            files or sessions_folder(),
            limits or GatewayLimits(),
            zmq.asyncio.Context(),
        )
        self._numbers = itertools.count(1)

    async def run(self) -> None:
        """Serves until it is cancelled; then every client is cut off, and its files are deleted."""
        server = await asyncio.start_server(self._accept, sock=self._listener)
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            server.close()
            clients = list(self.clients)
            for client in clients:
                client.cancel()
            await asyncio.gather(*clients, return_exceptions=True)
            self._setup.context.destroy(linger=0)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self.clients) >= self._setup.limits.connections:
            logger.warning("the gateway serves %d clients already", len(self.clients))
            writer.transport.abort()
            return
        connection = GatewayConnection(reader, writer, self._setup, str(next(self._numbers)))
        client = asyncio.create_task(connection.run())
        self.clients.add(client)
        client.add_done_callback(self.clients.discard)


def _check_endpoint(engine: str) -> None:
    probe: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.DEALER)
    try:
        probe.connect(engine)
    except zmq.ZMQError as error:
        text = f"{engine!r} is no endpoint ({error.strerror}); give one like tcp://127.0.0.1:5317."
        raise RefusedError(ErrorCode.BAD_FIELD, "engine", text) from None
    finally:
        probe.close(linger=0)


def _listener(port: int) -> socket.socket:
    listener = socket.socket()
    if os.name == "posix":  # elsewhere it would let two listen on one port
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        text = (
            f"Port {port} can't be used ({error.strerror}). Another gateway may be running: stop "
            "it, or choose another port (0 finds a free one)."
        )
        raise RefusedError(ErrorCode.PORT_IN_USE, "port", text) from None
    return listener

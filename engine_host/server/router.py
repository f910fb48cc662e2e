"""The ROUTER socket, on one asyncio loop, and the engine's own thread beside it."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import deque

import zmq
import zmq.asyncio

from bridge_protocol.clock import Clock
from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.wire import MAX_MESSAGE_BYTES
from engine_host.server.hub import Hub
from engine_host.server.library import LibraryReader
from engine_host.server.model_swap import ModelSwap
from engine_host.stream.engine import Engine
from engine_host.stream.stream import Stream

DEFAULT_PORT = 5317
HIGH_WATER_MARK = 4096
PULSE_SECONDS = 0.25
IDLE_SECONDS = 0.005

logger = logging.getLogger("anacrusis")


class EngineThread:
    """Runs the engine's rounds until told to stop; the only thread that ticks or decodes."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._wake = threading.Event()
        self._stop = False
        self._thread = threading.Thread(target=self._run, name="anacrusis-engine", daemon=True)
        self.hub: Hub | None = None

    def start(self) -> None:
        """Begins."""
        self._thread.start()

    def wake(self) -> None:
        """Something may be there to do. Any thread."""
        self._wake.set()

    def stop(self) -> None:
        """Ends after the round in progress."""
        self._stop = True
        self._wake.set()
        self._thread.join(timeout=10)

    def _run(self) -> None:
        while not self._stop:
            self._wake.clear()
            try:
                worked = self._engine.round()
            except Exception:
                logger.exception("the engine's round failed; going on")
                worked = False
            if self.hub is not None:
                self.hub.beat()
            if not worked:
                self._wake.wait(IDLE_SECONDS)


class Server:
    """A hub behind a ROUTER on loopback. ``run`` belongs to one asyncio loop."""

    def __init__(
        self,
        engine: Engine,
        clock: Clock,
        *,
        port: int = DEFAULT_PORT,
        swap: ModelSwap | None = None,
        library: LibraryReader | None = None,
    ) -> None:
        self.engine_thread = EngineThread(engine)
        self.hub = Hub(engine, clock, self._post, swap, library)
        self.engine_thread.hub = self.hub
        self._outbox: deque[tuple[bytes, list[bytes | memoryview]]] = deque()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._more = asyncio.Event()
        self._stopping = asyncio.Event()
        self._context = zmq.asyncio.Context()
        self._socket = self._bound_socket(port)
        self.endpoint = self._socket.getsockopt_string(zmq.LAST_ENDPOINT)

    def _bound_socket(self, port: int) -> zmq.asyncio.Socket:
        socket = self._context.socket(zmq.ROUTER)
        socket.setsockopt(zmq.ROUTER_MANDATORY, 1)
        socket.setsockopt(zmq.LINGER, 0)
        socket.setsockopt(zmq.MAXMSGSIZE, MAX_MESSAGE_BYTES)
        socket.setsockopt(zmq.SNDHWM, HIGH_WATER_MARK)
        socket.setsockopt(zmq.RCVHWM, HIGH_WATER_MARK)
        try:
            socket.bind(f"tcp://127.0.0.1:{port or '*'}")
        except zmq.ZMQError as error:
            self._context.destroy(linger=0)
            raise RefusedError(
                ErrorCode.PORT_IN_USE,
                "port",
                f"Port {port} can't be used ({error.strerror}). Another engine may be running: "
                "stop it, or choose another port with --port (0 finds a free one).",
            ) from None
        return socket

    async def run(self) -> None:
        """Serves until :meth:`stop`."""
        self._loop = asyncio.get_running_loop()
        self.engine_thread.start()
        tasks = [
            asyncio.create_task(work) for work in (self._receive(), self._deliver(), self._pulse())
        ]
        try:
            await self._stopping.wait()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await asyncio.to_thread(self.engine_thread.stop)
            self._context.destroy(linger=0)

    def stop(self) -> None:
        """Ends :meth:`run`. Any thread."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._stopping.set)

    def failed(self, stream: Stream, words: str) -> None:
        """See :meth:`Hub.failed`."""
        logger.error("a generation failed: %s", words)
        self.hub.failed(stream, words)

    def _post(self, identity: bytes, frames: list[bytes | memoryview]) -> None:
        self._outbox.append((identity, frames))
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._more.set)

    async def _receive(self) -> None:
        while True:
            identity, *frames = await self._socket.recv_multipart()
            try:
                self.hub.handle(identity, frames)
            except Exception:
                logger.exception("a message could not be answered; its client is dropped")
                self.hub.drop(identity)
            self.engine_thread.wake()

    async def _deliver(self) -> None:
        while True:
            await self._more.wait()
            self._more.clear()
            while self._outbox:
                await self._send(*self._outbox.popleft())

    async def _send(self, identity: bytes, frames: list[bytes | memoryview]) -> None:
        """A client that is gone, or takes nothing any more, is dropped; nobody waits for it."""
        try:
            await self._socket.send_multipart([identity, *frames], flags=zmq.NOBLOCK)
        except zmq.ZMQError as error:
            if error.errno not in (zmq.EHOSTUNREACH, zmq.EAGAIN):
                raise
            self.hub.drop(identity)

    async def _pulse(self) -> None:
        while True:
            await asyncio.sleep(PULSE_SECONDS)
            self.hub.service()

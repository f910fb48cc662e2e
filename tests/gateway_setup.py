"""A toy engine behind its ROUTER and a gateway before it, on real sockets, and a client of bytes."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgpack
from toy_model import ToyModel

from bridge_protocol.clock import MonotonicClock
from bridge_protocol.gateway_frames import framed
from engine_host.server.gateway import Gateway
from engine_host.server.gateway_limits import GatewayLimits
from engine_host.server.gateway_token import GatewayToken
from engine_host.server.router import Server
from engine_host.stream.engine import Engine

TOKEN = "the token of the tests"
PATIENCE_S = 20.0


class LoopThread:
    """An asyncio loop in a thread of its own."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever)
        self._thread.start()

    def submit(self, work):
        return asyncio.run_coroutine_threadsafe(work, self.loop)

    def call(self, work):
        return self.submit(work).result(PATIENCE_S)

    def close(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()


@contextmanager
def running(made) -> Iterator[LoopThread]:
    """Runs a Server or a Gateway until the block ends."""
    thread = LoopThread()
    task = thread.submit(_task(made))
    thread.call(asyncio.sleep(0))  # it has begun, so it can be stopped
    try:
        yield thread
    finally:
        if isinstance(made, Server):
            made.stop()
        else:
            task.cancel()
        thread.call(_ended())
        thread.close()


async def _task(made) -> None:
    await made.run()


async def _ended() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    await asyncio.gather(*others, return_exceptions=True)


def toy_server(port: int = 0, **model) -> Server:
    clock = MonotonicClock()
    engine = Engine(ToyModel(**model), clock)
    server = Server(engine, clock, port=port)
    engine.on_failure = server.failed
    engine.on_pace = server.hub.paced
    return server


class Host:
    """A gateway that runs, and what it leads to."""

    def __init__(self, gateway: Gateway, thread: LoopThread, files: Path, server=None) -> None:
        self.gateway, self.files, self.server = gateway, files, server
        self.endpoint = gateway.endpoint
        self.port = int(gateway.endpoint.rsplit(":", 1)[1])
        self._thread = thread

    def until_left(self, clients: int) -> None:
        """Waits until so many clients are connected."""
        self._thread.call(self._until_left(clients))

    async def _until_left(self, clients: int) -> None:
        while len(self.gateway.clients) > clients:
            await asyncio.wait(self.gateway.clients, return_when=asyncio.FIRST_COMPLETED)


@contextmanager
def gateway_to(engine: str, files: Path, server=None, **limits) -> Iterator[Host]:
    limits = {"wrong_token_s": 0.0, "parting_s": PATIENCE_S} | limits
    gateway = Gateway(
        GatewayToken(TOKEN, "of the tests"),
        engine,
        MonotonicClock(),
        port=0,
        files=files,
        limits=GatewayLimits(**limits),
    )
    with running(gateway) as thread:
        yield Host(gateway, thread, files, server)


@contextmanager
def served(files: Path, **limits) -> Iterator[Host]:
    """A toy engine, and a gateway to it."""
    server = toy_server()
    with running(server), gateway_to(server.endpoint, files, server, **limits) as host:
        yield host


class RawClient:
    """A client that sends what it likes; every wait ends with an error after some seconds."""

    def __init__(self, host: Host, encoding: str = "json", receive_buffer: int = 0) -> None:
        self.encoding = encoding
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(PATIENCE_S)
        self.socket.connect(("127.0.0.1", host.port))
        self.raw_frames = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send_bytes(self, octets: bytes) -> None:
        self.socket.sendall(octets)

    def send(self, **fields) -> None:
        encode = msgpack.packb if self.encoding == "msgpack" else json.dumps
        body = encode(fields)
        self.send_bytes(framed(body.encode() if isinstance(body, str) else body))

    def read(self) -> dict:
        """The next frame."""
        body = self._exactly(int.from_bytes(self._exactly(4), "big"))
        self.raw_frames.append(body)
        return json.loads(body) if body[:1] == b"{" else msgpack.unpackb(body)

    def ask(self, **fields) -> dict:
        """Sends, and reads up to the reply."""
        self.send(**fields)
        while True:
            found = self.read()
            if found.get("re") == fields["seq"]:
                return found

    def sign_in(self, **more) -> dict:
        return self.ask(type="sign_in", seq=1, token=TOKEN, **more)

    def greet(self, **more) -> dict:
        """Signs in and says hello."""
        assert self.sign_in(**more)["type"] == "ok"
        return self.ask(type="hello", seq=2, client="raw")

    def is_over(self) -> bool:
        """Whether the gateway ends the connection, having said nothing more."""
        try:
            return self.socket.recv(1) == b""
        except ConnectionResetError:
            return True

    def _exactly(self, count: int) -> bytes:
        found = b""
        while len(found) < count:
            octets = self.socket.recv(count - len(found))
            if not octets:
                raise ConnectionError("the gateway has ended the connection")
            found += octets
        return found

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zmq
from fake_engine import FakeEngine
from gateway_setup import TOKEN, gateway_to

from bridge_protocol.clock import VirtualClock
from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.schema import Notice
from daw_clients.client.aio import AsyncClient
from daw_clients.client.aio_link import AsyncGatewayLink
from daw_clients.client.client import Client
from daw_clients.client.gateway_door import GatewayDoor
from daw_clients.client.gateway_link import GatewayLink
from daw_clients.client.link import ZmqLink

WAYS = ["zeromq", "json", "msgpack"]


@contextmanager
def served() -> Iterator[tuple[str, FakeEngine]]:
    """A plain ROUTER whose messages the fake engine answers."""
    router = zmq.Context.instance().socket(zmq.ROUTER)
    router.setsockopt(zmq.LINGER, 0)
    port = router.bind_to_random_port("tcp://127.0.0.1")
    engine = FakeEngine(VirtualClock())
    over = threading.Event()

    def serve() -> None:
        while not over.is_set():
            if router.poll(20):
                who, *frames = router.recv_multipart()
                engine.send(frames)
                while (answer := engine.receive(0.0)) is not None:
                    router.send_multipart([who, *answer])

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"tcp://127.0.0.1:{port}", engine
    finally:
        over.set()
        thread.join()
        router.close()


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Any, Any, FakeEngine]]:
    """What a client and an asyncio client are given to come to an engine, and the engine."""
    with served() as (endpoint, engine):
        if request.param == "zeromq":
            yield endpoint, endpoint, engine
            return
        with gateway_to(endpoint, tmp_path) as host:
            door = GatewayDoor(host.endpoint, TOKEN, encoding=request.param)
            link = GatewayLink(host.endpoint, TOKEN, encoding=request.param)
            yield link, AsyncGatewayLink(door), engine


def test_a_client_speaks_over_a_socket(way: tuple[Any, Any, FakeEngine]) -> None:
    link, _, engine = way
    with Client(link) as client:
        assert client.ping().clock == 7
        audio = np.ones((70_000, 2), np.float32)
        name = client.upload(audio, 48_000)
        assert bytes(engine.uploads[name]) == audio.tobytes()


def test_nothing_there_is_no_engine() -> None:
    with pytest.raises(RefusedError) as refused:
        Client("tcp://127.0.0.1:9").connect(timeout_s=0.05)
    assert refused.value.code is ErrorCode.NO_ENGINE


def test_a_full_link_refuses_and_never_blocks() -> None:
    link = ZmqLink("tcp://127.0.0.1:9")
    try:
        with pytest.raises(RefusedError) as refused:
            for _ in range(5_000):
                link.send([b"x"])
        assert refused.value.code is ErrorCode.NO_ENGINE
    finally:
        link.close()


def test_receive_returns_none_when_nothing_comes() -> None:
    link = ZmqLink("tcp://127.0.0.1:9")
    assert link.receive(0.0) is None
    assert link.receive(0.001) is None
    link.close()


def test_the_asyncio_client_speaks_the_same(way: tuple[Any, Any, FakeEngine]) -> None:
    async def talk(link: Any, engine: FakeEngine) -> None:
        async with AsyncClient(link) as client:
            assert client.core.session == "s1"
            pongs = await asyncio.gather(*(client.ping() for _ in range(20)))
            assert [pong.clock for pong in pongs] == [7] * 20
            audio = np.ones((70_000, 2), np.float32)
            name = await client.upload(audio, 48_000)
            assert bytes(engine.uploads[name]) == audio.tobytes()
            engine.reply(Notice(code="N", message="m"))
            assert (await client.param("denoise", 0.5)).sample == 123
            assert [notice.code for notice in client.kept(Notice)] == ["N"]

    asyncio.run(talk(way[1], way[2]))


def test_the_asyncio_client_names_a_missing_engine() -> None:
    async def talk() -> None:
        with pytest.raises(RefusedError) as refused:
            await AsyncClient("tcp://127.0.0.1:9").connect(timeout_s=0.05)
        assert refused.value.code is ErrorCode.NO_ENGINE

    asyncio.run(talk())

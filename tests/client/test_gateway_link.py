"""The client's end of a gateway: what it says when something is wrong there."""

from __future__ import annotations

import asyncio
import socket
import threading

import pytest
from gateway_setup import TOKEN, gateway_to, running, served, toy_server

from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.gateway_frames import TOKEN_VARIABLE, FrameReader, framed, to_gateway
from bridge_protocol.schema import Notice, Ok, Ping
from bridge_protocol.wire import pack
from daw_clients.client.aio import AsyncClient
from daw_clients.client.client import Client
from daw_clients.client.gateway_door import DEFAULT_GATEWAY, GatewayDoor
from daw_clients.client.gateway_link import GatewayLink


@pytest.fixture(scope="module")
def host(tmp_path_factory):
    with served(tmp_path_factory.mktemp("files")) as made:
        yield made


async def connected(endpoint, token):
    async with AsyncClient(endpoint, token=token) as client:
        return (await client.ping()).clock


def codes(endpoint: str, token: str | None) -> set[ErrorCode]:
    """What both clients raise."""
    found = set()
    with pytest.raises(RefusedError) as refused:
        Client(endpoint, token=token).connect()
    found.add(refused.value.code)
    with pytest.raises(RefusedError) as refused:
        asyncio.run(connected(endpoint, token))
    return found | {refused.value.code}


def test_the_endpoint_and_the_token_are_all_it_takes(host):
    with Client(host.endpoint, token=TOKEN) as client:
        assert client.ping().clock > 0
    assert asyncio.run(connected(host.endpoint, TOKEN)) > 0


def test_the_token_may_come_from_the_environment(host, monkeypatch):
    monkeypatch.setenv(TOKEN_VARIABLE, TOKEN)
    with Client(host.endpoint) as client:
        assert client.ping().clock > 0
    with Client(host.endpoint, token=TOKEN) as client:
        assert client.core.welcome.model.name == "toy"


def test_a_missing_and_a_wrong_token_are_named(host, monkeypatch):
    monkeypatch.delenv(TOKEN_VARIABLE, raising=False)
    assert codes(host.endpoint, None) == {ErrorCode.NOT_SIGNED_IN}
    assert codes(host.endpoint, "wrong") == {ErrorCode.BAD_TOKEN}


@pytest.mark.parametrize("endpoint", ["gateway://", "gateway://x", "gateway://:5", "gateway://x:y"])
def test_an_endpoint_that_is_none_is_named(endpoint):
    assert codes(endpoint, TOKEN) == {ErrorCode.BAD_FIELD}


def test_the_default_is_the_gateway_of_serve():
    door = GatewayDoor(DEFAULT_GATEWAY, TOKEN)
    assert (door.host, door.port) == ("127.0.0.1", 5318)


def test_nothing_there_is_no_engine():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        nobody = f"gateway://127.0.0.1:{probe.getsockname()[1]}"
    assert codes(nobody, TOKEN) == {ErrorCode.NO_ENGINE}


def test_a_gateway_without_an_engine_is_no_engine_and_may_be_tried_again(tmp_path):
    server = toy_server()
    with gateway_to(server.endpoint, tmp_path, engine_s=20.0) as host:
        with running(server):
            pass
        client = Client(host.endpoint, token=TOKEN)
    assert codes(host.endpoint, TOKEN) == {ErrorCode.NO_ENGINE}
    with pytest.raises(RefusedError):
        client.connect()
    with pytest.raises(RefusedError):
        client.connect()


def test_an_engine_that_ends_is_told_and_then_no_engine(tmp_path):
    server = toy_server()
    with gateway_to(server.endpoint, tmp_path) as host:
        with running(server):
            client = Client(host.endpoint, token=TOKEN)
            client.connect()
        with pytest.raises(RefusedError) as refused:
            while True:
                client.ping()
        assert refused.value.code is ErrorCode.NO_ENGINE
        assert [notice.code for notice in client.kept(Notice)] == ["NO_ENGINE"]
        client.close()


def test_the_asyncio_client_names_an_engine_that_ends(tmp_path):
    async def talk(host) -> RefusedError:
        client = AsyncClient(host.endpoint, token=TOKEN)
        await client.connect()
        ended.set()
        with pytest.raises(RefusedError) as refused:
            while True:
                await client.ping()
        await client.close()
        return refused.value

    ended = threading.Event()
    server = toy_server()
    with gateway_to(server.endpoint, tmp_path) as host:
        with running(server):
            found = []
            thread = threading.Thread(target=lambda: found.append(asyncio.run(talk(host))))
            thread.start()
            assert ended.wait(20)
        thread.join()
    assert [error.code for error in found] == [ErrorCode.NO_ENGINE]


# ------------------------------------------------------------ a gateway that is none


class FakeGateway:
    """Takes one client, and answers its sign-in with the bytes it was given."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.endpoint = f"gateway://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._thread.join()
        self._listener.close()

    def _serve(self) -> None:
        client, _ = self._listener.accept()
        with client:
            reader = FrameReader()
            while reader.take() is None:
                reader.feed(client.recv(4096))
            client.sendall(self._answer)


@pytest.mark.parametrize("answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"", b"\x00\x00\x00\x00"])
def test_something_else_at_the_port_is_no_engine(answer):
    with FakeGateway(answer) as fake, pytest.raises(RefusedError) as refused:
        Client(fake.endpoint, token=TOKEN).connect()
    assert refused.value.code is ErrorCode.NO_ENGINE
    with FakeGateway(answer) as fake, pytest.raises(RefusedError) as refused:
        asyncio.run(connected(fake.endpoint, TOKEN))
    assert refused.value.code is ErrorCode.NO_ENGINE


def test_frames_of_the_gateway_that_are_no_message_are_counted_and_change_nothing():
    signed_in = to_gateway(pack(Ok(re=0)), "json")
    rubbish = framed(b"rubbish") + to_gateway(pack(Notice(code="N", message="m")), "json")
    with FakeGateway(signed_in + rubbish) as fake:
        client = Client(fake.endpoint, token=TOKEN)
        client.tell(Ping())
        with pytest.raises(RefusedError):
            while True:
                client.poll(10.0)
    assert client.core.bad_messages == 1
    assert [notice.code for notice in client.kept(Notice)] == ["N"]
    client.close()


def test_a_link_that_was_not_opened_has_nothing_to_receive():
    link = GatewayLink("gateway://127.0.0.1:9", TOKEN)
    assert link.receive(5.0) is None
    link.close()


def test_a_gateway_that_takes_nothing_is_no_engine_and_never_blocks(monkeypatch):
    monkeypatch.setattr("daw_clients.client.gateway_link.MAX_UNSENT_BYTES", 1 << 20)
    listener = socket.create_server(("127.0.0.1", 0))
    signed_in = to_gateway(pack(Ok(re=0)), "msgpack")
    taken = []

    def serve() -> None:
        taken.append(listener.accept()[0])
        taken[0].sendall(signed_in)

    thread = threading.Thread(target=serve)
    thread.start()
    link = GatewayLink(f"gateway://127.0.0.1:{listener.getsockname()[1]}", TOKEN)
    message = pack(Ping(), bytes(1 << 20))
    with pytest.raises(RefusedError) as refused:
        for _ in range(100):
            link.send(message)
    assert refused.value.code is ErrorCode.NO_ENGINE
    thread.join()
    link.close()
    taken[0].close()
    listener.close()

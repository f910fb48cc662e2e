"""The engine behind a gateway of its own ends, and another one is started."""

from __future__ import annotations

import pytest
from gateway_setup import TOKEN, RawClient, gateway_to, running, toy_server

from bridge_protocol.clock import MonotonicClock
from bridge_protocol.errors import ErrorCode, RefusedError
from engine_host.server.gateway import Gateway
from engine_host.server.gateway_token import GatewayToken


@pytest.mark.parametrize("encoding", ["json", "msgpack"])
def test_an_engine_that_ends_is_told_and_the_next_one_serves_who_connects_again(tmp_path, encoding):
    server = toy_server()
    endpoint = server.endpoint
    with gateway_to(endpoint, tmp_path, engine_s=0.2) as host:
        with running(server):
            client = RawClient(host, encoding)
            client.greet(audio="files")
            assert client.ask(type="param", seq=3, parameter="denoise", value=0.5)["type"] == "ok"
            assert len(list(tmp_path.iterdir())) == 1
        while (found := client.read())["type"] == "pulse":
            pass
        assert (found["type"], found["code"]) == ("notice", "NO_ENGINE")
        assert "sign in" in found["message"]
        assert client.is_over()
        client.socket.close()
        host.until_left(0)
        assert list(tmp_path.iterdir()) == []
        with RawClient(host, encoding) as early:
            assert early.sign_in()["code"] == "NO_ENGINE"
            assert early.is_over()
        server = toy_server(int(endpoint.rsplit(":", 1)[1]))
        with running(server), RawClient(host, encoding) as again:
            assert again.greet()["type"] == "welcome"


def test_a_message_that_comes_with_the_engines_end_harms_nobody(tmp_path):
    server = toy_server()
    with gateway_to(server.endpoint, tmp_path, engine_s=0.2) as host:
        with running(server):
            client = RawClient(host)
            client.greet()
        client.send(type="ping", seq=3)
        kinds = []
        while not kinds or kinds[-1] != "notice":
            kinds.append(client.read()["type"])
        assert client.is_over()
        client.socket.close()


def test_an_engine_that_comes_while_the_client_waits_is_taken(tmp_path):
    server = toy_server()
    port = int(server.endpoint.rsplit(":", 1)[1])
    with running(server):
        pass
    endpoint = f"tcp://127.0.0.1:{port}"
    with gateway_to(endpoint, tmp_path, engine_s=20.0) as host, RawClient(host) as client:
        client.send(type="sign_in", seq=1, token=TOKEN)
        with running(toy_server(port)):
            assert client.read()["type"] == "ok"


def gateway_at(engine: str, port: int = 0) -> Gateway:
    return Gateway(GatewayToken("x" * 20, "here"), engine, MonotonicClock(), port=port)


@pytest.mark.parametrize("endpoint", ["", "127.0.0.1:5317", "http://127.0.0.1", "tcp://127.0.0.1"])
def test_what_is_no_endpoint_is_refused(endpoint):
    with pytest.raises(RefusedError) as refused:
        gateway_at(endpoint)
    assert (refused.value.code, refused.value.field) == (ErrorCode.BAD_FIELD, "engine")


def test_a_port_that_is_taken_is_refused(tmp_path):
    with gateway_to("tcp://127.0.0.1:9", tmp_path) as host:
        with pytest.raises(RefusedError) as refused:
            gateway_at("tcp://127.0.0.1:9", host.port)
        assert refused.value.code is ErrorCode.PORT_IN_USE
        assert str(host.port) in refused.value.message

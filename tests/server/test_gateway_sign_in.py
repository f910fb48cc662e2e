"""Who comes in at the gateway, and what is said to who does not."""

from __future__ import annotations

import logging

import pytest
from gateway_setup import TOKEN, RawClient, gateway_to, served

from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.gateway_frames import MAX_FIRST_FRAME_BYTES, framed
from bridge_protocol.schema import SignIn
from daw_clients.client.client import Client


@pytest.fixture(scope="module")
def host(tmp_path_factory):
    with served(tmp_path_factory.mktemp("files")) as made:
        yield made


@pytest.fixture(params=["json", "msgpack"])
def client(host, request):
    with RawClient(host, request.param) as made:
        yield made


def test_the_token_opens_and_hello_is_welcomed(client):
    ok = client.sign_in()
    assert {name: value for name, value in ok.items() if name != "at"} == {"type": "ok", "re": 1}
    welcome = client.ask(type="hello", seq=2)
    assert (welcome["type"], welcome["model"]["name"]) == ("welcome", "toy")


def test_every_answer_is_in_the_encoding_of_the_first_frame(client):
    client.greet()
    client.encoding = "json" if client.encoding == "msgpack" else "msgpack"
    assert client.ask(type="ping", seq=3)["type"] == "pong"
    heads = {frame[:1] == b"{" for frame in client.raw_frames}
    assert heads == {client.encoding == "msgpack"}


def test_ping_is_legal_before_signing_in(client):
    pong = client.ask(type="ping", seq=9)
    assert pong["type"] == "pong"
    assert pong["clock"] > 0
    assert client.sign_in()["type"] == "ok"


@pytest.mark.parametrize("message", [{"type": "hello"}, {"type": "bye"}, {"type": "credit"}])
def test_without_signing_in_nothing_is_taken(client, message, host):
    fields = {"stream": 1, "epoch": 1, "frames": 1} if message["type"] == "credit" else {}
    refused = client.ask(seq=4, **message, **fields)
    assert (refused["type"], refused["code"]) == ("refused", "NOT_SIGNED_IN")
    assert client.is_over()


@pytest.mark.parametrize("token", ["", "wrong", TOKEN + "x", TOKEN[:-1], "\u00e4"])
def test_a_wrong_token_is_refused_in_words_and_closed(client, token):
    refused = client.ask(type="sign_in", seq=4, token=token)
    assert (refused["type"], refused["code"]) == ("refused", "BAD_TOKEN")
    assert "anacrusis gateway --show-token" in refused["message"]
    assert client.is_over()


def test_a_sign_in_without_a_token_is_refused_with_the_field(client):
    refused = client.ask(type="sign_in", seq=4)
    assert (refused["type"], refused["code"]) == ("refused", "BAD_FIELD")
    assert "token" in refused["message"]
    assert client.is_over()


def test_a_second_sign_in_is_an_error_and_changes_nothing(client):
    client.greet()
    error = client.ask(type="sign_in", seq=5, token="another")
    assert (error["type"], error["code"]) == ("error", "BAD_MESSAGE")
    assert client.ask(type="param", seq=6, parameter="denoise", value=0.5)["type"] == "ok"


def test_another_major_version_is_told(client):
    error = client.ask(type="ping", seq=5, v=2)
    assert (error["type"], error["code"], error["field"]) == ("error", "VERSION", "v")
    assert client.ask(type="ping", seq=6, v=1)["type"] == "pong"


def test_before_the_sign_in_only_short_frames_are_read(host):
    with RawClient(host) as client:
        client.send_bytes((MAX_FIRST_FRAME_BYTES + 1).to_bytes(4, "big"))
        assert client.read()["code"] == "BAD_MESSAGE"
        assert client.is_over()
    with RawClient(host) as client:
        client.greet()
        long = b'{"type":"prompt","seq":7,"x":"' + b"x" * MAX_FIRST_FRAME_BYTES + b'"}'
        client.send_bytes(framed(long))
        assert client.read()["field"] == "text"


def test_a_host_that_adds_lengths_itself_is_understood(host):
    with RawClient(host) as client:
        once = framed(b'{"type":"sign_in","seq":1,"token":"%s"}' % TOKEN.encode())
        client.send_bytes(framed(once))
        assert client.read()["type"] == "ok"


def test_over_zeromq_sign_in_is_no_legal_message(host):
    with Client(host.server.endpoint) as client, pytest.raises(RefusedError) as refused:
        client.request(SignIn(token=TOKEN))
    assert refused.value.code is ErrorCode.BAD_MESSAGE


def test_who_does_not_sign_in_in_time_is_cut_off(tmp_path):
    with served(tmp_path, sign_in_s=0.05) as host, RawClient(host) as client:
        assert client.is_over()


def test_a_wrong_token_waits_and_nobody_waits_with_it(tmp_path):
    with served(tmp_path, wrong_token_s=3600.0) as host, RawClient(host) as wrong:
        wrong.send(type="sign_in", seq=1, token="wrong")
        with RawClient(host) as right:
            assert right.greet()["type"] == "welcome"
        wrong.socket.settimeout(0.05)
        with pytest.raises(TimeoutError):
            wrong.read()


def test_the_token_is_never_logged(tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    with served(tmp_path) as host, RawClient(host) as client:
        assert client.ask(type="sign_in", seq=1, token="wrong token")["code"] == "BAD_TOKEN"
        assert client.is_over()
    assert "refused" in caplog.text
    assert TOKEN not in caplog.text
    assert "wrong token" not in caplog.text


def test_without_an_engine_the_sign_in_says_so(tmp_path):
    nobody = "tcp://127.0.0.1:9"
    with gateway_to(nobody, tmp_path, engine_s=0.05) as host, RawClient(host) as client:
        refused = client.sign_in()
        assert (refused["type"], refused["code"]) == ("refused", "NO_ENGINE")
        assert "anacrusis serve" in refused["message"]
        assert client.is_over()

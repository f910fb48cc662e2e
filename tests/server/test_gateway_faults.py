"""What a client of the gateway may do wrong, and that nobody else hears of it."""

from __future__ import annotations

import logging
import re
import select
import socket
import struct
import threading

import msgpack
import numpy as np
import pytest
import zmq
from gateway_setup import PATIENCE_S, RawClient, gateway_to, served

from bridge_protocol.gateway_frames import MAX_FRAME_BYTES, framed

MIB = 1024 * 1024


@pytest.fixture(scope="module")
def host(tmp_path_factory):
    with served(tmp_path_factory.mktemp("files")) as made:
        yield made


@pytest.fixture(autouse=True)
def no_fault_of_our_own(caplog):
    """Whatever clients do is foreseen: nothing is logged as an error."""
    yield
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


def assert_alive(host) -> None:
    with RawClient(host) as client:
        assert client.greet()["type"] == "welcome"


# ------------------------------------------------------------ frames


@pytest.mark.parametrize(
    "part", [b"\x00", b"\x00\x00\x00", b"\x00\x00\x00\x09", framed(b"{}")[:-1]]
)
@pytest.mark.parametrize("signed_in", [True, False])
def test_half_a_frame_is_waited_for_and_then_cut_off(tmp_path, part, signed_in):
    with served(tmp_path, frame_part_s=0.05) as host, RawClient(host) as silent:
        silent.greet()
        with RawClient(host) as client:
            if signed_in:
                client.greet()
            client.send_bytes(part)
            assert_ended(client)
        assert silent.ask(type="ping", seq=3)["type"] == "pong"  # between frames all is well


def assert_ended(client) -> None:
    """The gateway ends the connection; pulses may come before."""
    with pytest.raises(ConnectionError):
        while client.read()["type"] == "pulse":
            pass


def test_half_a_frame_whose_client_leaves_is_forgotten(host):
    with RawClient(host) as client:
        client.greet()
        client.send_bytes(framed(b'{"type":"ping"}')[:-3])
    host.until_left(0)
    assert_alive(host)


def test_a_client_that_vanishes_takes_its_files_along(tmp_path):
    with served(tmp_path) as host:
        client = RawClient(host)
        client.greet(audio="files")
        assert len(list(tmp_path.iterdir())) == 1
        reset = struct.pack("ii", 1, 0)
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
        client.socket.close()
        host.until_left(0)
        assert list(tmp_path.iterdir()) == []
        assert_alive(host)


def test_a_frame_may_come_byte_by_byte(host):
    with RawClient(host) as client:
        client.greet()
        for octet in framed(b'{"type":"ping","seq":5}'):
            client.send_bytes(bytes([octet]))
        while (found := client.read())["type"] == "pulse":
            pass
        assert (found["type"], found["re"]) == ("pong", 5)


@pytest.mark.parametrize("length", [0, MAX_FRAME_BYTES + 1, 2**31, 2**32 - 1])
def test_an_illegal_length_is_refused_before_any_of_it_is_read(host, length):
    with RawClient(host) as client:
        client.greet()
        client.send_bytes(length.to_bytes(4, "big"))
        while (found := client.read())["type"] == "pulse":
            pass
        assert (found["type"], found["code"], found["field"]) == ("error", "BAD_MESSAGE", "length")
        assert client.is_over()
    assert_alive(host)


def test_what_is_no_client_of_a_gateway_is_told_and_closed(host):
    with RawClient(host) as client:
        client.send_bytes(b"GET / HTTP/1.1\r\n\r\n" + bytes(100_000))
        assert client.read()["code"] == "BAD_MESSAGE"
        assert client.is_over()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"\x00\x01\x02", "BAD_MESSAGE"),
        (b"{", "BAD_MESSAGE"),
        (b"[1]", "BAD_MESSAGE"),
        (b'{"value": NaN}', "BAD_MESSAGE"),
        (b"\x81\xa4type", "BAD_MESSAGE"),
        (b"\xde\xff\xff", "BAD_MESSAGE"),
        (b'{"type":"ping","payload":7}', "BAD_FIELD"),
        (b"{}", "BAD_FIELD"),
        (b'{"type":7}', "BAD_FIELD"),
        (b'{"type":"nonsense"}', "UNKNOWN_TYPE"),
        (b'{"type":"hello","sample_rate":"x"}', "BAD_FIELD"),
        (b'{"type":"param","parameter":"denoise","value":1e300}', "OUT_OF_RANGE"),
        (msgpack.packb({"type": "credit", "stream": 1, "epoch": 0, "frames": 0.5}), "BAD_FIELD"),
    ],
)
def test_rubbish_is_told_and_the_connection_lives(host, body, code):
    with RawClient(host) as client:
        client.greet()
        client.send_bytes(framed(body))
        while (found := client.read())["type"] == "pulse":
            pass
        assert (found["type"], found["code"]) == ("error", code)
        assert client.ask(type="ping", seq=7)["type"] == "pong"


def test_any_rubbish_is_survived(host):
    rng = np.random.default_rng(7)
    with RawClient(host) as client:
        client.greet()
        for _ in range(200):
            head = rng.choice([b"", b"{", b"\x82\xa4type", b'{"type":"lane",'])
            client.send_bytes(framed(bytes(head) + rng.bytes(60)))
        assert client.ask(type="ping", seq=7)["type"] == "pong"
    assert_alive(host)


def test_one_client_too_many_is_cut_off_and_a_place_is_free_again(tmp_path):
    with served(tmp_path, connections=2) as host:
        with RawClient(host) as first, RawClient(host) as second:
            first.greet()
            second.greet()
            with RawClient(host) as third:
                assert third.is_over()
        host.until_left(0)
        assert_alive(host)


# ------------------------------------------------------------ a client that reads nothing


def endless_sound(client) -> None:
    """A render of hours, with credit for all of it."""
    hours_of_sound(client)
    client.send(type="credit", seq=5, stream=9, epoch=0, frames=2**50)


def hours_of_sound(client) -> None:
    assert client.ask(type="prompt", seq=3, text="0.5")["type"] == "ok"
    asked = client.ask(type="render", seq=4, stream=9, first_bar=1, last_bar=7_000)
    assert asked["sample"] == 7_000 * 96_000


@pytest.mark.parametrize("encoding", ["json", "msgpack"])
def test_a_client_that_reads_nothing_is_dropped_before_much_waits_for_it(
    tmp_path, caplog, monkeypatch, encoding
):
    limit = MIB
    with served(tmp_path, queued_bytes=limit) as host, RawClient(host) as other:
        other.greet()
        dropped = watched_drops(host, monkeypatch)
        with RawClient(host, encoding, receive_buffer=4096) as client:
            client.greet()
            endless_sound(client)
            host.until_left(1)
            assert dropped.wait(PATIENCE_S)
        assert other.ask(type="ping", seq=3)["type"] == "pong"
        assert len(host.server.hub._sessions) == 1
        assert len(host.server._outbox) <= 1
    (waiting,) = re.findall(r"it does not read, (\d+) bytes wait: it is dropped", caplog.text)
    assert limit < int(waiting) < limit + 100_000  # a block in base64 at most


def watched_drops(host, monkeypatch) -> threading.Event:
    """Set when the engine has ended a client's session."""
    dropped = threading.Event()
    drop = host.server.hub.drop

    def watch(identity) -> None:
        ended = identity in host.server.hub._sessions
        drop(identity)
        if ended and len(host.server.hub._sessions) == 1:
            dropped.set()

    monkeypatch.setattr(host.server.hub, "drop", watch)
    return dropped


def test_no_more_sound_is_sent_than_credit_was_given_for(tmp_path, caplog):
    caplog.set_level(logging.WARNING)
    with served(tmp_path, queued_bytes=MIB) as host, RawClient(host) as client:
        client.greet()
        hours_of_sound(client)
        client.send(type="credit", seq=5, stream=9, epoch=0, frames=96_000)
        client.send(type="ping", seq=6)
        found = [client.read()]
        while sum(f["frames"] for f in found if f["type"] == "audio") < 96_000:
            found.append(client.read())
        assert sum(f["frames"] for f in found if f["type"] == "audio") == 96_000
        assert "pong" in {f["type"] for f in found}
        assert client.ask(type="ping", seq=7)["type"] == "pong"
    assert "dropped" not in caplog.text


def test_a_flood_is_taken_at_the_engines_pace(host):
    """More is sent than all buffers between hold: every request has its reply, in order."""
    piece = {"type": "source_block", "hash": "0" * 64, "offset": 0, "frames": 131_072}
    with RawClient(host, "msgpack") as client:
        client.greet()
        octets = bytes(MIB)
        flood = threading.Thread(
            target=lambda: [client.send(seq=n, payload=octets, **piece) for n in range(10, 74)]
        )
        flood.start()
        answered = []
        while len(answered) < 64:
            found = client.read()
            if found["type"] != "pulse":
                answered.append(found)
        flood.join()
    assert [found["re"] for found in answered] == list(range(10, 74))
    assert {found["code"] for found in answered} == {"UNKNOWN_SOURCE"}


def test_an_engine_that_takes_nothing_is_not_sent_more_and_the_client_must_wait(tmp_path):
    """What was sent then lies in the sockets between, and no more of it than they hold."""
    engine = zmq.Context.instance().socket(zmq.ROUTER)
    engine.setsockopt(zmq.RCVHWM, 1)
    port = engine.bind_to_random_port("tcp://127.0.0.1")
    message = b'{"type":"prompt","text":"%s"}' % (b"x" * MIB)
    with gateway_to(f"tcp://127.0.0.1:{port}", tmp_path) as host, RawClient(host) as client:
        assert client.sign_in()["type"] == "ok"
        client.socket.setblocking(False)
        sent = 0
        while sent < 100 * MIB and select.select([], [client.socket], [], 1.0)[1]:
            sent += client.socket.send(framed(message))
        assert MIB < sent < 64 * MIB
    engine.close(linger=0)

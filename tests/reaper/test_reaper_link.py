"""Frames, the token's place, requests and tasks: the parts of the link, without REAPER."""

import json
import socket
import sys
from pathlib import Path

import platformdirs
import pytest
from anacrusis_reaper.frames import MAX_FRAME_BYTES, Unpacker, packed
from anacrusis_reaper.gateway_link import GatewayLink
from anacrusis_reaper.refusal import RefusedError
from anacrusis_reaper.session import Session
from anacrusis_reaper.tasks import Pending, Runner
from anacrusis_reaper.token_file import VARIABLE, read_token, token_path
from hypothesis import given
from hypothesis import strategies as st

from bridge_protocol import wire
from bridge_protocol.gateway_frames import FrameReader, from_gateway
from bridge_protocol.schema import LaneMessage, SourceBlock
from engine_host.server.gateway_token import token_file

MESSAGE = st.dictionaries(
    st.text(min_size=1),
    st.one_of(
        st.text(), st.integers(-(2**53), 2**53), st.floats(allow_nan=False, allow_infinity=False)
    ),
)


@given(st.lists(MESSAGE, min_size=1, max_size=5), st.integers(1, 50))
def test_messages_come_out_as_they_went_in_whatever_the_pieces(messages, size):
    messages = [dict(message, type="ok") for message in messages]
    stream = b"".join(packed(message) for message in messages)
    unpacker = Unpacker()
    found = [
        message
        for at in range(0, len(stream), size)
        for message in unpacker.feed(stream[at : at + size])
    ]
    assert found == messages


def test_the_gateways_own_reader_takes_a_message_and_its_payload():
    reader = FrameReader()
    reader.feed(
        packed(
            {"type": "source_block", "seq": 3, "hash": "0" * 64, "offset": 0, "frames": 1},
            b"\0\1\2\3",
        )
    )
    frames = from_gateway(reader.take())
    message, payload = wire.unpack_from_client(frames)
    assert isinstance(message, SourceBlock)
    assert payload == b"\0\1\2\3"


def test_numbers_arrive_to_the_bit():
    values = [0.1, 1 / 3, 1e-17, 123456.789012345, 2.0]
    points = [{"position": at, "value": at} for at in values]
    reader = FrameReader()
    reader.feed(packed({"type": "lane", "parameter": "denoise", "revision": 1, "points": points}))
    message, _ = wire.unpack_from_client(from_gateway(reader.take()))
    assert isinstance(message, LaneMessage)
    assert [point.position for point in message.points] == values


def test_what_json_or_the_gateway_has_no_room_for_is_refused_before_it_is_sent():
    with pytest.raises(RefusedError) as refused:
        packed({"type": "param", "value": float("nan")})
    assert refused.value.code == "NOT_FINITE"
    with pytest.raises(RefusedError) as refused:
        packed({"type": "source_block"}, bytes(MAX_FRAME_BYTES))
    assert refused.value.code == "LIMIT"


@pytest.mark.parametrize(
    "octets",
    [
        b"\0\0\0\0",
        b"\xff\xff\xff\xff",
        b"\0\0\0\2{]",
        b"\0\0\0\2[]",
        b"\0\0\0\2{}",
        b"HTTP/1.1 400",
        b"\0\0\0\2\xff\xfe",
    ],
)
def test_an_answer_that_no_gateway_gives_is_refused_in_words(octets):
    with pytest.raises(RefusedError) as refused:
        list(Unpacker().feed(octets))
    assert refused.value.code == "BAD_MESSAGE"
    assert "Check the port" in refused.value.message


def test_a_half_frame_is_waited_for():
    unpacker = Unpacker()
    whole = packed({"type": "ok"})
    assert list(unpacker.feed(whole[:-1])) == []
    assert list(unpacker.feed(whole[-1:])) == [{"type": "ok"}]


# --- the token


@pytest.mark.parametrize(
    ("platform", "environ", "path"),
    [
        ("linux", {}, "/home/me/.local/share/anacrusis/gateway.token"),
        ("linux", {"XDG_DATA_HOME": "/data"}, "/data/anacrusis/gateway.token"),
        (
            "darwin",
            {"XDG_DATA_HOME": "/data"},
            "/home/me/Library/Application Support/anacrusis/gateway.token",
        ),
        ("win32", {"LOCALAPPDATA": "/C/Local"}, "/C/Local/anacrusis/gateway.token"),
        ("win32", {}, "/home/me/AppData/Local/anacrusis/gateway.token"),
    ],
)
def test_the_token_lies_where_the_protocol_says(platform, environ, path):
    assert token_path(environ, platform, Path("/home/me")) == Path(path)


def test_here_the_token_lies_where_the_engine_puts_it(monkeypatch):
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    assert token_path({}, sys.platform, Path.home()) == token_file()
    assert platformdirs.user_data_path("anacrusis", appauthor=False) == token_file().parent


def test_the_environment_comes_before_the_file_and_line_ends_do_not_count(tmp_path):
    path = tmp_path / "gateway.token"
    path.write_text("of the file\n")
    assert read_token({VARIABLE: "of the environment"}, path) == "of the environment"
    assert read_token({VARIABLE: ""}, path) == "of the file"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(RefusedError) as refused:
        read_token({}, path)
    assert refused.value.code == "FILE_MISSING"


# --- requests


class FakeLink:
    """A link whose answers are put in by hand."""

    def __init__(self) -> None:
        self.is_open = True
        self.sent = []
        self.arrived = []

    def send(self, message, payload=None):
        self.sent.append(message)

    def poll(self):
        arrived, self.arrived = self.arrived, []
        return arrived

    def close(self):
        self.is_open = False


class Clock:
    def __init__(self) -> None:
        self.s = 0.0

    def __call__(self):
        return self.s


@pytest.fixture
def session():
    return Session(FakeLink(), Clock())


def test_a_reply_finds_its_request_and_everything_else_is_kept_by_kind_and_stream(session):
    one, two = session.ask({"type": "ping"}), session.ask({"type": "ping"})
    session.link.arrived = [
        {"type": "audio_file", "stream": 1, "bar": 5},
        {"type": "audio_file", "stream": 2, "bar": 6},
        {"type": "ok", "re": 2, "text": "two"},
        {"type": "pulse", "tick": 1},
        {"type": "error", "re": 99, "code": "LIMIT", "message": "no"},
    ]
    session.pump()
    assert (one.done, two.reply["text"]) == (False, "two")
    assert [m["bar"] for m in session.heard("audio_file", 1)] == [5]
    assert session.heard("audio_file", 1) == []
    assert [m["bar"] for m in session.heard("audio_file", 2)] == [6]
    assert [m["code"] for m in session.heard("error")] == ["LIMIT"]
    assert session.heard("pulse") == []


def test_an_error_a_lost_link_and_silence_fail_what_waits(session):
    refused, late = session.ask({"type": "ping"}), session.ask({"type": "ping"}, patience_s=5.0)
    session.link.arrived = [
        {"type": "error", "re": 1, "code": "TOO_LATE", "field": "when", "message": "next: 9"}
    ]
    session.pump()
    assert (refused.error.code, refused.error.message) == ("TOO_LATE", "next: 9")
    session._now_s.s = 6.0
    session.pump()
    assert late.error.code == "NO_ENGINE"
    lost = session.ask({"type": "ping"})
    session.link.close()
    session.pump()
    assert "engine is gone" in lost.error.message


def test_a_task_goes_on_with_the_reply_and_hears_the_refusal_where_it_waited():
    told, refused = [], []
    runner = Runner(refused.append)
    pending, bad = Pending(1.0), Pending(1.0)

    def first():
        told.append((yield pending)["text"])
        yield None
        told.append("next tick")
        try:
            yield bad
        finally:
            told.append("put away")

    def second():
        told.append("second")
        yield None

    runner.add(first())
    runner.add(second())
    runner.step()
    assert told == []
    pending.reply = {"text": "reply"}
    runner.step()
    assert told == ["reply"]
    runner.step()
    bad.error = RefusedError("LIMIT", "x", "too long")
    runner.step()
    assert told == ["reply", "next tick", "put away", "second"]
    assert [error.message for error in refused] == ["too long"]
    runner.step()
    assert not runner.busy


def test_dropped_tasks_put_away_what_they_hold():
    told = []
    runner = Runner(told.append)

    def task():
        try:
            yield Pending(1.0)
        finally:
            told.append("put away")

    runner.add(task())
    runner.step()
    runner.drop()
    assert told == ["put away"]
    assert not runner.busy


# --- the socket


@pytest.fixture
def listener():
    with socket.create_server(("127.0.0.1", 0)) as made:
        yield made


def test_nothing_waits_while_the_other_side_is_silent_or_takes_nothing(listener):
    link = GatewayLink(listener.getsockname()[1])
    other, _ = listener.accept()
    assert link.poll() == []
    link.send({"type": "source_block"}, bytes(8_000_000))
    for _ in range(50):
        link.poll()
    assert len(link._outgoing) > 0
    other.close()
    for _ in range(1_000):
        link.poll()
        if not link.is_open:
            break
    assert not link.is_open
    link.close()


def test_what_was_sent_before_the_end_still_arrives(listener):
    link = GatewayLink(listener.getsockname()[1])
    other, _ = listener.accept()
    other.sendall(packed({"type": "notice", "code": "NO_ENGINE", "message": "over"}))
    other.close()
    found = []
    while link.is_open:
        found += link.poll()
    assert [m["message"] for m in found] == ["over"]
    link.close()


def test_goodbye_goes_out_before_the_link_is_closed(listener):
    session = Session(GatewayLink(listener.getsockname()[1]), Clock())
    other, _ = listener.accept()
    session.close()
    frame = b""
    while octets := other.recv(1024):
        frame += octets
    other.close()
    assert json.loads(frame[4:])["type"] == "bye"

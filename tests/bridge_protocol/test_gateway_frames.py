from __future__ import annotations

import base64
import json

import msgpack
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge_protocol import wire
from bridge_protocol.conformance.samples import Sample, samples
from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.gateway_frames import (
    MAX_FRAME_BYTES,
    Encoding,
    FrameReader,
    encoding_of,
    framed,
    from_gateway,
    to_gateway,
)
from bridge_protocol.schema import Ping, Transport
from bridge_protocol.wire import BadMessageError

calm = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

SAMPLES = samples()
ENCODINGS: list[Encoding] = ["json", "msgpack"]


def body_of(frame: bytes) -> bytes:
    assert int.from_bytes(frame[:4], "big") == len(frame) - 4
    return frame[4:]


def refusal(body: bytes) -> BadMessageError:
    with pytest.raises(BadMessageError) as refused:
        from_gateway(body)
    return refused.value


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_every_message_comes_back_to_the_byte(sample: Sample, encoding: Encoding) -> None:
    frames = wire.pack(sample.message, sample.payload)
    body = body_of(to_gateway(frames, encoding))
    assert encoding_of(body) == encoding
    assert from_gateway(body) == frames


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_json_and_msgpack_of_others_read_the_same(sample: Sample) -> None:
    frames = wire.pack(sample.message, sample.payload)
    fields = msgpack.unpackb(frames[1])
    written = {encoding: body_of(to_gateway(frames, encoding)) for encoding in ENCODINGS}
    if sample.payload is not None:
        assert base64.b64decode(json.loads(written["json"])["payload"]) == sample.payload
        assert msgpack.unpackb(written["msgpack"])["payload"] == sample.payload
    for read in (json.loads(written["json"]), msgpack.unpackb(written["msgpack"])):
        read.pop("payload", None)
        assert read == fields


def test_a_message_written_by_others_is_read() -> None:
    fields = {"type": "live_block", "epoch": 1, "lap": 0, "sample": -3, "frames": 1}
    samples_in = bytes(range(8))
    as_json = json.dumps(fields | {"payload": base64.b64encode(samples_in).decode(), "v": 1})
    as_msgpack = msgpack.packb(fields | {"v": 1, "payload": samples_in})
    for body in (as_json.encode(), as_msgpack):
        message, payload = wire.unpack_from_client(from_gateway(body))
        assert (message.epoch, message.sample, payload) == (1, -3, samples_in)


def test_a_frame_in_a_frame_is_unwrapped_once() -> None:
    for encoding in ENCODINGS:
        once = to_gateway(wire.pack(Ping(seq=5)), encoding)
        assert encoding_of(once) == encoding
        assert from_gateway(once) == wire.pack(Ping(seq=5))
        assert refusal(framed(once)).code is ErrorCode.BAD_MESSAGE


def test_json_and_zeromq_agree_on_numbers_that_are_whole() -> None:
    body = b'{"type":"transport","epoch":1,"sample":0,"address":0,"playing":true,"bpm":120}'
    assert wire.unpack_from_client(from_gateway(body)).message == Transport(
        epoch=1, sample=0, address=0, playing=True, bpm=120.0
    )


@pytest.mark.parametrize(
    ("body", "code", "field", "seq"),
    [
        (b"\x90", ErrorCode.BAD_MESSAGE, "header", None),
        (b"\x00", ErrorCode.BAD_MESSAGE, "header", None),
        (b"ping", ErrorCode.BAD_MESSAGE, "header", None),
        (b' {"type":"ping"}', ErrorCode.BAD_MESSAGE, "header", None),
        (b'{"type":"ping"', ErrorCode.BAD_MESSAGE, "header", None),
        (b'{"type":"ping"} x', ErrorCode.BAD_MESSAGE, "header", None),
        (b'{"type":"\xff"}', ErrorCode.BAD_MESSAGE, "header", None),
        (b'{"type":"\\ud800"}', ErrorCode.BAD_MESSAGE, "header", None),
        (b'{"value":NaN}', ErrorCode.BAD_MESSAGE, "header", None),
        (b'{"value":Infinity}', ErrorCode.BAD_MESSAGE, "header", None),
        (b'{"value":1e999}', ErrorCode.BAD_MESSAGE, "header", None),
        (b'{"a":' * 50_000, ErrorCode.BAD_MESSAGE, "header", None),
        (b"\x81\xa1a" * 50_000 + b"\x01", ErrorCode.BAD_MESSAGE, "header", None),
        (b'{"seq":7,"value":%d}' % 2**70, ErrorCode.OUT_OF_RANGE, "header", 7),
        (b"\x81\xa4type", ErrorCode.BAD_MESSAGE, "header", None),
        (b"\x81\xc1\x01", ErrorCode.BAD_MESSAGE, "header", None),
        (b'{"seq":7,"v":2}', ErrorCode.VERSION, "v", 7),
        (b'{"seq":7,"v":true}', ErrorCode.VERSION, "v", 7),
        (b'{"seq":7,"v":"1"}', ErrorCode.VERSION, "v", 7),
        (b'{"seq":7,"payload":"AAA"}', ErrorCode.BAD_FIELD, "payload", 7),
        (b'{"seq":7,"payload":"AA\\n=="}', ErrorCode.BAD_FIELD, "payload", 7),
        ('{"seq":7,"payload":"\u00e4AA="}'.encode(), ErrorCode.BAD_FIELD, "payload", 7),
        (b'{"seq":7,"payload":[1]}', ErrorCode.BAD_FIELD, "payload", 7),
        (msgpack.packb({"seq": 7, "payload": "AAAA"}), ErrorCode.BAD_FIELD, "payload", 7),
    ],
)
def test_what_is_no_message_is_named(
    body: bytes, code: ErrorCode, field: str, seq: int | None
) -> None:
    error = refusal(body)
    assert (error.code, error.field, error.seq) == (code, field, seq)


def test_headers_and_payloads_are_bounded_as_over_zeromq() -> None:
    most = bytes(wire.MAX_PAYLOAD_BYTES)
    for encoding in ENCODINGS:
        frames = wire.pack(Ping(seq=3), most)
        assert from_gateway(body_of(to_gateway(frames, encoding))) == frames
        error = refusal(body_of(to_gateway(wire.pack(Ping(seq=3), most + b"x"), encoding)))
        assert (error.code, error.field, error.seq) == (ErrorCode.BAD_MESSAGE, "payload", 3)
    error = refusal(b'{"seq":3,"x":"' + b"x" * wire.MAX_HEADER_BYTES + b'"}')
    assert (error.code, error.field, error.seq) == (ErrorCode.BAD_MESSAGE, "header", 3)


def test_a_frame_that_is_too_long_is_never_made() -> None:
    assert len(framed(bytes(MAX_FRAME_BYTES))) == MAX_FRAME_BYTES + 4
    with pytest.raises(RefusedError) as refused:
        framed(bytes(MAX_FRAME_BYTES + 1))
    assert refused.value.code is ErrorCode.LIMIT


# ------------------------------------------------------------ the reader


@calm
@given(st.lists(st.binary(min_size=1, max_size=30), max_size=8), st.data())
def test_frames_come_whole_however_the_bytes_are_cut(bodies: list[bytes], data) -> None:
    stream = b"".join(framed(body) for body in bodies)
    reader, found = FrameReader(), []
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        reader.feed(stream[:size])
        stream = stream[size:]
        while (body := reader.take()) is not None:
            found.append(body)
    assert found == bodies
    assert not reader.within_frame


def test_the_reader_says_when_it_is_within_a_frame() -> None:
    reader = FrameReader()
    for octet in framed(b"ab")[:-1]:
        reader.feed(bytes([octet]))
        assert reader.take() is None
        assert reader.within_frame
    reader.feed(b"b")
    assert (reader.take(), reader.within_frame) == (b"ab", False)


@pytest.mark.parametrize("length", [0, 17, 2**24 + 1, 2**31, 2**32 - 1])
def test_an_illegal_length_is_refused_before_its_bytes_are_here(length: int) -> None:
    reader = FrameReader(limit=16)
    reader.feed(framed(b"before") + length.to_bytes(4, "big"))
    assert reader.take() == b"before"
    with pytest.raises(BadMessageError) as refused:
        reader.take()
    assert (refused.value.code, refused.value.field) == (ErrorCode.BAD_MESSAGE, "length")


def test_the_limit_may_change_between_two_frames() -> None:
    reader = FrameReader(limit=3)
    reader.feed(framed(b"abc") + framed(b"abcd"))
    assert reader.take() == b"abc"
    reader.limit = 4
    assert reader.take() == b"abcd"


# ------------------------------------------------------------ any bytes


def only_bad_message(body: bytes) -> None:
    try:
        frames = from_gateway(body)
    except BadMessageError as error:
        assert error.seq is None or 0 <= error.seq <= 2**53
        return
    assert 2 <= len(frames) <= 3
    assert isinstance(msgspec.msgpack.decode(frames[1]), dict)


@calm
@given(st.binary(max_size=200))
def test_any_bytes_give_bad_message_and_nothing_else(body: bytes) -> None:
    only_bad_message(body)
    only_bad_message(b"{" + body)
    only_bad_message(b"\x82\xa1a\x01" + body)


@calm
@given(
    st.sampled_from(SAMPLES),
    st.sampled_from(ENCODINGS),
    st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=4),
    st.integers(0, 10_000),
)
def test_a_damaged_frame_gives_bad_message_and_nothing_else(
    sample: Sample, encoding: Encoding, damage: list[tuple[int, int]], cut: int
) -> None:
    body = bytearray(to_gateway(wire.pack(sample.message, sample.payload), encoding)[4:])
    for at, value in damage:
        body[at % len(body)] = value
    only_bad_message(bytes(body))
    only_bad_message(bytes(body[: cut % len(body)]))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)


@calm
@given(
    st.dictionaries(
        st.sampled_from(["seq", "v", "payload", "type"]) | st.text(max_size=5), json_values
    )
)
def test_any_json_object_gives_bad_message_and_nothing_else(fields: dict) -> None:
    only_bad_message(json.dumps(fields).encode())

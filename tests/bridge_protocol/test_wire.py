from __future__ import annotations

import msgpack
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge_protocol import wire
from bridge_protocol.conformance.samples import Sample, samples
from bridge_protocol.errors import ErrorCode
from bridge_protocol.schema import Ping, Transport
from bridge_protocol.wire import BadMessageError

calm = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

SAMPLES = samples()
UNPACKERS = (wire.unpack_from_client, wire.unpack_from_engine, wire.unpack_any)


def refusal(header: object, *, raw: bool = False) -> BadMessageError:
    octets = header if raw else msgspec.msgpack.encode(header)
    with pytest.raises(BadMessageError) as refused:
        wire.unpack_any([wire.MAGIC, octets])  # type: ignore[list-item]
    return refused.value


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_every_message_comes_back_as_it_was(sample: Sample) -> None:
    message, payload = wire.unpack_any(wire.pack(sample.message, sample.payload))
    assert message == sample.message
    assert payload == (sample.payload or b"")


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_memoryviews_are_frames_too(sample: Sample) -> None:
    frames = [memoryview(frame) for frame in wire.pack(sample.message, sample.payload)]
    assert wire.unpack_any(frames).message == sample.message


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_every_message_is_legal_from_one_side_and_unknown_from_the_other(sample: Sample) -> None:
    sample.message.seq = 41
    frames = wire.pack(sample.message)
    refused = []
    for unpack in UNPACKERS[:2]:
        try:
            unpack(frames)
        except BadMessageError as error:
            refused.append((error.code, error.field, error.seq))
    assert refused == [(ErrorCode.UNKNOWN_TYPE, "type", 41)]


def test_a_header_has_the_shortest_map_head_as_other_packers_write_it() -> None:
    header = wire.pack(Transport(epoch=1, sample=0, address=0, playing=True, seq=1))[1]
    assert header == msgpack.packb(msgpack.unpackb(header))


def test_an_unknown_type_keeps_its_seq() -> None:
    error = refusal({"type": "teleport", "seq": 12})
    assert (error.code, error.field, error.seq) == (ErrorCode.UNKNOWN_TYPE, "type", 12)


def test_unknown_fields_are_ignored() -> None:
    header = msgspec.msgpack.encode({"type": "ping", "seq": 3, "newer": {"a": [1]}})
    assert wire.unpack_from_client([wire.MAGIC, header]).message == Ping(seq=3)


@pytest.mark.parametrize("seq", [True, -1, 2**60, 1.5, "x", None])
def test_a_seq_that_is_none_is_not_given_back(seq: object) -> None:
    assert refusal({"type": "nothing", "seq": seq}).seq is None


@pytest.mark.parametrize(
    ("frames", "code", "field"),
    [
        ([], ErrorCode.BAD_MESSAGE, "frames"),
        ([wire.MAGIC], ErrorCode.BAD_MESSAGE, "frames"),
        ([wire.MAGIC, b"\x80", b"", b""], ErrorCode.BAD_MESSAGE, "frames"),
        ([b"HTTP", b"\x80"], ErrorCode.BAD_MESSAGE, "magic"),
        ([b"ANB", b"\x80"], ErrorCode.VERSION, "magic"),
        ([b"ANB\x02", b"\x80"], ErrorCode.VERSION, "magic"),
        ([wire.MAGIC, b""], ErrorCode.BAD_MESSAGE, "header"),
        ([wire.MAGIC, b"\xc1"], ErrorCode.BAD_MESSAGE, "header"),
        ([wire.MAGIC, b"\x81\xa4type\xa4p\xffng"], ErrorCode.BAD_MESSAGE, "header"),
        ([wire.MAGIC, b"\x90"], ErrorCode.BAD_FIELD, "header"),
        ([wire.MAGIC, b"\x80"], ErrorCode.BAD_FIELD, "type"),
        ([wire.MAGIC, b"\x91" * 100_000], ErrorCode.BAD_FIELD, "header"),
    ],
)
def test_frames_that_are_no_message_are_named(
    frames: list[bytes], code: ErrorCode, field: str
) -> None:
    with pytest.raises(BadMessageError) as refused:
        wire.unpack_from_client(frames)
    assert (refused.value.code, refused.value.field) == (code, field)


def test_deep_nesting_in_an_unknown_field_is_refused() -> None:
    deep = b"\x82\xa4type\xa4ping\xa1x" + b"\x91" * 50_000 + b"\x90"
    assert refusal(deep, raw=True).code is ErrorCode.BAD_MESSAGE


def test_too_many_bytes_are_refused() -> None:
    with pytest.raises(BadMessageError, match="header"):
        wire.unpack_any([wire.MAGIC, bytes(wire.MAX_HEADER_BYTES + 1)])
    with pytest.raises(BadMessageError, match="payload"):
        wire.unpack_any([*wire.pack(Ping()), bytes(wire.MAX_PAYLOAD_BYTES + 1)])


def only_bad_message(frames: list[bytes]) -> None:
    for unpack in UNPACKERS:
        try:
            unpack(frames)
        except BadMessageError as error:
            assert error.code in ErrorCode
            assert error.seq is None or 0 <= error.seq <= 2**53


@calm
@given(st.lists(st.binary(max_size=60), max_size=4))
def test_any_frames_give_bad_message_and_nothing_else(frames: list[bytes]) -> None:
    only_bad_message(frames)


@calm
@given(st.binary(max_size=200))
def test_any_header_gives_bad_message_and_nothing_else(header: bytes) -> None:
    only_bad_message([wire.MAGIC, header])


@calm
@given(
    st.sampled_from(SAMPLES),
    st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=4),
    st.integers(0, 10_000),
)
def test_a_damaged_message_gives_bad_message_and_nothing_else(
    sample: Sample, damage: list[tuple[int, int]], cut: int
) -> None:
    header = bytearray(wire.pack(sample.message)[1])
    for at, value in damage:
        header[at % len(header)] = value
    only_bad_message([wire.MAGIC, bytes(header)])
    only_bad_message([wire.MAGIC, bytes(header[: cut % len(header)])])


plain = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**63), 2**64 - 1), st.floats(), st.text(max_size=9)
)
anything = st.one_of(
    plain,
    st.lists(plain, max_size=2),
    st.dictionaries(st.text(max_size=5), plain, max_size=2),
    st.lists(
        st.dictionaries(st.sampled_from(["ppq", "bar", "kind"]), plain, max_size=2), max_size=2
    ),
)


@calm
@given(st.sampled_from(SAMPLES), st.integers(0, 30), anything, st.integers(0, 30), anything)
def test_any_value_in_any_field_gives_bad_message_and_nothing_else(
    sample: Sample, first: int, one: object, second: int, other: object
) -> None:
    fields = msgspec.msgpack.decode(wire.pack(sample.message)[1])
    names = sorted(fields)
    fields[names[first % len(names)]] = one
    fields[names[second % len(names)]] = other
    only_bad_message([wire.MAGIC, msgspec.msgpack.encode(fields)])

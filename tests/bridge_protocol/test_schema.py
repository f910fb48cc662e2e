from __future__ import annotations

import math
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge_protocol import schema, wire
from bridge_protocol.conformance.samples import SOURCE, samples
from bridge_protocol.errors import ErrorCode
from bridge_protocol.wire import BadMessageError

calm = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

BY_TYPE = {
    fields["type"]: fields
    for fields in (msgspec.msgpack.decode(wire.pack(s.message)[1]) for s in reversed(samples()))
}
BAD_FLOATS = [math.nan, math.inf, -math.inf]


def unpacked(kind: str, **changed: object) -> Any:
    fields = BY_TYPE[kind] | {"seq": 77} | changed
    return wire.unpack_any([wire.MAGIC, msgspec.msgpack.encode(fields)]).message


def refusal(kind: str, **changed: object) -> BadMessageError:
    with pytest.raises(BadMessageError) as refused:
        unpacked(kind, **changed)
    assert refused.value.seq == 77
    return refused.value


def test_every_type_is_of_one_side() -> None:
    client = {kind.__struct_config__.tag for kind in get_args(schema.ClientMessage)}
    engine = {kind.__struct_config__.tag for kind in get_args(schema.EngineMessage)}
    assert not client & engine
    assert client | engine == set(BY_TYPE)


def test_every_message_of_the_module_is_in_the_union() -> None:
    kinds = {
        kind
        for kind in vars(schema).values()
        if isinstance(kind, type)
        and issubclass(kind, schema.Message)
        and kind is not schema.Message
    }
    assert kinds == set(get_args(schema.AnyMessage))


@pytest.mark.parametrize("bad", BAD_FLOATS)
@pytest.mark.parametrize(
    ("kind", "field"),
    [
        ("transport", "ppq"),
        ("transport", "bar_start_ppq"),
        ("transport", "bpm"),
        ("transport", "loop_start_ppq"),
        ("transport", "loop_end_ppq"),
        ("lane", "start"),
        ("lane", "rate"),
        ("source_use", "at_ppq"),
    ],
)
def test_a_number_that_is_none_is_refused_with_its_name(kind: str, field: str, bad: float) -> None:
    error = refusal(kind, **{field: bad})
    assert (error.code, error.field) == (ErrorCode.NOT_FINITE, field)


@pytest.mark.parametrize("bad", BAD_FLOATS)
@pytest.mark.parametrize("field", ["ppq", "length_ppq"])
def test_a_bad_number_in_a_note_is_named_with_its_place(field: str, bad: float) -> None:
    good = {"ppq": 0.0, "length_ppq": 1.0, "pitch": 60}
    error = refusal("notes", notes=[good, good | {field: bad}])
    assert (error.code, error.field) == (ErrorCode.NOT_FINITE, f"notes[1].{field}")


@pytest.mark.parametrize("bad", BAD_FLOATS)
def test_a_bad_number_in_a_nested_part_is_named_with_its_place(bad: float) -> None:
    jump = {"at_ppq": bad, "to_ppq": 0.0, "epoch": 1}
    error = refusal("transport", jump=jump)
    assert (error.code, error.field) == (ErrorCode.NOT_FINITE, "jump.at_ppq")
    error = refusal("prompt", when={"kind": "ppq", "ppq": bad})
    assert (error.code, error.field) == (ErrorCode.NOT_FINITE, "when.ppq")


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        ("ping", "seq", -1),
        ("ping", "seq", 2**53 + 1),
        ("ping", "session", "a" * 65),
        ("ping", "session", "no spaces"),
        ("ping", "session", "a\n"),
        ("source_begin", "hash", "a" * 64 + "\n"),
        ("source_use", "hash", "a" * 64 + "\n"),
        ("hello", "sample_rate", 7_999),
        ("hello", "sample_rate", 384_001),
        ("hello", "block_size", 0),
        ("hello", "channels", 3),
        ("hello", "client", "x" * 65),
        ("hello", "features", ["f"] * 65),
        ("transport", "epoch", -1),
        ("transport", "sample", 2**47 + 1),
        ("transport", "bpm", 19.9),
        ("transport", "bpm", 1_000.0),
        ("transport", "numerator", 65),
        ("transport", "denominator", 3),
        ("transport", "ppq", 1e6 + 1),
        ("tempo_map", "tempo", []),
        ("tempo_map", "meter", []),
        ("lane", "rate", 0.0),
        ("lane", "rate", 1_001.0),
        ("prompt", "text", "x" * 2_001),
        ("source_begin", "channels", 0),
        ("source_begin", "hash", "F" * 64),
        ("source_block", "frames", 0),
        ("source_block", "frames", 1_048_577),
        ("source_use", "repeat_bars", 10_001),
        ("open_stream", "window_bars", 0),
        ("open_stream", "stream", 65_536),
        ("credit", "frames", -1),
        ("render", "first_bar", 0),
        ("render", "last_bar", 100_001),
    ],
)
def test_out_of_range_is_refused_with_its_name(kind: str, field: str, value: object) -> None:
    error = refusal(kind, **{"seq": 77, field: value}) if field != "seq" else _no_seq(kind, value)
    assert (error.code, error.field) == (ErrorCode.OUT_OF_RANGE, field)


def _no_seq(kind: str, value: object) -> BadMessageError:
    with pytest.raises(BadMessageError) as refused:
        unpacked(kind, seq=value)
    assert refused.value.seq is None
    return refused.value


@pytest.mark.parametrize(
    ("kind", "changed", "code", "field"),
    [
        ("open_stream", {"format": "mp3"}, ErrorCode.BAD_FIELD, "format"),
        ("transport", {"playing": 1}, ErrorCode.BAD_FIELD, "playing"),
        ("transport", {"epoch": 1.5}, ErrorCode.BAD_FIELD, "epoch"),
        ("prompt", {"when": {"kind": "soon"}}, ErrorCode.BAD_FIELD, "when.kind"),
        ("prompt", {"when": {"kind": "bar"}}, ErrorCode.BAD_FIELD, "when.bar"),
        ("prompt", {"when": {"kind": "ppq"}}, ErrorCode.BAD_FIELD, "when.ppq"),
        ("prompt", {"when": {"kind": "bar", "bar": 0}}, ErrorCode.OUT_OF_RANGE, "when.bar"),
        ("transport", {"looping": True}, ErrorCode.BAD_ORDER, "loop_end_ppq"),
    ],
)
def test_what_is_wrong_is_named(
    kind: str, changed: dict[str, object], code: ErrorCode, field: str
) -> None:
    error = refusal(kind, **changed)
    assert (error.code, error.field) == (code, field)
    assert error.message.endswith(".")


@pytest.mark.parametrize("kind", sorted(BY_TYPE))
def test_a_field_that_has_no_default_and_is_missing_is_named(kind: str) -> None:
    struct = next(k for k in get_args(schema.AnyMessage) if k.__struct_config__.tag == kind)
    for field in msgspec.structs.fields(struct):
        if field.required:
            fields = {k: v for k, v in BY_TYPE[kind].items() if k != field.name} | {"seq": 5}
            with pytest.raises(BadMessageError) as refused:
                wire.unpack_any([wire.MAGIC, msgspec.msgpack.encode(fields)])
            error = refused.value
            assert (error.code, error.field, error.seq) == (ErrorCode.BAD_FIELD, field.name, 5)


def test_defaults_are_not_shared_between_messages() -> None:
    one, two = schema.Notes(revision=1), schema.Notes(revision=2)
    one.notes.append(schema.Note(ppq=0.0, length_ppq=1.0, pitch=1))
    assert two.notes == []
    with pytest.raises(AttributeError):
        schema.Prompt(text="").when.kind = "bar"  # type: ignore[misc]


finite = st.floats(-1e6, 1e6)


@calm
@given(
    st.integers(0, 2**53), st.integers(-(2**47), 2**47), st.booleans(), st.none() | finite, finite
)
def test_any_legal_transport_comes_back_as_it_was(
    number: int, sample: int, playing: bool, ppq: float | None, end: float
) -> None:
    sent = schema.Transport(
        epoch=number, sample=sample, address=number, playing=playing, ppq=ppq, loop_end_ppq=end
    )
    assert wire.unpack_from_client(wire.pack(sent)).message == sent


@calm
@given(st.text(max_size=2_000), st.integers(1, 100_000))
def test_any_legal_prompt_comes_back_as_it_was(text: str, bar: int) -> None:
    sent = schema.Prompt(text=text, when=schema.When(kind="bar", bar=bar))
    assert wire.unpack_from_client(wire.pack(sent)).message == sent


def test_a_source_may_be_taken_away_by_an_empty_hash() -> None:
    assert unpacked("source_use", hash="").hash == ""
    assert unpacked("source_use", hash=SOURCE).hash == SOURCE

"""Headers with what Python makes of them, as daw_clients/plugin/tests/golden_vectors.cpp reads them."""

from __future__ import annotations

import copy
import math
import random
from collections.abc import Iterator
from typing import Any, get_args

import msgpack
import msgspec
from msgspec import inspect

from bridge_protocol import wire
from bridge_protocol.conformance.samples import samples
from bridge_protocol.conformance.vectors import load_vectors
from bridge_protocol.schema import AnyMessage

STRUCTS = {info.tag: info for info in inspect.multi_type_info(get_args(AnyMessage))}
ANYTHING = (
    None,
    True,
    0,
    -1,
    1.5,
    math.nan,
    -math.inf,
    "",
    "no spaces",
    b"x",
    [],
    {},
    [1],
    {"a": 1},
)
ODD_HEADERS = (
    b"",
    b"\xc1",
    b"\xc0",
    b"\x80",
    b"\x90",
    b"\x91" * 100_000,
    b"\x81\xa4type\xa4p\xffng",
    b"\x81\xa4type\xa4ping\x00",
    b"\x82\xa4type\xa4ping\xa4type\xa4pong",
    b"\x82\xa4type\xa4ping\xa7session\xa2\xff\xfe",
    b"\x82\xa4type\xa4ping\xa7session\xa3\xed\xa0\x80",
    b"\x82\xa4type\xa4ping\xa7session\xa2\xc0\x80",
    b"\x82\xa4type\xa4ping\xa1x\xa2\xff\xfe",
    b"\x82\xa4type\xa4ping\x01\x02",
    b"\x82\x01\x02\xa4type\xa4ping",
    b"\x82\xa4type\xa4ping\xa1x" + b"\x91" * 60 + b"\x90",
    b"\x82\xa4type\xa4ping\xa1x" + b"\x91" * 50_000 + b"\x90",
)
MAGIC_FRAMES = (wire.MAGIC, b"", b"AN", b"ANB", b"ANB\x02", b"ANB\x01\x00", b"HTTP")
DAMAGED = 4_000


def lines() -> list[str]:
    """A line for every case: the shipped vectors, every field with what it can't be, and damage."""
    cases = [*shipped(), *_odd(), *_long(), *_bad_fields(), *_damaged()]
    magic = [_magic_line(frame) for frame in MAGIC_FRAMES]
    return [_line(name, header) for name, header in cases] + magic


def _line(name: str, header: bytes) -> str:
    try:
        message = wire.unpack_any([wire.MAGIC, header]).message
    except wire.BadMessageError as error:
        return f"refused {name} {header.hex() or '-'} {error.code.value} {error.field}"
    return f"message {name} {header.hex()} {canonical(message).hex()}"


def _magic_line(frame: bytes) -> str:
    try:
        wire.unpack_any([frame, b"\x81\xa4type\xa4ping"])
    except wire.BadMessageError as error:
        return f"magic frame {frame.hex() or '-'} {error.code.value} {error.field}"
    return f"magic frame {frame.hex()} ok"


def canonical(message: Any) -> bytes:
    """Its header with every default left out; msgspec leaves out only what *is* the default."""
    return bytes(wire.pack(_without_defaults(message))[1])


def _without_defaults(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_defaults(item) for item in value]
    if not isinstance(value, msgspec.Struct):
        return value
    changed = {}
    for field in msgspec.structs.fields(value):
        own = getattr(value, field.name)
        is_default = repr(own) == repr(field.default)
        changed[field.name] = field.default if is_default else _without_defaults(own)
    return type(value)(**changed)


def shipped() -> Iterator[tuple[str, bytes]]:
    """The headers of the golden vectors, with their names."""
    for vector in load_vectors()["messages"]:
        yield vector["name"], bytes.fromhex(vector["frames"][1])


def _odd() -> Iterator[tuple[str, bytes]]:
    for number, header in enumerate(ODD_HEADERS):
        yield f"odd_{number}", header
    for number, kind in enumerate((*ANYTHING, "teleport", "Ping")):
        yield f"type_{number}", msgspec.msgpack.encode({"type": kind, "seq": 3})


def _long() -> Iterator[tuple[str, bytes]]:
    empty = len(msgspec.msgpack.encode({"type": "ping", "unknown": bytes(2**16)})) - 2**16
    for more in (0, 1):
        unknown = bytes(wire.MAX_HEADER_BYTES - empty + more)
        yield f"long_{more}", msgspec.msgpack.encode({"type": "ping", "unknown": unknown})


def _bad_fields() -> Iterator[tuple[str, bytes]]:
    for sample in samples():
        good = msgspec.msgpack.decode(wire.pack(sample.message)[1])
        for place, changed in _changed(good, STRUCTS[good["type"]]):
            yield f"{sample.name}:{place}", msgspec.msgpack.encode(changed)


def _changed(good: Any, kind: inspect.Type) -> Iterator[tuple[str, Any]]:
    """``good`` with one thing in it changed, again and again, and where."""
    match kind:
        case inspect.StructType(array_like=False) if isinstance(good, dict):
            yield from _changed_struct(good, kind)
        case inspect.StructType() if isinstance(good, list):
            for index, field in enumerate(kind.fields):
                yield f"[:{index}]", good[:index]
                yield from _within(good, index, field.type)
        case inspect.ListType() if isinstance(good, list):
            yield from _changed_list(good, kind)
        case inspect.DictType() if good:
            yield from _within(good, next(iter(good)), kind.value_type)
            yield "key", good | {1: 1}
        case inspect.UnionType():
            for part in kind.types:
                yield from _changed(good, part)
    for bad in (*ANYTHING, *_edges(kind)):
        yield "itself", bad


def _changed_struct(good: dict[str, Any], kind: inspect.StructType) -> Iterator[tuple[str, Any]]:
    yield "unknown", good | {"unknown": {"a": [1, math.nan]}}
    for field in kind.fields:
        yield f"without_{field.name}", {k: v for k, v in good.items() if k != field.name}
        if not field.required and field.default is not msgspec.NODEFAULT:
            yield f"default_{field.name}", good | {field.name: msgspec.to_builtins(field.default)}
        start = good if field.name in good else good | {field.name: {}}
        yield from _within(start, field.name, field.type)


def _changed_list(good: list[Any], kind: inspect.ListType) -> Iterator[tuple[str, Any]]:
    for index in {0, len(good) - 1} if good else ():
        yield from _within(good, index, kind.item_type)
    for length in ((kind.min_length or 1) - 1, kind.max_length, (kind.max_length or 0) + 1):
        if good and length is not None and length <= 100:
            yield f"length_{length}", (good * 100)[:length]


def _within(good: Any, at: Any, kind: inspect.Type) -> Iterator[tuple[str, Any]]:
    for place, changed in _changed(good[at], kind):
        whole = copy.copy(good)
        whole[at] = changed
        yield f"{at}.{place}", whole


def _edges(kind: inspect.Type) -> Iterator[Any]:
    """Values on both sides of every bound, and of the types next to it."""
    match kind:
        case inspect.IntType() | inspect.FloatType():
            for end in (kind.ge, kind.gt, kind.le, kind.lt):
                if end is not None:
                    yield from (end, end - 1, end + 1, end + 0.5, float(end))
        case inspect.StrType(max_length=longest):
            yield from ("é" * (longest or 64), "x" * ((longest or 64) + 1), "F" * 64, "0" * 63)
        case inspect.LiteralType(values=values):
            yield from (*values, values[0].upper())
        case inspect.EnumType(cls=words):
            yield from (word.value for word in words)


def _damaged() -> Iterator[tuple[str, bytes]]:
    """Whole msgpack maps with a few bytes changed.

    Of bytes that are no whole map, or that hold text which is no UTF-8, the two readers may name
    different faults: one reads as it goes, the other looks at the whole first.
    """
    chance = random.Random(20_260_101)
    headers = [header for _, header in shipped() if len(header) < 2_000]
    for number in range(DAMAGED):
        header = bytearray(chance.choice(headers))
        for _ in range(chance.randint(1, 3)):
            header[chance.randrange(len(header))] = chance.randrange(256)
        if _is_whole(bytes(header)):
            yield f"damaged_{number}", bytes(header)


def _is_whole(header: bytes) -> bool:
    try:
        msgpack.unpackb(header, strict_map_key=False)
    except (ValueError, TypeError, msgpack.UnpackException):
        return False
    return True

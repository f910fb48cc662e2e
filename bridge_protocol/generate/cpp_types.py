"""The schema's types as C++ spells them: member types, defaults, bounds. Any thread.

Whatever the header can't say exactly raises UnknownInCppError, so that a new kind of field is
never left unchecked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from re import fullmatch
from typing import Any, Literal, get_args, get_origin

import msgspec
from msgspec import inspect

from bridge_protocol import schema
from bridge_protocol.generate.cpp_text import boolean, camel_case, quoted, safe_name

_ONE_CLASS = r"\^\[(?P<all>[^\]]+)\]\*\\Z|\^(?P<may>\()?\[(?P<some>[^\]]+)\]\{(?P<count>\d+)\}(?(may)\)\?)\\Z"
MAX_FIELDS = 64
_INT64 = (-(2**63), 2**63 - 1)


class UnknownInCppError(Exception):
    """The schema says something that the C++ header has no words for."""


@dataclass(frozen=True)
class CppEnum:
    """A set of words: an enumeration in C++, a string on the wire."""

    name: str
    words: tuple[str, ...]


@dataclass(frozen=True)
class CppField:
    """A member; ``initial`` is its initialiser, ``bounds`` what a reader checks, outermost first."""

    name: str
    type: str
    initial: str
    required: bool
    bounds: tuple[str, ...]


@dataclass(frozen=True)
class CppStruct:
    """A message (with a tag) or a part of one. ``own_check``: it has a rule between its fields."""

    name: str
    comment: str
    tag: str
    array_like: bool
    own_check: bool
    fields: tuple[CppField, ...]


def structs_of(union: Any) -> list[inspect.StructType]:
    """The structs of a union of messages with all their parts, parts first, each once."""
    found: dict[type, inspect.StructType] = {}
    for kind in inspect.multi_type_info(get_args(union)):
        for part in _structs_in(kind):
            found.setdefault(part.cls, part)
    return list(found.values())


def enums_of(struct: inspect.StructType) -> list[CppEnum]:
    """The enumerations that a struct's own fields are of."""
    found = []
    for field in struct.fields:
        for part in _parts(field.type):
            if isinstance(part, inspect.EnumType | inspect.LiteralType):
                found.append(_enum(part, struct.cls.__name__ + camel_case(field.name)))
    return found


def cpp_struct(struct: inspect.StructType) -> CppStruct:
    """The struct with all its fields in the order in which they travel."""
    config = struct.cls.__struct_config__
    required = all(field.required for field in struct.fields)
    if not required and (struct.array_like or not config.omit_defaults):
        raise UnknownInCppError(f"{struct.cls.__name__}: a default that is sent all the same")
    if len(struct.fields) > MAX_FIELDS:
        raise UnknownInCppError(f"{struct.cls.__name__}: the reader remembers {MAX_FIELDS} fields")
    return CppStruct(
        name=struct.cls.__name__,
        comment=struct.cls.__doc__ or "",
        tag=str(struct.tag or ""),
        array_like=struct.array_like,
        own_check=hasattr(struct.cls, "__post_init__"),
        fields=tuple(_field(struct, field) for field in struct.fields),
    )


def _structs_in(kind: inspect.Type) -> Iterator[inspect.StructType]:
    for part in _parts(kind):
        if isinstance(part, inspect.StructType):
            for field in part.fields:
                yield from _structs_in(field.type)
            yield part


def _parts(kind: inspect.Type) -> Iterator[inspect.Type]:
    match kind:
        case inspect.UnionType(types=types):
            for part in types:
                yield from _parts(part)
        case inspect.ListType(item_type=item):
            yield from _parts(item)
        case _:
            yield kind


def _enum(kind: inspect.EnumType | inspect.LiteralType, place: str) -> CppEnum:
    if isinstance(kind, inspect.EnumType):
        words = tuple(str(member.value) for member in kind.cls)
        return CppEnum(kind.cls.__name__, words)
    words = tuple(str(value) for value in kind.values)
    return CppEnum(_alias(words) or place, words)


def _alias(words: Sequence[str]) -> str | None:
    """The name that the schema gives this Literal, if it gives one."""
    for name, value in vars(schema).items():
        if get_origin(value) is Literal and set(get_args(value)) == set(words):
            return name
    return None


def _field(struct: inspect.StructType, field: inspect.Field) -> CppField:
    place = struct.cls.__name__ + camel_case(field.name)
    type_, bounds = _type_and_bounds(field.type, place)
    initial = _initial(type_) if field.required else _default(field, type_)
    return CppField(field.encode_name, type_, initial, field.required, bounds)


def _type_and_bounds(kind: inspect.Type, place: str) -> tuple[str, tuple[str, ...]]:
    match kind:
        case inspect.EnumType() | inspect.LiteralType():
            return _enum(kind, place).name, ()
        case inspect.StructType():
            return kind.cls.__name__, ()
        case inspect.UnionType():
            return _union(kind, place)
        case inspect.ListType() | inspect.DictType():
            return _container(kind, place)
        case _:
            return _plain(kind, place)


def _plain(kind: inspect.Type, place: str) -> tuple[str, tuple[str, ...]]:
    match kind:
        case inspect.BoolType():
            return "bool", ()
        case inspect.IntType(multiple_of=None):
            return "std::int64_t", _whole(kind)
        case inspect.FloatType(multiple_of=None):
            return "double", _real(kind)
        case inspect.StrType():
            return "std::string", _text(kind)
        case _:
            raise UnknownInCppError(f"{place}: {kind}")


def _union(kind: inspect.UnionType, place: str) -> tuple[str, tuple[str, ...]]:
    parts = [_type_and_bounds(t, place) for t in kind.types if not isinstance(t, inspect.NoneType)]
    if len(parts) == 1:
        return f"std::optional<{parts[0][0]}>", parts[0][1]
    if [type_ for type_, _ in parts] == ["double", "std::string"] and len(kind.types) == 2:
        bounds = (parts[0][1] or ("Real{}",)) + (parts[1][1] or ("Text{}",))
        return "std::variant<double, std::string>", bounds
    raise UnknownInCppError(f"{place}: {kind}")


def _container(
    kind: inspect.ListType | inspect.DictType, place: str
) -> tuple[str, tuple[str, ...]]:
    count = _count(kind.min_length, kind.max_length)
    if isinstance(kind, inspect.ListType):
        type_, bounds = _type_and_bounds(kind.item_type, place)
        return f"std::vector<{type_}>", (count, *bounds)
    key, of_key = _type_and_bounds(kind.key_type, place)
    value, of_value = _type_and_bounds(kind.value_type, place)
    if key != "std::string" or value != "std::int64_t" or of_key or of_value:
        raise UnknownInCppError(f"{place}: {kind}")
    return "std::vector<std::pair<std::string, std::int64_t>>", (count,)


def _count(least: int | None, most: int | None) -> str:
    return f"Count{{{least or 0}, {most}}}" if least or most is not None else "Count{}"


def _whole(kind: inspect.IntType) -> tuple[str, ...]:
    if kind.ge is None and kind.le is None and kind.gt is None and kind.lt is None:
        return ()
    low = kind.ge if kind.gt is None else kind.gt + 1
    high = kind.le if kind.lt is None else kind.lt - 1
    least, most = (_INT64[0] if low is None else low), (_INT64[1] if high is None else high)
    return (f"Whole{{{_int64(least)}, {_int64(most)}}}",)


def _int64(value: int) -> str:
    limits = {_INT64[0]: "kLeastWhole", _INT64[1]: "kMostWhole"}
    return limits.get(value, str(value))


def _real(kind: inspect.FloatType) -> tuple[str, ...]:
    if kind.ge is None and kind.le is None and kind.gt is None and kind.lt is None:
        return ()
    words = [_end(kind.ge, kind.gt, "-kInfinite"), _end(kind.le, kind.lt, "kInfinite")]
    if kind.gt is not None or kind.lt is not None:
        words += [boolean(kind.gt is not None), boolean(kind.lt is not None)]
    return (f"Real{{{', '.join(words)}}}",)


def _end(closed: float | None, opened: float | None, none: str) -> str:
    end = closed if opened is None else opened
    return none if end is None else repr(float(end))


def _text(kind: inspect.StrType) -> tuple[str, ...]:
    if kind.min_length:
        raise UnknownInCppError(f"{kind}")
    longest = "kAnyLength" if kind.max_length is None else str(kind.max_length)
    if kind.pattern is not None:
        return (f"Text{{{longest}, {_pattern(kind.pattern)}}}",)
    return () if kind.max_length is None else (f"Text{{{longest}}}",)


def _pattern(pattern: str) -> str:
    """``characters, exact length (0: any), may be empty`` of a pattern of one character class."""
    found = fullmatch(_ONE_CLASS, pattern)
    if not found:
        raise UnknownInCppError(f"the pattern {pattern}")
    if found["all"]:
        return f"{quoted(_members(found['all']))}, 0, true"
    return f"{quoted(_members(found['some']))}, {found['count']}, {boolean(bool(found['may']))}"


def _members(character_class: str) -> str:
    """``0-9_`` as ``0123456789_``; a ``-`` at an end is itself."""
    members, rest = "", character_class
    while rest:
        if len(rest) > 2 and rest[1] == "-":
            members += "".join(map(chr, range(ord(rest[0]), ord(rest[2]) + 1)))
            rest = rest[3:]
        else:
            members, rest = members + rest[0], rest[1:]
    return members


def _initial(type_: str) -> str:
    """Of a required member: what keeps it from being left undefined."""
    if type_.startswith("std::") and type_ != "std::int64_t":
        return ""
    return {"bool": " = false", "double": " = 0.0", "std::int64_t": " = 0"}.get(type_, "{}")


def _default(field: inspect.Field, type_: str) -> str:
    if field.default is msgspec.NODEFAULT:
        return _empty(field)
    match field.default:
        case None | "":
            return ""
        case bool():
            return f" = {boolean(field.default)}"
        case str():
            return _default_word(field.default, type_)
        case int() | float():
            return f" = {float(field.default)!r}" if type_ == "double" else f" = {field.default}"
        case msgspec.Struct() if field.default == type(field.default)():
            return ""
    raise UnknownInCppError(f"{field.name}: the default {field.default!r}")


def _default_word(word: str, type_: str) -> str:
    if type_ == "std::string":
        return f" = {quoted(word)}"
    return f" = {type_}::{safe_name(word)}"


def _empty(field: inspect.Field) -> str:
    if field.default_factory not in (list, dict):
        raise UnknownInCppError(f"{field.name}: the default {field.default_factory!r}")
    return ""

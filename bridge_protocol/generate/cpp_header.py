"""The messages in C++, made from the schema: ``python -m bridge_protocol.generate.cpp_header FILE``."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from inspect import cleandoc
from pathlib import Path
from typing import Any, get_args

from bridge_protocol import schema, wire
from bridge_protocol.errors import ErrorCode
from bridge_protocol.generate.cpp_text import banner, camel_case, quoted, safe_name
from bridge_protocol.generate.cpp_types import (
    CppEnum,
    CppField,
    CppStruct,
    cpp_struct,
    enums_of,
    structs_of,
)
from bridge_protocol.lanes import MAX_POINTS

_INCLUDES = """
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace anacrusis::protocol {
"""
_UNIONS = (
    ("ClientMessage", schema.ClientMessage, "What a client sends."),
    ("EngineMessage", schema.EngineMessage, "What the engine sends."),
    ("AnyMessage", schema.AnyMessage, "Any message of the bridge."),
)
_PARTS = ("fields", "read", "rules", "write")
_DECODERS = """
/// The message in a header's bytes. Throws ProtocolError, and nothing else but std::bad_alloc, on any
/// bytes. Any thread; allocates.
inline EngineMessage decode_engine(const char* header, std::size_t size) {
    return decode_message<EngineMessage>(header, size);
}
inline ClientMessage decode_client(const char* header, std::size_t size) {
    return decode_message<ClientMessage>(header, size);
}
inline AnyMessage decode_any(const char* header, std::size_t size) {
    return decode_message<AnyMessage>(header, size);
}

}  // namespace anacrusis::protocol
"""


def header() -> str:
    """The whole header."""
    kinds = structs_of(schema.AnyMessage)
    structs = [cpp_struct(kind) for kind in kinds]
    enums = dict.fromkeys(enum for kind in kinds for enum in enums_of(kind))
    parts = [
        banner("bridge_protocol/schema.py, wire.py and errors.py"),
        _INCLUDES,
        _constants(),
        _codes(),
        *(_enum(enum) for enum in enums),
        *(_struct(struct) for struct in structs),
        *(_union(*union) for union in _UNIONS),
        _outside("".join(f'#include "core/protocol_{part}.hpp"\n' for part in _PARTS)),
        *(_words(enum) for enum in enums),
        *(_fields(struct) for struct in structs),
        *(_own_check(struct) for struct in structs if struct.own_check),
        _DECODERS,
    ]
    return "".join(parts)


def _outside(text: str) -> str:
    """``text`` outside of the namespace: it needs what is above, what is below needs it."""
    return f"\n}}  // namespace anacrusis::protocol\n\n{text}\nnamespace anacrusis::protocol {{\n"


def _constants() -> str:
    magic = ", ".join(f"'\\x{byte:02x}'" for byte in wire.MAGIC)
    sizes = {
        "kMaxHeaderBytes": wire.MAX_HEADER_BYTES,
        "kMaxPayloadBytes": wire.MAX_PAYLOAD_BYTES,
        "kMaxMessageBytes": wire.MAX_MESSAGE_BYTES,
        "kMaxConditions": schema.MAX_CONDITIONS,
        "kMaxValues": schema.MAX_VALUES,
        "kMaxPoints": MAX_POINTS,
    }
    lines = [f"inline constexpr std::size_t {name} = {value};\n" for name, value in sizes.items()]
    return (
        f"\ninline constexpr int kVersionMin = {schema.VERSION_MIN};\n"
        f"inline constexpr int kVersionMax = {schema.VERSION_MAX};\n"
        "\n/// Frame 0 of every message; the last byte is the version.\n"
        f"inline constexpr char kMagic[{len(wire.MAGIC)}] = {{{magic}}};\n{''.join(lines)}"
    )


def _codes() -> str:
    lines = [
        f"inline constexpr const char* k{camel_case(code.value.lower())} = {quoted(code.value)};\n"
        for code in ErrorCode
    ]
    return f"\n/// What went wrong.\nnamespace codes {{\n{''.join(lines)}}}  // namespace codes\n"


def _enum(enum: CppEnum) -> str:
    members = ", ".join(safe_name(word) for word in enum.words)
    return f"\nenum class {enum.name} : std::uint8_t {{ {members} }};\n"


def _words(enum: CppEnum) -> str:
    words = ", ".join(quoted(word) for word in enum.words)
    return (
        f"\n/// {enum.name} as it travels, by its value.\n"
        f"constexpr auto words_of({enum.name}) noexcept {{ return Words<{len(enum.words)}>{{{{{words}}}}}; }}\n"
    )


def _struct(struct: CppStruct) -> str:
    tag = f"    static constexpr const char* kTag = {quoted(struct.tag)};\n" if struct.tag else ""
    fields = "".join(_member(field) for field in struct.fields)
    return f"\n{_comment(struct.comment)}struct {struct.name} {{\n{tag}{fields}}};\n"


def _comment(text: str) -> str:
    return "".join(f"/// {line}".rstrip() + "\n" for line in cleandoc(text).splitlines())


def _member(field: CppField) -> str:
    note = "  // required" if field.required else ""
    return f"    {field.type} {safe_name(field.name)}{field.initial};{note}\n"


def _union(name: str, union: Any, comment: str) -> str:
    kinds: Iterable[type] = get_args(union)
    listed = ",\n    ".join(kind.__name__ for kind in kinds)
    return f"\n/// {comment}\nusing {name} = std::variant<\n    {listed}>;\n"


def _fields(struct: CppStruct) -> str:
    visits = "".join(_visit(struct, field) for field in struct.fields)
    own = f"const {struct.name}*"
    array = f"\nconstexpr bool is_array_like({own}) noexcept {{ return true; }}\n"
    return (
        array if struct.array_like else ""
    ) + f"\ntemplate <class Visit>\nvoid visit_fields(Visit& visit, {own}) {{\n{visits}}}\n"


def _visit(struct: CppStruct, field: CppField) -> str:
    need = "Need::required" if field.required else "Need::optional"
    member = f"&{struct.name}::{safe_name(field.name)}"
    arguments = ", ".join((quoted(field.name), member, need, *field.bounds))
    return f"    visit({arguments});\n"


def _own_check(struct: CppStruct) -> str:
    return (
        f"\ninline void check_rules(const {struct.name}& read, const Path& at)"
        " { rules::check(read, at); }\n"
    )


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(header())

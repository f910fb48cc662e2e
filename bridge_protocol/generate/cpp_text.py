"""Pieces of C++ source: names, literals, and the line that says where a file comes from. Any thread."""

from __future__ import annotations

from collections.abc import Iterable

_RESERVED = (
    "alignas alignof and and_eq asm auto bitand bitor bool break case catch char char16_t char32_t"
    " class compl const const_cast constexpr continue decltype default delete do double"
    " dynamic_cast else enum explicit export extern false float for friend goto if inline int long"
    " mutable namespace new noexcept not not_eq nullptr operator or or_eq private protected public"
    " register reinterpret_cast return short signed sizeof static static_assert static_cast struct"
    " switch template this thread_local throw true try typedef typeid typename union unsigned using"
    " virtual void volatile wchar_t while xor xor_eq"
)
_KEYWORDS = frozenset(_RESERVED.split())
_PLAIN = frozenset(range(0x20, 0x7F)) - frozenset(b'"\\?')


def banner(source: str) -> str:
    """The head of a generated header: its source, and the guard against being read twice."""
    return f"// Made from {source} by `make docs`; do not edit.\n#pragma once\n"


def safe_name(name: str) -> str:
    """``name``, with a ``_`` behind it where C++ has taken the word."""
    return f"{name}_" if name in _KEYWORDS else name


def camel_case(name: str) -> str:
    """``snake_case`` as ``SnakeCase``."""
    return "".join(part.capitalize() for part in name.split("_"))


def quoted(text: str) -> str:
    """A string literal with the text's UTF-8 bytes, in ASCII whatever they are."""
    return '"' + "".join(_character(byte) for byte in text.encode()) + '"'


def word_list(words: Iterable[str]) -> str:
    """String literals, separated by commas."""
    return ", ".join(quoted(word) for word in words)


def boolean(value: bool) -> str:
    """``true`` or ``false``."""
    return "true" if value else "false"


def float32(value: float) -> str:
    """A ``float`` literal."""
    return f"{float(value)!r}f"


def _character(byte: int) -> str:
    return chr(byte) if byte in _PLAIN else f"\\{byte:03o}"

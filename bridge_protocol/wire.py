"""Frames <-> messages.

A message is: frame 0, the magic and the major version; frame 1, the msgpack map; frame 2, where
the message carries samples, raw little-endian audio. Pure functions; any thread.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any, NamedTuple, TypeVar

import msgspec

from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.schema import VERSION_MAX, AnyMessage, ClientMessage, EngineMessage, Message

MAGIC = b"ANB" + bytes([VERSION_MAX])
MAX_HEADER_BYTES = 4 * 1024 * 1024
MAX_PAYLOAD_BYTES = 8 * 1024 * 1024
MAX_MESSAGE_BYTES = MAX_HEADER_BYTES + MAX_PAYLOAD_BYTES + 64

_encoder = msgspec.msgpack.Encoder()
_from_client = msgspec.msgpack.Decoder(ClientMessage)
_from_engine = msgspec.msgpack.Decoder(EngineMessage)
_any = msgspec.msgpack.Decoder(AnyMessage)
_FIX_MAP, _MAP_16 = 0x80, 0xDE
_STEP_OF_PATH = re.compile(r"[^.\[\]]+")
_PATH = re.compile(r" - at `\$?\.?([^`]*)`$")
_KNOWN_CODES = frozenset(code.value for code in ErrorCode)

_M = TypeVar("_M")


class Unpacked(NamedTuple):
    """A message and the bytes of its payload (empty where it has none)."""

    message: Any
    payload: bytes


class BadMessageError(RefusedError):
    """Frames that are no legal message. ``seq`` is the message's own, where it could be read."""

    def __init__(self, code: ErrorCode, field: str, message: str, seq: int | None) -> None:
        super().__init__(code, field, message)
        self.seq = seq


def pack(message: Message, payload: bytes | memoryview | None = None) -> list[bytes | memoryview]:
    """The frames of ``message``; ``payload`` is appended as it is, uncopied."""
    frames: list[bytes | memoryview] = [MAGIC, _shortest(_encoder.encode(message))]
    if payload is not None:
        frames.append(payload)
    return frames


def _shortest(header: bytes) -> bytes:
    """msgspec writes a long map head where defaults were left out; others write the short one."""
    count = int.from_bytes(header[1:3], "big")
    if header[0] == _MAP_16 and count < 16:
        return bytes([_FIX_MAP | count]) + header[3:]
    return header


def unpack_from_client(frames: Sequence[bytes | memoryview]) -> Unpacked:
    """What a client sent. Raises BadMessageError, never anything else, on any bytes."""
    return _unpack(frames, _from_client)


def unpack_from_engine(frames: Sequence[bytes | memoryview]) -> Unpacked:
    """What the engine sent. Raises BadMessageError, never anything else, on any bytes."""
    return _unpack(frames, _from_engine)


def unpack_any(frames: Sequence[bytes | memoryview]) -> Unpacked:
    """A message of either side, for tools that look at recordings."""
    return _unpack(frames, _any)


def _unpack(frames: Sequence[bytes | memoryview], decoder: msgspec.msgpack.Decoder[_M]) -> Unpacked:
    if not 2 <= len(frames) <= 3:
        raise _bad("frames", f"A message has 2 or 3 frames; this one has {len(frames)}.")
    magic = bytes(frames[0])
    if magic[:3] != MAGIC[:3]:
        raise _bad("magic", "Frame 0 must be 'ANB' and the version; this is no bridge message.")
    if magic != MAGIC:
        raise BadMessageError(
            ErrorCode.VERSION, "magic", f"This side speaks version {VERSION_MAX}.", None
        )
    if len(frames[1]) > MAX_HEADER_BYTES:
        raise _bad("header", f"A header has at most {MAX_HEADER_BYTES} bytes.")
    payload = bytes(frames[2]) if len(frames) == 3 else b""
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise _bad("payload", f"A payload has at most {MAX_PAYLOAD_BYTES} bytes.")
    try:
        return Unpacked(decoder.decode(frames[1]), payload)
    except msgspec.ValidationError as error:
        raise _explained(str(error), frames[1]) from None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise _bad("header", f"Frame 1 is no msgpack map: {error}.") from None


def _bad(field: str, message: str) -> BadMessageError:
    return BadMessageError(ErrorCode.BAD_MESSAGE, field, message, None)


def _explained(text: str, header: bytes | memoryview) -> BadMessageError:
    """The validation error as code, field and sentence; ``seq`` is read from the loose map."""
    loose = _loose_map(header)
    seq = loose_seq(loose)
    found = _PATH.search(text)
    path = found.group(1) if found else ""
    words = _PATH.sub("", text)
    first, _, rest = words.partition(" ")
    if first in _KNOWN_CODES:  # raised by a message's own check: "CODE field ..."
        name = rest.partition(" ")[0]
        field = f"{path}.{name}" if path else name
        return BadMessageError(ErrorCode(first), field, f"{field}: {_sentence(first, rest)}", seq)
    if words.startswith("Invalid value") and path == "type":
        return BadMessageError(ErrorCode.UNKNOWN_TYPE, "type", "No message has this type.", seq)
    missing = re.search(r"missing required field `([^`]*)`", words)
    if missing:
        field = f"{path}.{missing.group(1)}" if path else missing.group(1)
        return BadMessageError(ErrorCode.BAD_FIELD, field, f"{field} is missing.", seq)
    value = _value_at(loose, path)
    if isinstance(value, float) and not math.isfinite(value):
        sentence = _sentence(ErrorCode.NOT_FINITE, "")
        return BadMessageError(ErrorCode.NOT_FINITE, path, f"{path}: {sentence}", seq)
    bounded = re.search(r"(>=|<=|>|<|length|matching)", words)
    code = ErrorCode.OUT_OF_RANGE if bounded else ErrorCode.BAD_FIELD
    return BadMessageError(code, path or "header", f"{path or 'header'}: {words}.", seq)


def _sentence(code: str, rest: str) -> str:
    if code == ErrorCode.NOT_FINITE:
        return "must be a finite number."
    if code == ErrorCode.BAD_ORDER:
        return "must come after its start."
    if code == ErrorCode.BAD_FIELD:
        return f"{rest}."
    return f"{rest} is not legal."


def _loose_map(header: bytes | memoryview) -> dict[Any, Any]:
    """The header without its types; empty where it is no map."""
    try:
        loose = msgspec.msgpack.decode(header)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return {}
    return loose if isinstance(loose, dict) else {}


def loose_seq(loose: dict[Any, Any]) -> int | None:
    """The ``seq`` of an untyped header, None where it has no legal one."""
    seq = loose.get("seq")
    return seq if type(seq) is int and 0 <= seq <= 2**53 else None


def _value_at(loose: Any, path: str) -> Any:
    """The value that a path such as ``notes[3].ppq`` leads to, None where it leads nowhere."""
    for step in _STEP_OF_PATH.findall(path):
        if isinstance(loose, dict):
            loose = loose.get(step)
        elif isinstance(loose, list) and step.isdecimal() and int(step) < len(loose):
            loose = loose[int(step)]
        else:
            return None
    return loose

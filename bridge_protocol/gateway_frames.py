"""Gateway frames <-> the frames of :mod:`bridge_protocol.wire`.

A gateway frame is a 32-bit big-endian length and so many bytes: the header map as JSON or as
msgpack, with the samples, where there are any, under the key ``payload`` (base64 in JSON). Nothing
here knows a message's type. Pure; a FrameReader belongs to one thread, the functions to any.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.schema import VERSION_MAX
from bridge_protocol.wire import (
    MAGIC,
    MAX_HEADER_BYTES,
    MAX_PAYLOAD_BYTES,
    BadMessageError,
    loose_seq,
)

DEFAULT_GATEWAY_PORT = 5318
TOKEN_VARIABLE = "ANACRUSIS_GATEWAY_TOKEN"
"""In the environment it takes the place of the token's file."""
LENGTH_BYTES = 4
MAX_FRAME_BYTES = 16 * 1024 * 1024  # the largest payload in base64, and the largest header
MAX_FIRST_FRAME_BYTES = 65_536  # of a client that has not signed in
PAYLOAD, VERSION = "payload", "v"

Encoding = Literal["json", "msgpack"]
Frame = bytes | memoryview

_JSON_OBJECT = ord("{")
_MAP_HEADS = frozenset((*range(0x80, 0x90), 0xDE, 0xDF))
_BROKEN = (msgspec.DecodeError, RecursionError, UnicodeDecodeError)


class FrameReader:
    """Cuts a stream of bytes into frames, whatever pieces it comes in.

    ``limit`` is the longest frame that is read, in bytes; it may be set anew between two frames.
    """

    def __init__(self, limit: int = MAX_FRAME_BYTES) -> None:
        self.limit = limit
        self._buffer = bytearray()

    @property
    def within_frame(self) -> bool:
        """Whether a part of a frame is here whose end is not."""
        return bool(self._buffer)

    def feed(self, octets: bytes) -> None:
        """Takes what came; :meth:`take` gives the frames that it ends."""
        self._buffer += octets

    def take(self) -> bytes | None:
        """The next frame without its length, None where it is not whole yet.

        BadMessageError where its length is illegal: where the next frame begins is not known then.
        """
        if len(self._buffer) < LENGTH_BYTES:
            return None
        length = int.from_bytes(self._buffer[:LENGTH_BYTES], "big")
        if not 1 <= length <= self.limit:
            text = f"A frame has 1 to {self.limit} bytes here; this one says {length}."
            raise _bad("length", text)
        end = LENGTH_BYTES + length
        if len(self._buffer) < end:
            return None
        body = bytes(memoryview(self._buffer)[LENGTH_BYTES:end])
        del self._buffer[:end]
        return body


def framed(body: bytes) -> bytes:
    """A frame of what :meth:`FrameReader.take` gives. RefusedError LIMIT where it is too long."""
    if len(body) > MAX_FRAME_BYTES:
        text = f"A frame has at most {MAX_FRAME_BYTES} bytes, not {len(body)}; send less at once."
        raise RefusedError(ErrorCode.LIMIT, "length", text)
    return len(body).to_bytes(LENGTH_BYTES, "big") + body


def encoding_of(body: bytes) -> Encoding | None:
    """How a frame's map is written, by its first byte; None where that begins no map."""
    first = _unwrapped(body)[:1]
    if not first:
        return None
    if first[0] == _JSON_OBJECT:
        return "json"
    return "msgpack" if first[0] in _MAP_HEADS else None


def to_gateway(frames: Sequence[Frame], encoding: Encoding) -> bytes:
    """A message's frames as one gateway frame, its length included; they are a legal message's."""
    header: dict[str, Any] = msgspec.msgpack.decode(frames[1])
    if len(frames) > 2:
        header[PAYLOAD] = frames[2]
    encode = msgspec.json.encode if encoding == "json" else msgspec.msgpack.encode
    return framed(encode(header))


def from_gateway(body: bytes) -> list[Frame]:
    """The frames of the message in a gateway frame (without its length).

    Raises BadMessageError, never anything else, on any bytes. The header is a map of legal size;
    what is in it is not looked at.
    """
    encoding = encoding_of(body)
    if encoding is None:
        text = "A frame begins with a JSON object's brace or with the head of a msgpack map."
        raise _bad("header", text)
    loose = _map_of(_unwrapped(body), encoding)
    seq = loose_seq(loose)
    version = loose.pop(VERSION, VERSION_MAX)
    if type(version) is not int or version != VERSION_MAX:
        text = f"This side speaks version {VERSION_MAX}."
        raise BadMessageError(ErrorCode.VERSION, VERSION, text, seq)
    payload = _payload_of(loose.pop(PAYLOAD, None), encoding, seq)
    header = _packed(loose, seq)
    return [MAGIC, header] if payload is None else [MAGIC, header, payload]


def _unwrapped(body: bytes) -> bytes:
    """What is in the frame, or in the one frame that it is: some hosts add a length of their own."""
    inner = int.from_bytes(body[:LENGTH_BYTES], "big")
    return body[LENGTH_BYTES:] if 0 < inner == len(body) - LENGTH_BYTES else body


def _map_of(body: bytes, encoding: Encoding) -> dict[Any, Any]:
    decode = msgspec.json.decode if encoding == "json" else msgspec.msgpack.decode
    try:
        loose: Any = decode(body)
    except _BROKEN as error:
        name = "JSON object" if encoding == "json" else "msgpack map"
        raise _bad("header", f"The frame is no {name}: {error}.") from None
    if not isinstance(loose, dict):
        raise _bad("header", "The frame is no map.")
    return loose


def _payload_of(given: Any, encoding: Encoding, seq: int | None) -> bytes | None:
    if given is None:
        return None
    payload = _base64(given) if encoding == "json" else given
    if not isinstance(payload, bytes):
        text = "payload must be base64 in JSON, and bin in msgpack."
        raise BadMessageError(ErrorCode.BAD_FIELD, PAYLOAD, text, seq)
    if len(payload) > MAX_PAYLOAD_BYTES:
        text = f"A payload has at most {MAX_PAYLOAD_BYTES} bytes."
        raise BadMessageError(ErrorCode.BAD_MESSAGE, PAYLOAD, text, seq)
    return payload


def _base64(given: Any) -> bytes | None:
    if not isinstance(given, str):
        return None
    try:
        return base64.b64decode(given, validate=True)
    except (binascii.Error, ValueError):
        return None


def _packed(loose: dict[Any, Any], seq: int | None) -> bytes:
    try:
        header = msgspec.msgpack.encode(loose)
    except OverflowError:
        text = "The message has an integer of more than 64 bits."
        raise BadMessageError(ErrorCode.OUT_OF_RANGE, "header", text, seq) from None
    if len(header) > MAX_HEADER_BYTES:
        text = f"A header has at most {MAX_HEADER_BYTES} bytes as msgpack."
        raise BadMessageError(ErrorCode.BAD_MESSAGE, "header", text, seq)
    return header


def _bad(field: str, message: str) -> BadMessageError:
    return BadMessageError(ErrorCode.BAD_MESSAGE, field, message, None)

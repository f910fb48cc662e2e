"""The gateway's frames: a big-endian length, then a JSON object. Pure; see docs/protocol.md."""

from __future__ import annotations

import base64
import json
import struct
from typing import Any, Dict, Iterator, Mapping

from .refusal import RefusedError

MAX_FRAME_BYTES = 16 * 1024 * 1024

Message = Dict[str, Any]
_LENGTH = struct.Struct(">I")


def packed(message: Mapping[str, Any], payload: bytes | None = None) -> bytes:
    """The frame of a message; ``payload`` travels in it as base64.

    RefusedError: ``NOT_FINITE`` for a number that JSON has no word for, ``LIMIT`` for a frame that
    the gateway would not take.
    """
    whole = dict(message)
    if payload is not None:
        whole["payload"] = base64.b64encode(payload).decode("ascii")
    try:
        text = json.dumps(whole, allow_nan=False, separators=(",", ":"))
    except ValueError:
        kind = str(message.get("type"))
        raise RefusedError("NOT_FINITE", kind, "A value is no finite number.") from None
    body = text.encode("utf-8")
    if len(body) > MAX_FRAME_BYTES:
        words = "This is more than the gateway takes at once; use a shorter stretch of the song."
        raise RefusedError("LIMIT", str(message.get("type")), words)
    return _LENGTH.pack(len(body)) + body


class Unpacker:
    """Bytes as they come, in pieces of any size; messages as they are whole."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def feed(self, piece: bytes) -> Iterator[Message]:
        """Every message that ``piece`` completes. RefusedError ``BAD_MESSAGE`` for what the gateway
        never sends: the stream can't be read on from there."""
        self._bytes += piece
        while len(self._bytes) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._bytes)
            if not 1 <= length <= MAX_FRAME_BYTES:
                raise _bad(f"a frame of {length} bytes")
            end = _LENGTH.size + length
            if len(self._bytes) < end:
                return
            body = bytes(self._bytes[_LENGTH.size : end])
            del self._bytes[:end]
            yield _message(body)


def _message(body: bytes) -> Message:
    try:
        message = json.loads(body.decode("utf-8"))
    except ValueError:
        raise _bad("a frame that is no JSON") from None
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        raise _bad("a frame that is no message")
    return message


def _bad(what: str) -> RefusedError:
    words = f"What answers there sent {what}: it is no Anacrusis gateway. Check the port."
    return RefusedError("BAD_MESSAGE", "gateway", words)

"""Uploading a source as a conversation: what to ask next, given the last answer.

A conversation is a generator that yields requests and is sent their replies. The blocking client
and the asyncio client each walk it in their own way. Any thread.
"""

from __future__ import annotations

import hashlib
from collections.abc import Generator
from typing import NamedTuple

import numpy as np

from bridge_protocol.blocks import Samples
from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.schema import Message, Ok, SourceBegin, SourceBlock, SourceEnd

PIECE_FRAMES = 65_536


class Ask(NamedTuple):
    """A request of a conversation, and its payload."""

    message: Message
    payload: memoryview | None = None


Upload = Generator[Ask, Ok, str]


def upload_steps(audio: Samples, rate_hz: int, name: str = "") -> Upload:
    """Uploads float32 ``[frames, channels]``; returns the source's hash.

    An engine that has the source already is sent nothing but its name. Raises RefusedError:
    ``EMPTY_SOURCE``, ``WRONG_LENGTH`` for more than two channels, ``NOT_FINITE``.
    """
    wire_audio = _checked(audio)
    octets = wire_audio.data.cast("B")
    source = hashlib.sha256(octets).hexdigest()
    frames, channels = wire_audio.shape
    begin = SourceBegin(hash=source, rate=rate_hz, channels=channels, frames=frames, name=name)
    if (yield Ask(begin)).have:
        return source
    width = 4 * channels
    for offset in range(0, frames, PIECE_FRAMES):
        count = min(PIECE_FRAMES, frames - offset)
        piece = octets[offset * width : (offset + count) * width]
        yield Ask(SourceBlock(hash=source, offset=offset, frames=count), piece)
    yield Ask(SourceEnd(hash=source))
    return source


def source_hash(audio: Samples) -> str:
    """The name that the protocol gives a source: SHA-256 of its interleaved f32 bytes."""
    return hashlib.sha256(_checked(audio).data.cast("B")).hexdigest()


def _checked(audio: Samples) -> Samples:
    if audio.ndim != 2 or audio.shape[1] not in (1, 2):
        text = "a source is [frames, channels] with one or two channels; reshape it"
        raise RefusedError(ErrorCode.WRONG_LENGTH, "audio", text)
    if len(audio) == 0:
        text = "the source has no samples; record or choose some audio"
        raise RefusedError(ErrorCode.EMPTY_SOURCE, "audio", text)
    if not np.isfinite(audio).all():
        text = "the source has samples that are no numbers; export it again"
        raise RefusedError(ErrorCode.NOT_FINITE, "audio", text)
    return np.ascontiguousarray(audio, dtype="<f4")

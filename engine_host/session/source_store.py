"""Uploaded audio, named by the hash of its samples; names from outside never become paths."""

from __future__ import annotations

import hashlib
from collections import OrderedDict

import numpy as np

from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.schema import SourceBegin, SourceBlock, SourceEnd
from engine_host.stream.sources import Samples, Source

MAX_SOURCE_BYTES = 512 * 1024 * 1024
MAX_STORE_BYTES = 2 * 1024 * 1024 * 1024


def hash_of(audio: Samples) -> str:
    """SHA-256 of the interleaved little-endian float32 samples."""
    return hashlib.sha256(np.ascontiguousarray(audio, dtype="<f4").tobytes()).hexdigest()


class SourceStore:
    """The sources the engine has; shared by its sessions. The least used go when it is full."""

    def __init__(self) -> None:
        self._sources: OrderedDict[str, Source] = OrderedDict()

    def get(self, name: str, field: str = "hash") -> Source:
        """The source with this hash, else RefusedError(UNKNOWN_SOURCE)."""
        source = self._sources.get(name)
        if source is None:
            raise RefusedError(
                ErrorCode.UNKNOWN_SOURCE, field, "The engine has no such source; upload it first."
            )
        self._sources.move_to_end(name)
        return source

    def __contains__(self, name: str) -> bool:
        return name in self._sources

    def add(self, source: Source) -> None:
        """Keeps a source."""
        self._sources[source.hash] = source
        while len(self._sources) > 1 and self._bytes() > MAX_STORE_BYTES:
            self._sources.popitem(last=False)

    def _bytes(self) -> int:
        return sum(source.audio.nbytes for source in self._sources.values())


def check_audio(audio: Samples, rate_hz: int, shortest_seconds: float, field: str) -> None:
    """Refuses audio that is empty, not finite, or shorter than one latent frame."""
    check_length(audio, rate_hz, shortest_seconds, field)
    if not np.isfinite(audio).all():
        raise _not_finite(field)


def _not_finite(field: str) -> RefusedError:
    return RefusedError(ErrorCode.NOT_FINITE, field, "The source has samples that are no numbers.")


def check_length(audio: Samples, rate_hz: int, shortest_seconds: float, field: str) -> None:
    """Refuses audio that is empty or shorter than one latent frame."""
    if len(audio) == 0:
        raise RefusedError(ErrorCode.EMPTY_SOURCE, field, "The source has no samples.")
    if len(audio) / rate_hz < shortest_seconds:
        raise RefusedError(
            ErrorCode.EMPTY_SOURCE,
            field,
            f"The source lasts {1000 * len(audio) / rate_hz:.1f} ms; it needs at least {1000 * shortest_seconds:.0f} ms.",
        )


class Upload:
    """One source on its way in, piece by piece."""

    def __init__(self, begin: SourceBegin) -> None:
        total = begin.frames * begin.channels * 4
        if begin.frames == 0:
            raise RefusedError(ErrorCode.EMPTY_SOURCE, "frames", "The source has no samples.")
        if total > MAX_SOURCE_BYTES:
            raise RefusedError(
                ErrorCode.LIMIT,
                "frames",
                f"A source has at most {MAX_SOURCE_BYTES >> 20} MiB of float samples.",
            )
        self._begin = begin
        self._audio = np.zeros((begin.frames, begin.channels), dtype=np.float32)
        self._received = 0
        self._hasher = hashlib.sha256()
        self._finite = True

    def block(self, block: SourceBlock, payload: bytes) -> None:
        """Takes the next piece; pieces come in order."""
        begin = self._begin
        if block.offset != self._received:
            raise RefusedError(
                ErrorCode.BAD_ORDER, "offset", f"The next piece begins at frame {self._received}."
            )
        if block.offset + block.frames > begin.frames:
            raise RefusedError(
                ErrorCode.WRONG_LENGTH, "frames", f"The source was to have {begin.frames} frames."
            )
        if len(payload) != block.frames * begin.channels * 4:
            raise RefusedError(
                ErrorCode.WRONG_LENGTH, "payload", "The payload is not frames * channels * 4 bytes."
            )
        piece = np.frombuffer(payload, dtype="<f4").reshape(block.frames, begin.channels)
        self._audio[block.offset : block.offset + block.frames] = piece
        self._hasher.update(payload)
        self._finite = self._finite and bool(np.isfinite(piece).all())
        self._received += block.frames

    def end(self, end: SourceEnd, shortest_seconds: float) -> Source:
        """The finished source, if it is whole and is what its hash says."""
        begin = self._begin
        if self._received != begin.frames:
            raise RefusedError(
                ErrorCode.WRONG_LENGTH,
                "frames",
                f"{self._received} of {begin.frames} frames have arrived.",
            )
        check_length(self._audio, begin.rate, shortest_seconds, "payload")
        if not self._finite:
            raise _not_finite("payload")
        if self._hasher.hexdigest() != end.hash:
            raise RefusedError(
                ErrorCode.HASH_MISMATCH, "hash", "The samples are not those the hash names."
            )
        return Source(end.hash, begin.name, begin.rate, self._audio)

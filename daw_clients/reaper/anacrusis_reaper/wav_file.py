"""A stretch of a WAV file as 32-bit float samples, with nothing but the standard library.

Integer samples become what libsndfile makes of them: the integer over its full scale, exactly.
"""

from __future__ import annotations

import struct
import sys
from array import array
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TypeVar

from .refusal import RefusedError

_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_KNOWN = frozenset(((_PCM, 16), (_PCM, 24), (_PCM, 32), (_FLOAT, 32), (_FLOAT, 64)))
_UNKNOWN_SIZE = 0xFFFFFFFF
_MOST_FORMAT_BYTES = 4096

A = TypeVar("A", "array[int]", "array[float]")


@dataclass(frozen=True)
class WavFile:
    """Where the samples lie and what they are. ``code`` is 1 for integers, 3 for floats."""

    path: Path
    rate_hz: int
    channels: int
    code: int
    bits: int
    data_start: int
    frames: int

    def read(self, first: int, count: int) -> array[float]:
        """Interleaved samples of the frames ``[first, first + count)``, as ``array('f')``; fewer
        where the file ends. RefusedError ``FILE_BROKEN``."""
        width = self.channels * self.bits // 8
        count = max(min(count, self.frames - first), 0)
        try:
            with self.path.open("rb") as file:
                file.seek(self.data_start + first * width)
                data = file.read(count * width)
        except OSError as error:
            raise _broken(self.path, str(error)) from None
        return _floats(data[: len(data) // width * width], self.code, self.bits)


def open_wav(path: Path) -> WavFile | None:
    """What the file holds; None where it is no WAV that can be read here (then REAPER reads it).

    RefusedError ``FILE_MISSING``.
    """
    try:
        with path.open("rb") as file:
            return _header(file, path)
    except OSError:
        raise RefusedError("FILE_MISSING", "file", f"There is no file {path}.") from None


def _header(file: BinaryIO, path: Path) -> WavFile | None:
    head = file.read(12)
    if len(head) < 12 or head[:4] not in (b"RIFF", b"RF64") or head[8:] != b"WAVE":
        return None
    found: tuple[int, int, int, int] | None = None
    data_bytes_64 = 0
    while True:
        chunk = file.read(8)
        if len(chunk) < 8:
            return None
        name, size = chunk[:4], struct.unpack("<I", chunk[4:])[0]
        if name == b"data":
            break
        body = file.read(size) if size <= _MOST_FORMAT_BYTES else b""
        if name == b"fmt ":
            found = _format(body)
        elif name == b"ds64" and len(body) >= 16:
            data_bytes_64 = struct.unpack("<Q", body[8:16])[0]
        file.seek(size - len(body) + size % 2, 1)
    if found is None:
        return None
    code, channels, rate_hz, bits = found
    start = file.tell()
    left = file.seek(0, 2) - start
    size = data_bytes_64 if size == _UNKNOWN_SIZE and data_bytes_64 else size
    frames = min(size, left) // (channels * bits // 8)
    return WavFile(path, rate_hz, channels, code, bits, start, frames)


def _format(body: bytes) -> tuple[int, int, int, int] | None:
    """Code, channels, rate and bits, if they are known ones."""
    if len(body) < 16:
        return None
    code, channels, rate_hz, _, align, bits = struct.unpack("<HHIIHH", body[:16])
    if code == _EXTENSIBLE and len(body) >= 26:
        code = struct.unpack("<H", body[24:26])[0]
    fits = channels in (1, 2) and align == channels * bits // 8
    return (code, channels, rate_hz, bits) if (code, bits) in _KNOWN and fits else None


def _floats(data: bytes, code: int, bits: int) -> array[float]:
    if code == _FLOAT:
        raw = array("f" if bits == 32 else "d", data)
        return _native(raw) if bits == 32 else array("f", _native(raw))
    if bits == 24:
        wide = bytearray(len(data) // 3 * 4)
        for byte in range(3):
            wide[byte + 1 :: 4] = data[byte::3]
        data, bits = bytes(wide), 32
    whole = _native(array("h" if bits == 16 else "i", data))
    scale = 1.0 / (1 << (bits - 1))
    return array("f", [sample * scale for sample in whole])


def _native(raw: A) -> A:
    if sys.byteorder == "big":
        raw.byteswap()
    return raw


def _broken(path: Path, why: str) -> RefusedError:
    return RefusedError("FILE_BROKEN", "file", f"{path} can't be read: {why}.")

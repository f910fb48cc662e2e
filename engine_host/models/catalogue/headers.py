"""What a safetensors file says it holds, checked against its size: no tensor is read."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bridge_protocol.errors import ErrorCode, RefusedError

LENGTH_BYTES = 8
MAX_HEADER_BYTES = 100_000_000  # as the format has it
BITS = {
    "F64": 64,
    "F32": 32,
    "F16": 16,
    "BF16": 16,
    "F8_E4M3": 8,
    "F8_E5M2": 8,
    "I64": 64,
    "I32": 32,
    "I16": 16,
    "I8": 8,
    "U64": 64,
    "U32": 32,
    "U16": 16,
    "U8": 8,
    "BOOL": 8,
}


@dataclass(frozen=True)
class TensorEntry:
    """One tensor of a file: ``start`` and ``end`` are bytes from the beginning of the file."""

    dtype: str
    shape: tuple[int, ...]
    start: int
    end: int

    @property
    def elements(self) -> int:
        """How many numbers it holds."""
        return math.prod(self.shape)


Header = Mapping[str, TensorEntry]


def read_header(path: Path) -> Header:
    """The tensors of a file by their names.

    RefusedError FILE_MISSING, or FILE_BROKEN where the header is none, where a tensor's bytes are
    not as many as its shape needs, where they overlap or leave gaps, and where the file is shorter
    or longer than the header says.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            length = int.from_bytes(file.read(LENGTH_BYTES), "little")
            if size < LENGTH_BYTES or not 2 <= length <= min(MAX_HEADER_BYTES, size - LENGTH_BYTES):
                raise _broken(path, "it is cut off in its header, or is no safetensors file")
            raw = file.read(length)
    except FileNotFoundError:
        raise RefusedError(
            ErrorCode.FILE_MISSING, "model", f"{path} is missing; download the model again."
        ) from None
    header = _parsed(path, raw, LENGTH_BYTES + length)
    _check_size(path, header, size, LENGTH_BYTES + length)
    return header


def _parsed(path: Path, raw: bytes, begin: int) -> dict[str, TensorEntry]:
    try:
        told = json.loads(raw)
        return {
            name: _entry(fields, begin) for name, fields in told.items() if name != "__metadata__"
        }
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise _broken(path, f"its header can't be read ({type(error).__name__})") from None


def _entry(fields: Mapping[str, Any], begin: int) -> TensorEntry:
    start, end = fields["data_offsets"]
    shape = tuple(int(size) for size in fields["shape"])
    entry = TensorEntry(str(fields["dtype"]), shape, begin + int(start), begin + int(end))
    bits = BITS.get(entry.dtype)
    if bits is not None and 8 * (entry.end - entry.start) != bits * entry.elements:
        raise ValueError("bytes and shape differ")
    return entry


def _check_size(path: Path, header: Header, size: int, begin: int) -> None:
    """Tensors lie one behind another, from the header's end to the file's."""
    at = begin
    for start, end in sorted((entry.start, entry.end) for entry in header.values()):
        if start != at:
            raise _broken(path, "its tensors overlap or leave gaps")
        at = end
    if size < at:
        raise _broken(path, f"it is cut off: {size} bytes of {at}")
    if size > at:
        raise _broken(path, f"it has {size - at} bytes behind its tensors")


def _broken(path: Path, words: str) -> RefusedError:
    return RefusedError(
        ErrorCode.FILE_BROKEN, "model", f"{path}: {words}. Download the file again."
    )


def samples(path: Path, header: Header, most_bytes: int) -> Iterator[tuple[str, bytes]]:
    """The first bytes of every tensor, in the order of their names."""
    with path.open("rb") as file:
        for name in sorted(header):
            entry = header[name]
            file.seek(entry.start)
            yield name, file.read(min(most_bytes, entry.end - entry.start))

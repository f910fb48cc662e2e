"""One tensor out of a file of ``torch.save``, without unpickling: nothing in the file is run.

Such a file is a zip: the numbers lie raw in ``data/0``, and ``data.pkl`` says in a few opcodes what
shape they have. The opcodes are listed here, never executed, and any but a plain tensor's are
refused.
"""

from __future__ import annotations

import math
import pickletools
import zipfile
from pathlib import Path

import torch

from bridge_protocol.errors import ErrorCode, RefusedError

DTYPES = {
    "torch FloatStorage": torch.float32,
    "torch HalfStorage": torch.float16,
    "torch BFloat16Storage": torch.bfloat16,
}
REBUILD = "torch._utils _rebuild_tensor_v2"
HARMLESS = frozenset({"collections OrderedDict"})
MOST_BYTES = 1 << 28
_INTEGERS = frozenset({"BININT", "BININT1", "BININT2"})


def read_torch_tensor(path: Path) -> torch.Tensor:
    """The one tensor of the file, contiguous.

    RefusedError FILE_MISSING; FILE_BROKEN where the file is damaged, too large, or anything but one
    plain tensor of floats.
    """
    if not path.is_file():
        raise RefusedError(ErrorCode.FILE_MISSING, "path", f"{path} is missing.")
    try:
        with zipfile.ZipFile(path) as file:
            pickle, data, order = _members(file)
            return _tensor(path, file.read(pickle), file.read(data), order)
    except (zipfile.BadZipFile, ValueError, IndexError, StopIteration, OSError) as error:
        raise _broken(path, f"it can't be read ({error})") from None


def _members(file: zipfile.ZipFile) -> tuple[str, str, bytes]:
    """The names of the opcodes and of the numbers, and the order of bytes."""
    names = file.namelist()
    if sum(entry.file_size for entry in file.infolist()) > MOST_BYTES:
        raise ValueError("it is too large for one tensor")
    numbers = [name for name in names if name.split("/")[-2:-1] == ["data"]]
    pickle = next(name for name in names if name.endswith("/data.pkl"))
    order = [name for name in names if name.endswith("/byteorder")]
    if len(numbers) != 1:
        raise ValueError("it holds more than one tensor")
    return pickle, numbers[0], file.read(order[0]) if order else b"little"


def _tensor(path: Path, pickle: bytes, data: bytes, order: bytes) -> torch.Tensor:
    opcodes = [(code.name, argument) for code, argument, _ in pickletools.genops(pickle)]
    calls = [str(argument) for name, argument in opcodes if name == "GLOBAL"]
    strange = [call for call in calls if call not in {REBUILD, *DTYPES, *HARMLESS}]
    kinds = [call for call in calls if call in DTYPES]
    if strange or REBUILD not in calls or len(kinds) != 1 or order != b"little":
        raise _broken(path, f"it is no plain tensor ({', '.join(strange) or 'none is named'})")
    dtype = DTYPES[kinds[0]]
    offset, shape, strides = _layout(opcodes)
    if offset or strides != _contiguous(shape) or len(data) != math.prod(shape) * dtype.itemsize:
        raise _broken(path, f"its numbers don't lie as {[*shape]} in one piece")
    return torch.frombuffer(bytearray(data), dtype=dtype).reshape(shape)


def _layout(opcodes: list[tuple[str, object]]) -> tuple[int, tuple[int, ...], tuple[int, ...]]:
    """Offset, shape and strides: the integers between the storage and the first truth value."""
    names = [name for name, _ in opcodes]
    begin = names.index("BINPERSID")
    end = next(place for place in range(begin, len(names)) if names[place].startswith("NEW"))
    told = [int(str(value)) for name, value in opcodes[begin:end] if name in _INTEGERS]
    rank = (len(told) - 1) // 2
    return told[0], tuple(told[1 : 1 + rank]), tuple(told[1 + rank :])


def _contiguous(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(math.prod(shape[axis + 1 :]) for axis in range(len(shape)))


def _broken(path: Path, words: str) -> RefusedError:
    return RefusedError(ErrorCode.FILE_BROKEN, "path", f"{path}: {words}.")

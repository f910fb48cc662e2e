"""A file's bytes, no more than its format may have."""

from __future__ import annotations

from pathlib import Path

from bridge_protocol.errors import ErrorCode, RefusedError


def source_bytes(source: Path | bytes, name: str, most_bytes: int) -> bytes:
    """The bytes themselves, or those of the file, whatever its size says.

    Raises ``RefusedError`` (field ``name``): ``FILE_MISSING``, ``FILE_BROKEN`` where it can't be
    read, ``LIMIT`` for more than ``most_bytes``; no more than that is ever read.
    """
    data = source if isinstance(source, bytes) else _file_bytes(source, name, most_bytes + 1)
    if len(data) > most_bytes:
        text = f"it is larger than {most_bytes} bytes; give a smaller file"
        raise RefusedError(ErrorCode.LIMIT, name, text)
    return data


def _file_bytes(path: Path, name: str, most_bytes: int) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(most_bytes)
    except FileNotFoundError:
        text = f"there is no file {path}; give the path of one"
        raise RefusedError(ErrorCode.FILE_MISSING, name, text) from None
    except OSError as error:
        text = f"{path} can't be read ({error.strerror}); give a file that can"
        raise RefusedError(ErrorCode.FILE_BROKEN, name, text) from None

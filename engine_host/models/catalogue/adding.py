"""A model taken into the library: its files hashed and recorded, and hashed again later."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bridge_protocol.errors import ErrorCode, RefusedError
from engine_host.hashing import sha256_of
from engine_host.models.catalogue.checks import Checked, check_folder
from engine_host.models.catalogue.places import Place
from engine_host.models.catalogue.records import (
    FileRecord,
    ModelRecord,
    check_name,
    models_folder,
    read_record,
    write_record,
)
from engine_host.models.catalogue.sizes import check_sizes

Progress = Callable[[int, int], None]
"""Bytes done so far, and bytes in all."""


@dataclass(frozen=True)
class Origin:
    """Where a model came from, for its record."""

    source: str = ""
    revision: str = ""
    licence: str = ""


def add_folder(
    folder: Path,
    name: str,
    progress: Progress,
    origin: Origin | None = None,
    *,
    replacing: bool = False,
) -> Checked:
    """Checks a folder in diffusers' layout, hashes its files, and records it under ``name``.

    The folder stays where it is.

    RefusedError: as `check_folder` and `check_sizes`; BAD_FIELD for a name that won't do, BAD_ORDER
    for one that is taken, unless the record is to be replaced.
    """
    root = models_folder()
    check_name(name)
    if not replacing and read_record(root, name) is not None:
        raise _taken(name)
    checked = check_folder(folder.expanduser().absolute())
    check_sizes(checked)
    told = origin or Origin()
    record = ModelRecord(
        name,
        checked.folder,
        checked.family.name,
        told.source,
        told.revision,
        told.licence,
        hashed(checked, progress),
    )
    write_record(root, record)
    return checked


def check_free(name: str) -> Path:
    """The folder in the library that a new model of that name gets; refused where it is taken."""
    root = models_folder()
    check_name(name)
    if read_record(root, name) is not None or (root / name).exists():
        raise _taken(name)
    return root / name


def hashed(checked: Checked, progress: Progress) -> dict[str, FileRecord]:
    """Every file that is read when the model is loaded, by its path in the folder."""
    files = list(_files(checked))
    total = sum(path.stat().st_size for path in files)
    found, done = {}, 0
    for path in files:
        size = path.stat().st_size
        found[path.relative_to(checked.folder).as_posix()] = FileRecord(size, sha256_of(path))
        done += size
        progress(done, total)
    return found


def differences(place: Place, progress: Progress) -> list[str]:
    """What of a recorded model is not as it was, in words; none where all is well. BAD_FIELD for a
    model without a record: nobody knows how it was."""
    if place.record is None or place.folder is None:
        raise RefusedError(
            ErrorCode.BAD_FIELD,
            "name",
            f"{place.name} has no record to compare with; `anacrusis models add` makes one.",
        )
    total, done, found = sum(file.size for file in place.record.files.values()), 0, []
    for name, told in place.record.files.items():
        path = place.folder / name
        if not path.is_file():
            found.append(f"{name} is missing")
        elif path.stat().st_size != told.size:
            found.append(f"{name} has {path.stat().st_size} bytes, not {told.size}")
        elif sha256_of(path) != told.sha256:
            found.append(f"{name} has been changed")
        done += told.size
        progress(done, total)
    return found


def _files(checked: Checked) -> Iterator[Path]:
    for path in sorted(checked.folder.glob("*.json")):
        yield path
    for part in checked.parts:
        kept = {path for weights in checked.weights.values() for path in weights.files}
        for path in sorted((checked.folder / part.folder).iterdir()):
            if path.is_file() and (path.suffix != ".safetensors" or path in kept):
                yield path


def _taken(name: str) -> RefusedError:
    return RefusedError(
        ErrorCode.BAD_ORDER,
        "name",
        f"There is a model {name} already; give another --name, or first `anacrusis models remove "
        f"{name}`.",
    )

"""From what a user says to a folder: a name of the library, or a path."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from bridge_protocol.errors import ErrorCode, RefusedError
from engine_host.models.catalogue.choice import HOUSE
from engine_host.models.catalogue.known import KNOWN, known_model
from engine_host.models.catalogue.records import (
    ModelRecord,
    is_name,
    models_folder,
    names_there,
    read_record,
)


@dataclass(frozen=True)
class Place:
    """Where a model lies; ``folder`` is None for the house model, which is part of the program."""

    name: str
    folder: Path | None
    record: ModelRecord | None = None


def place_of(told: str) -> Place:
    """Where the model is that a user names, or points at.

    What holds a slash or begins with a dot or a tilde is a path, and so is the name of a folder
    that is there and no model's name. RefusedError FILE_MISSING where there is none.
    """
    if told == HOUSE:
        return Place(HOUSE, None)
    if _is_path(told):
        return _at_path(Path(told).expanduser())
    named = library_place(told)
    if named is not None:
        return named
    if Path(told).is_dir():
        return _at_path(Path(told))
    raise RefusedError(ErrorCode.FILE_MISSING, "model", _how_to_get(told))


def library_place(name: str) -> Place | None:
    """Where a model of the library is; None where its files are not there. Never reads a path."""
    if name == HOUSE:
        return Place(HOUSE, None)
    if not is_name(name):
        return None
    root = models_folder()
    record = read_record(root, name)
    folder = root / name if record is None else record.folder
    return Place(name, folder, record) if folder.is_dir() else None


def library_names() -> list[str]:
    """Every name that can be asked for: the house model, the known ones, those that were added."""
    names = [HOUSE, *(model.name for model in KNOWN)]
    return names + [name for name in names_there(models_folder()) if name not in names]


def _is_path(told: str) -> bool:
    return told.startswith((".", "~")) or "/" in told or os.sep in told


def _at_path(folder: Path) -> Place:
    if not folder.is_dir():
        raise RefusedError(ErrorCode.FILE_MISSING, "model", f"There is no folder {folder}.")
    return Place(folder.resolve().name, folder.resolve())


def _how_to_get(name: str) -> str:
    known = known_model(name)
    if known is None:
        names = ", ".join(library_names())
        return f"There is no model {name!r} here. There are: {names}; or give the path to a folder."
    return (
        f"{name} is not here yet: `anacrusis models download {name}` gets it, or `anacrusis models "
        f"add PATH --name {name}` takes a folder that you have ({known.page})."
    )

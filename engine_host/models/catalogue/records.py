"""The library's records: one JSON file for each model that was added, downloaded or converted.

``NAME.json`` lies beside the folder ``NAME`` in the models folder, and says where the model's own
folder is, where it came from, and how its files hash.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from json import dumps
from pathlib import Path

import platformdirs

from bridge_protocol.errors import ErrorCode, RefusedError
from engine_host.models.catalogue.choice import HOUSE
from engine_host.models.catalogue.families import read_json

ENVIRONMENT = "ANACRUSIS_MODELS"
_NAME = re.compile(r"[0-9a-zA-Z_.-]{1,64}\Z")


@dataclass(frozen=True)
class FileRecord:
    """A file as it was when the model was added."""

    size: int
    sha256: str


@dataclass(frozen=True)
class ModelRecord:
    """``folder`` is absolute; ``source`` and ``revision`` say where it came from, ``files`` are by
    their paths in it."""

    name: str
    folder: Path
    family: str
    source: str = ""
    revision: str = ""
    licence: str = ""
    files: Mapping[str, FileRecord] = field(default_factory=dict)


def models_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Where models are kept: ``ANACRUSIS_MODELS``, else anacrusis/models in the user's data."""
    told = environment.get(ENVIRONMENT)
    if told:
        return Path(told).expanduser()
    return platformdirs.user_data_path("anacrusis", appauthor=False) / "models"


def check_name(name: str, field_name: str = "name") -> str:
    """A name that can be said on the wire and is a file's; RefusedError BAD_FIELD else."""
    if not is_name(name) or name == HOUSE:
        raise RefusedError(
            ErrorCode.BAD_FIELD,
            field_name,
            f"{name!r} can't be a model's name: take up to 64 letters, digits, _ . or -, and not "
            f"{HOUSE!r}.",
        )
    return name


def is_name(name: str) -> bool:
    """Whether it is a name at all, and neither a path nor a hidden file's."""
    return _NAME.match(name) is not None and not name.startswith(".")


def record_path(root: Path, name: str) -> Path:
    """Where the record of a model lies."""
    return root / f"{name}.json"


def read_record(root: Path, name: str) -> ModelRecord | None:
    """A model's record, if it has one. RefusedError FILE_BROKEN where it can't be read."""
    path = record_path(root, name)
    if not path.is_file():
        return None
    told = read_json(path, "model")
    try:
        files = {key: FileRecord(**entry) for key, entry in told["files"].items()}
        text = {key: str(told[key]) for key in ("family", "source", "revision", "licence")}
        return ModelRecord(name, (root / told["folder"]).absolute(), **text, files=files)
    except (KeyError, TypeError, AttributeError) as error:
        raise RefusedError(
            ErrorCode.FILE_BROKEN, "model", f"{path} is damaged ({error}); add the model again."
        ) from None


def write_record(root: Path, record: ModelRecord) -> None:
    """Writes it whole or not at all; a folder inside the models folder is told relative to it."""
    inside = record.folder.is_relative_to(root.absolute())
    folder = record.folder.relative_to(root.absolute()) if inside else record.folder
    told = {**asdict(record), "folder": folder.as_posix()}
    del told["name"]
    write_text(record_path(root, record.name), dumps(told, indent=1) + "\n")


def write_text(path: Path, text: str) -> None:
    """Writes a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)


def names_there(root: Path) -> list[str]:
    """Names of every model with a record or a folder, sorted."""
    if not root.is_dir():
        return []
    names = {path.stem for path in root.glob("*.json")}
    names |= {path.name for path in root.iterdir() if path.is_dir()}
    return sorted(filter(is_name, names))

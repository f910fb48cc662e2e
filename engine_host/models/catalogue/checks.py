"""Whether a folder is a whole model of safetensors, before anything of it is loaded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bridge_protocol.errors import ErrorCode, RefusedError
from engine_host.models.catalogue.families import INDEX, Family, Part, family_of, read_json
from engine_host.models.catalogue.shards import Weights, read_weights

PICKLES = frozenset({".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle"})
FLOATS = frozenset({"F64", "F32", "F16", "BF16"})
COUNTS = frozenset({"I64", "I32", "I16", "I8", "U8", "BOOL"})  # of buffers


@dataclass(frozen=True)
class Checked:
    """A folder that passed: its parts that are there, and the weights of those that have any.

    ``remarks`` say what of the folder is left alone, in words for the user.
    """

    folder: Path
    family: Family
    parts: tuple[Part, ...]
    weights: Mapping[str, Weights]
    remarks: tuple[str, ...]

    @property
    def elements(self) -> int:
        """Numbers in all weights."""
        return sum(_elements(weights) for weights in self.weights.values())

    @property
    def file_bytes(self) -> int:
        """Bytes of all weights on disk."""
        return sum(path.stat().st_size for part in self.weights.values() for path in part.files)


def check_folder(folder: Path) -> Checked:
    """Checks a folder in diffusers' layout by its file names and headers, which takes milliseconds.

    RefusedError: FILE_MISSING names the part or file that is not there; FILE_BROKEN a shard that is
    cut off, or a pickle in a part; BAD_FIELD another family, class or number format. Whether the
    tensors are those of the configs is `engine_host.models.catalogue.sizes.check_sizes`.
    """
    if not folder.is_dir():
        raise RefusedError(ErrorCode.FILE_MISSING, "model", f"There is no folder {folder}.")
    family = family_of(folder)
    told = read_json(folder / INDEX, "model")
    parts = tuple(part for part in family.parts if _is_there(folder, told, part))
    for part in parts:
        _refuse_pickles(folder / part.folder)
    weights = {part.folder: _weights(folder, part) for part in parts if part.weights}
    return Checked(folder, family, parts, weights, tuple(_remarks(folder)))


def _is_there(folder: Path, told: Mapping[str, object], part: Part) -> bool:
    """Whether a part is there with its config; refused where it has to be and is not."""
    entry = told.get(part.folder)
    named = isinstance(entry, list) and len(entry) == 2 and entry[1] is not None
    if not named and part.optional:
        return False
    if isinstance(entry, list) and named and part.classes and entry[1] not in part.classes:
        raise RefusedError(
            ErrorCode.BAD_FIELD,
            "model",
            f"{folder / INDEX} says that {part.folder} is a {entry[1]}; this family has a "
            f"{' or '.join(part.classes)} there.",
        )
    if any((folder / part.folder / name).is_file() for name in part.needs):
        return True
    raise RefusedError(
        ErrorCode.FILE_MISSING,
        "model",
        f"{folder} is not whole: {part.folder}/{part.needs[0]} is missing. Download it again.",
    )


def _refuse_pickles(folder: Path) -> None:
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in PICKLES:
            raise RefusedError(
                ErrorCode.FILE_BROKEN,
                "model",
                f"{path} is a pickle, which can run code when it is opened; it is never loaded. "
                "Take the model's .safetensors files instead, and remove this one.",
            )


def _weights(folder: Path, part: Part) -> Weights:
    weights = read_weights(folder / part.folder)
    for path, header in weights.files.items():
        for name, entry in header.items():
            if entry.dtype not in FLOATS | COUNTS:
                raise RefusedError(
                    ErrorCode.BAD_FIELD,
                    "model",
                    f"{path}: {name} is in {entry.dtype}. Take weights in F32, F16 or BF16; "
                    "quantised ones are not played.",
                )
    return weights


def _remarks(folder: Path) -> Iterator[str]:
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in PICKLES:
            yield f"{path.name} is a pickle; it is not part of the model and is never opened."


def _elements(weights: Weights) -> int:
    return sum(entry.elements for entry in weights.tensors.values())

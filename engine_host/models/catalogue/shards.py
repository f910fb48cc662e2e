"""The weights of one part, be they one safetensors file or several with an index."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bridge_protocol.errors import ErrorCode, RefusedError
from engine_host.models.catalogue.families import read_json
from engine_host.models.catalogue.headers import Header, TensorEntry, read_header

STEMS = ("diffusion_pytorch_model", "model")


@dataclass(frozen=True)
class Weights:
    """``files`` with their headers, and every tensor by its name."""

    files: Mapping[Path, Header]

    @property
    def tensors(self) -> dict[str, TensorEntry]:
        """Every tensor by its name."""
        return {name: entry for header in self.files.values() for name, entry in header.items()}


def read_weights(folder: Path) -> Weights:
    """The weights in a folder, by their headers alone.

    RefusedError FILE_MISSING where there are none or a shard is missing; FILE_BROKEN where a file
    is cut off or the index tells of other tensors or another size than the shards hold.
    """
    for stem in STEMS:
        index = folder / f"{stem}.safetensors.index.json"
        if index.is_file():
            return _indexed(index)
        single = folder / f"{stem}.safetensors"
        if single.is_file():
            return Weights({single: read_header(single)})
    raise RefusedError(
        ErrorCode.FILE_MISSING,
        "model",
        f"{folder} holds no weights (no .safetensors file); download the model again.",
    )


def _indexed(index: Path) -> Weights:
    told = read_json(index, "model")
    places = told.get("weight_map")
    if not isinstance(places, dict) or not places:
        raise _broken(index, "it names no tensors")
    names = sorted({_plain(index, name) for name in places.values()})
    weights = Weights({index.parent / name: read_header(index.parent / name) for name in names})
    for tensor, name in places.items():
        if tensor not in weights.files[index.parent / name]:
            raise _broken(index, f"{name} does not hold {tensor}")
    _check_total(index, told, weights)
    return weights


def _plain(index: Path, name: object) -> str:
    if not isinstance(name, str) or Path(name).name != name or not name.endswith(".safetensors"):
        raise _broken(index, f"{name!r} is no file of this folder")
    return name


def _check_total(index: Path, told: Mapping[str, object], weights: Weights) -> None:
    metadata = told.get("metadata")
    total = metadata.get("total_size") if isinstance(metadata, dict) else None
    found = sum(entry.end - entry.start for entry in weights.tensors.values())
    if isinstance(total, int) and total != found:
        raise _broken(index, f"it tells of {total} bytes, and the shards hold {found}")


def _broken(path: Path, words: str) -> RefusedError:
    return RefusedError(
        ErrorCode.FILE_BROKEN, "model", f"{path}: {words}. Download the model again."
    )

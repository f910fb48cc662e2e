"""A LoRA file as it lies on the disk: looked at by its header, then loaded for one model."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open

from bridge_protocol.errors import ErrorCode, RefusedError
from engine_host.models.lora.adapter import Adapter, LayerSize, LowRank
from engine_host.models.lora.layouts import Keys, find_layer, layer_names, read_keys
from engine_host.models.lora.scaling import CONFIG_FILE, Scaling, read_scaling

SUFFIX = ".safetensors"
_FLOATS = frozenset({"F64", "F32", "F16", "BF16"})
_PICKLES = (b"PK\x03\x04", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")


@dataclass(frozen=True)
class LoraLayer:
    """One layer of a file: where its tensors are, and what their shapes say."""

    keys: Keys
    rank: int
    size: LayerSize  # of the layer it is added to


@dataclass(frozen=True, eq=False)
class LoraFile:
    """A file that was looked at. ``layers`` are by the file's own names; ``what`` names it in words."""

    path: Path
    what: str
    layers: Mapping[str, LoraLayer]
    scaling: Scaling

    @property
    def ranks(self) -> tuple[int, ...]:
        """The ranks that occur, rising."""
        return tuple(sorted({layer.rank for layer in self.layers.values()}))

    def digest(self) -> str:
        """A hash of all bytes that decide its sound: the file's, and of the configuration beside it."""
        hasher = hashlib.sha256()
        for path in (self.path, self.path.parent / CONFIG_FILE):
            if path.is_file():
                with path.open("rb") as file:
                    hasher.update(hashlib.file_digest(file, "sha256").digest())
        return hasher.hexdigest()


def find_lora(place: Path, field: str) -> Path:
    """The one safetensors file that ``place`` is, or is the folder of.

    `RefusedError`: FILE_MISSING, or FILE_BROKEN where a folder has several.
    """
    if place.is_file():
        return place
    if not place.is_dir():
        raise RefusedError(ErrorCode.FILE_MISSING, field, f"There is no file or folder {place}.")
    found = sorted(path for path in place.iterdir() if path.suffix == SUFFIX)
    if not found:
        text = f"{place} holds no {SUFFIX} file; nothing else is loaded."
        raise RefusedError(ErrorCode.FILE_MISSING, field, text)
    if len(found) > 1:
        names = ", ".join(path.name for path in found[:4])
        text = f"{place} holds several files ({names}); give the one that is meant."
        raise RefusedError(ErrorCode.FILE_BROKEN, field, text)
    return found[0]


def look_at(path: Path, what: str, field: str) -> LoraFile:
    """Reads a header, and the numbers beside it; any thread, milliseconds.

    `RefusedError` about ``field``: FILE_BROKEN (a pickle, no safetensors, halves of different rank,
    a rank other than the configuration's), CANNOT_HEAR (no plain LoRA, no floats).
    """
    with _opened(path, what, field) as file:
        keys = read_keys(file.keys(), what, field)
        scaling = read_scaling(path.parent, file.metadata() or {}, what, field)
        layers = {name: _layer(file, name, own, what, field) for name, own in keys.items()}
    for name, layer in layers.items():
        told = scaling.rank_of(name)
        if told is not None and told != layer.rank:
            text = f"{what} is of rank {layer.rank} in {name}, but {CONFIG_FILE} says {told}."
            raise RefusedError(ErrorCode.FILE_BROKEN, field, text)
    return LoraFile(path, what, layers, scaling)


def _layer(file: Any, name: str, keys: Keys, what: str, field: str) -> LoraLayer:
    shapes = []
    for key in (keys.down, keys.up):
        tensor = file.get_slice(key)
        shapes.append(tensor.get_shape())
        if tensor.get_dtype() not in _FLOATS:
            text = f"{what} holds {tensor.get_dtype()} in {name}; floats can be played."
            raise RefusedError(ErrorCode.CANNOT_HEAR, field, text)
    if keys.alpha is not None and math.prod(file.get_slice(keys.alpha).get_shape()) != 1:
        text = f"The alpha of {what} for {name} is not one number; get the file again."
        raise RefusedError(ErrorCode.FILE_BROKEN, field, text)
    down, up = shapes
    if len(down) != 2 or len(up) != 2:
        text = f"{what} acts on {name}, which is no linear layer; only those can be changed."
        raise RefusedError(ErrorCode.CANNOT_HEAR, field, text)
    if down[0] != up[1] or not down[0]:
        text = f"The halves of {what} for {name} have ranks {down[0]} and {up[1]}."
        raise RefusedError(ErrorCode.FILE_BROKEN, field, f"{text} Get the file again.")
    return LoraLayer(keys, down[0], LayerSize(inputs=down[1], outputs=up[0]))


@contextmanager
def _opened(path: Path, what: str, field: str) -> Iterator[Any]:
    """The file, never unpickled; what goes wrong inside it is FILE_BROKEN."""
    try:
        with path.open("rb") as file:
            start = file.read(4)
        if any(start.startswith(magic) for magic in _PICKLES):
            text = f"{what} is a pickle, which could run anything; ask its author for {SUFFIX}."
            raise RefusedError(ErrorCode.FILE_BROKEN, field, text)
        with safe_open(path, framework="pt") as opened:
            yield opened
    except (SafetensorError, OSError) as error:
        text = f"{what} can't be read as {SUFFIX} ({error}); get the file again."
        raise RefusedError(ErrorCode.FILE_BROKEN, field, text) from None


def fitting(
    file: LoraFile, sizes: Mapping[str, LayerSize], model: str, field: str
) -> dict[str, str]:
    """The model's layer -> the file's name of it, where every one fits the ``sizes`` of ``model``.

    `RefusedError` CANNOT_HEAR, with both sizes, where it is another model's.
    """
    names = layer_names(sizes)
    found: dict[str, str] = {}
    for name, layer in file.layers.items():
        own = find_layer(name, names)
        if own is None:
            text = f"{file.what} changes {name[:80]}, which {model} doesn't have: it is for another model."
            raise RefusedError(ErrorCode.CANNOT_HEAR, field, text)
        if layer.size != sizes[own]:
            text = f"{file.what} is for another model: in {own} it is for {layer.size}, {model} has {sizes[own]}."
            raise RefusedError(ErrorCode.CANNOT_HEAR, field, text)
        if own in found:
            text = f"{file.what} changes {own} twice; give one LoRA in each file."
            raise RefusedError(ErrorCode.FILE_BROKEN, field, text)
        found[own] = name
    return found


def load(
    file: LoraFile,
    placed: Mapping[str, str],
    like: torch.Tensor,
    name: str,
    field: str,
) -> Adapter:
    """Its tensors, by `fitting`'s ``placed``, on the device and in the dtype of ``like``. Encode thread.

    `RefusedError`: NOT_FINITE, or as `look_at` where the file has changed since.
    """
    layers = {}
    with _opened(file.path, file.what, field) as opened:
        for own, told in placed.items():
            layer = file.layers[told]
            down, up = (opened.get_tensor(key) for key in (layer.keys.down, layer.keys.up))
            scale = file.scaling.scale(told, layer.rank, _alpha(opened, layer.keys.alpha))
            up = up.to(torch.float32) * scale
            if not (bool(torch.isfinite(down).all()) and bool(torch.isfinite(up).all())):
                text = f"{file.what} has values that are no numbers in {own}; get the file again."
                raise RefusedError(ErrorCode.NOT_FINITE, field, text)
            layers[own] = LowRank(down.to(like), up.to(like))
    return Adapter(name, layers)


def _alpha(opened: Any, key: str | None) -> float | None:
    return None if key is None else float(opened.get_tensor(key))

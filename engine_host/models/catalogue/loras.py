"""LoRAs that a model is loaded for, checked against its configs before it is loaded."""

from __future__ import annotations

from dataclasses import dataclass

from bridge_protocol.errors import ErrorCode, RefusedError
from engine_host.models.catalogue.checks import Checked
from engine_host.models.catalogue.sizes import linear_sizes
from engine_host.models.lora.adapter import LayerSize
from engine_host.models.lora.file import LoraFile, fitting
from engine_host.models.lora.library import LoraLibrary

TRANSFORMER = "transformer"


@dataclass(frozen=True)
class AskedLora:
    """A LoRA of the user's library; ``field`` asks for it. ``merged``: in the weights themselves."""

    name: str
    field: str
    merged: bool = False


def check_loras(checked: Checked, model: str, asked: tuple[AskedLora, ...]) -> int:
    """How many numbers they add to the weights: their halves, and every layer that merging changes
    a second time.

    Reads headers only. RefusedError about the field: CANNOT_HEAR where the family plays none or one
    is for another ``model``, FILE_MISSING and FILE_BROKEN as the library says.
    """
    if not asked:
        return 0
    if not checked.family.plays_loras:
        words = f"{model} can't hear LoRAs; choose another model, or take them out."
        raise RefusedError(ErrorCode.CANNOT_HEAR, asked[0].field, words)
    sizes = linear_sizes(checked, TRANSFORMER)
    halves: dict[str, int] = {}
    copies: set[str] = set()
    for lora in asked:
        file = LoraLibrary().entry(lora.name, lora.field).look_at(lora.field)
        placed = fitting(file, sizes, model, lora.field)
        halves[lora.name] = _halves(file)
        copies.update(placed if lora.merged else ())
    return sum(halves.values()) + sum(_weights(sizes[name]) for name in copies)


def _halves(file: LoraFile) -> int:
    layers = file.layers.values()
    return sum(layer.rank * (layer.size.inputs + layer.size.outputs) for layer in layers)


def _weights(size: LayerSize) -> int:
    return size.inputs * size.outputs

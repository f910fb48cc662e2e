"""A LoRA as a model plays it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import nn


@dataclass(frozen=True)
class LayerSize:
    """How many values a linear layer takes and gives."""

    inputs: int
    outputs: int

    def __str__(self) -> str:
        return f"{self.inputs} in, {self.outputs} out"


@dataclass(frozen=True, eq=False)
class LowRank:
    """What is added to one layer: ``up [outputs, R] @ down [R, inputs]``; alpha / rank is in ``up``."""

    down: torch.Tensor
    up: torch.Tensor


@dataclass(frozen=True, eq=False)
class Adapter:
    """A LoRA whose every layer fits one model, by that model's names. Immutable; by identity."""

    name: str
    layers: Mapping[str, LowRank]


def linear_layers(root: nn.Module) -> dict[str, nn.Linear]:
    """The layers that a LoRA can change, by their names in ``root``."""
    return {name: part for name, part in root.named_modules() if isinstance(part, nn.Linear)}


def sizes_of(root: nn.Module) -> dict[str, LayerSize]:
    """The sizes of `linear_layers`."""
    return {
        name: LayerSize(layer.in_features, layer.out_features)
        for name, layer in linear_layers(root).items()
    }

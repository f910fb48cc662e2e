"""The trained transformer that predicts velocities, in PyTorch.

It is the class that ACE-Step uses, at a small size. Loading it imports diffusers, which takes
seconds, so only the eager path and the ONNX exporter come here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import cast

import torch
from torch import nn

from engine_host.models.house.config import HouseConfig

PREFIX = "dit."


class Flow(nn.Module):
    """``x [B, T, 64]``, ``t [B]`` (1 = noise), ``tokens [B, S, 256]``, ``context [B, T, 128]`` -> ``dx/dt [B, T, 64]``; ``T`` even."""

    def __init__(self, transformer: nn.Module) -> None:
        super().__init__()
        self.transformer = transformer

    def forward(
        self, x: torch.Tensor, t: torch.Tensor, tokens: torch.Tensor, context: torch.Tensor
    ) -> torch.Tensor:
        """The velocity; rows are independent of each other."""
        velocity: torch.Tensor = self.transformer(x, t, t, tokens, context, return_dict=False)[0]
        return velocity


def load_flow(weights: Mapping[str, torch.Tensor], config: HouseConfig) -> Flow:
    """Build the transformer and fill it from ``dit.safetensors`` (float32); every weight must fit."""
    from diffusers import AceStepTransformer1DModel  # noqa: PLC0415  (seconds; see above)

    build = cast("Callable[..., nn.Module]", AceStepTransformer1DModel)  # it has no types
    transformer = build(**config.transformer)
    own = {name.removeprefix(PREFIX): w for name, w in weights.items() if name.startswith(PREFIX)}
    transformer.load_state_dict(own)
    return Flow(transformer).eval()

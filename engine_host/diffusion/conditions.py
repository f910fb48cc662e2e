"""Several conditions for one generation: each on its own frames and its own steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

_LEAST_WEIGHT = 1e-8


@dataclass(frozen=True, eq=False)
class Weighted:
    """A condition heard with ``weight`` (a number or a curve ``[T]``) on part of the steps.

    It is active at step ``i`` of ``S`` where ``start <= i / S < stop``.
    """

    condition: object
    weight: float | Tensor = 1.0
    start: float = 0.0
    stop: float = 1.0

    def active(self, step: int, steps: int) -> bool:
        """Whether this step hears it."""
        return self.start <= step / steps < self.stop

    def curve(self, frames: int) -> Tensor:
        """The weight as a curve ``[T, 1]``, float32."""
        return torch.as_tensor(self.weight, dtype=torch.float32).expand(frames).unsqueeze(-1)


def blend(velocities: Sequence[Tensor], weights: Sequence[Tensor]) -> Tensor:
    """``sum(w_i v_i) / max(sum w_i, 1e-8)``: velocities ``[B, T, C]``, weights ``[B, T, 1]``.

    A single weight of 1 keeps the velocity's bits, and so do further weights of 0.
    """
    total, weight = weights[0] * velocities[0], weights[0]
    for w, v in zip(weights[1:], velocities[1:], strict=True):
        total, weight = total + w * v, weight + w
    return total / weight.clamp(min=_LEAST_WEIGHT)

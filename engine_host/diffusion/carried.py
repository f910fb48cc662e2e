"""What slots carry from step to step, as one batch: joined, split and indexed together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(eq=False)
class Carried:
    """Latents ``x [B, T, C]`` and what guidance remembers, of the same shape.

    ``running`` is the accumulated difference, ``negative`` the negative velocity in effect; both
    are None as long as no slot of the batch is guided. Tick thread.
    """

    x: Tensor
    running: Tensor | None = None
    negative: Tensor | None = None

    def join(self, other: Carried) -> Carried:
        """Both, ``other``'s rows last."""
        x = torch.cat([self.x, other.x])
        if self.negative is None and other.negative is None:
            return Carried(x)
        running = torch.cat([_or_zero(self.running, self.x), _or_zero(other.running, other.x)])
        negative = torch.cat([_or_zero(self.negative, self.x), _or_zero(other.negative, other.x)])
        return Carried(x, running, negative)

    def keep(self, rows: Sequence[int]) -> Carried:
        """Only these rows, in this order."""
        index = list(rows)
        if self.running is None or self.negative is None:
            return Carried(self.x[index])
        return Carried(self.x[index], self.running[index], self.negative[index])


def _or_zero(kept: Tensor | None, like: Tensor) -> Tensor:
    return torch.zeros_like(like) if kept is None else kept

"""Velocities by plain PyTorch."""

from __future__ import annotations

import torch
from torch import nn

from engine_host.accel.runner import thread_words


class EagerRunner:
    """A module ``(x, t, tokens, context) -> velocity`` run as it is; a `VelocityRunner`."""

    def __init__(self, module: nn.Module) -> None:
        self._module = module.eval()

    @property
    def words(self) -> str:
        """``torch eager cpu, n threads``."""
        return f"torch eager cpu, {thread_words(torch.get_num_threads())}"

    @torch.no_grad()
    def __call__(
        self, x: torch.Tensor, t: torch.Tensor, tokens: torch.Tensor, context: torch.Tensor
    ) -> torch.Tensor:
        """See `VelocityRunner`."""
        velocity: torch.Tensor = self._module(x, t, tokens, context)
        return velocity

"""What runs a velocity: one callable, whatever is behind it."""

from __future__ import annotations

from typing import Protocol

import torch


class VelocityRunner(Protocol):
    """One batched forward on float32 CPU tensors; called from one thread at a time."""

    @property
    def words(self) -> str:
        """The device and library in words a user knows, e.g. ``onnxruntime cpu, 2 threads``."""
        ...

    def __call__(
        self, x: torch.Tensor, t: torch.Tensor, tokens: torch.Tensor, context: torch.Tensor
    ) -> torch.Tensor:
        """``x [B, T, C]``, ``t [B]``, ``tokens [B, S, H]``, ``context [B, T, K]`` -> ``[B, T, C]``.

        Repeated calls on equal inputs give equal bits; a row's bits do not depend on the other rows'
        contents (they may depend on ``B`` and ``T``).
        """
        ...


def thread_words(threads: int) -> str:
    """``1 thread`` or ``n threads``."""
    return "1 thread" if threads == 1 else f"{threads} threads"

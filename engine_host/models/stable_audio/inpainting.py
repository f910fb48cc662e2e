"""What is kept of a source, told to the transformer frame by frame, for those rows that keep any.

The transformer adds ``to_local_embed(what is kept)`` in every block, and adds nothing only where no
row of a batch has any: zeros are not silent there. `RowwiseLocal` leaves the rows without alone, so
that no row changes by what is beside it.
"""

from __future__ import annotations

import torch
from diffusers import StableAudio3DiTModel
from torch import Tensor, nn


class RowwiseLocal(nn.Module):
    """``embed`` of all channels but the last, which says where it counts (1) and where not (0)."""

    def __init__(self, embed: nn.Module) -> None:
        super().__init__()
        self.embed = embed

    def forward(self, local: Tensor) -> Tensor:
        """``[B, T, 1 + C + 1]`` -> ``[B, T, D]``."""
        told: Tensor = self.embed(local[..., :-1])
        return told * local[..., -1:]


def make_rowwise(transformer: StableAudio3DiTModel) -> None:
    """Teaches every block of a transformer to hear `kept_frames`."""
    for block in transformer.transformer_blocks:
        block.to_local_embed = RowwiseLocal(block.to_local_embed)


def kept_frames(source: Tensor, mask: Tensor) -> Tensor:
    """One row's ``[1 + C + 1, T]``: which frames of ``source [T, C]`` are kept, and those frames.

    ``mask [T]`` is 1 where the model generates. The model knows only whole frames: one of which
    less than half is to be generated is kept.
    """
    kept = (mask < 0.5).to(source)[None]
    return torch.cat([kept, source.T * kept, torch.ones_like(kept)])


def stacked_local(rows: list[Tensor | None]) -> Tensor | None:
    """``[B, 1 + C + 1, T]``; None where no row keeps anything."""
    shape = next((row for row in rows if row is not None), None)
    if shape is None:
        return None
    return torch.stack([torch.zeros_like(shape) if row is None else row for row in rows])

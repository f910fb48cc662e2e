"""Long sound through a network that hears only so far, piece by piece, without a seam."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

Make = Callable[[int, int], Tensor]
"""What a network makes of frames ``[low, high)``: ``[(high - low) * rate, ...]``, true to rounding a
halo away from edges that are not the whole's."""


def joined(make: Make, frames: int, piece_frames: int, halo_frames: int, rate: int) -> Tensor:
    """``[frames * rate, ...]`` float32 on the CPU: what ``make`` would give of all at once, but never
    asked for more than ``piece_frames`` and a halo on each side."""
    kept = [
        make(low, high)[(start - low) * rate : (end - low) * rate].float().cpu()
        for low, start, end, high in _pieces(frames, piece_frames, halo_frames)
    ]
    return torch.cat(kept)


def _pieces(frames: int, piece_frames: int, halo: int) -> Iterator[tuple[int, int, int, int]]:
    """``(low, start, end, high)``: frames ``[start, end)``, made from ``[low, high)``."""
    for start in range(0, frames, piece_frames):
        end = min(frames, start + piece_frames)
        yield max(0, start - halo), start, end, min(frames, end + halo)

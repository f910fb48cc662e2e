"""The context that goes to the transformer beside the latent: 128 channels per frame.

Channels: 64 of the source, the mask, 8 of the grid, 42 of the roll and its flag, the level and its
flag, the spectral tilt and its flag (never given here), 8 unused. What is absent is zero.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import torch

from engine_host.models.house.roll import ROLL_WIDTH
from engine_host.models.interface import GridFrames

CONTEXT_WIDTH: Final = 128
SOURCE: Final = slice(0, 64)
MASK: Final = 64
GRID: Final = slice(65, 73)
ROLL: Final = slice(73, 73 + ROLL_WIDTH)
ROLL_PRESENT: Final = 115
LEVEL: Final = 116
LEVEL_PRESENT: Final = 117

MASK_GENERATE: Final = 1.0
MASK_COVER: Final = 0.5
REFERENCE_LEVEL_DB: Final = (
    -18.4
)  # re full scale: the loudness the training material was brought to
_LEVEL_UNIT_DB = 6.0
_LEVEL_RANGE_DB = (-8.0, 5.0)  # what was trained


def grid_channels(grid: GridFrames) -> npt.NDArray[np.float32]:
    """``[T, 8]``: sine and cosine of the phase of the beat, the bar, half a beat and four bars."""
    bar = grid.quarter_in_bar / grid.bar_quarters
    four_bars = (grid.bar_index % 4 + bar) / 4
    phases = (grid.quarter_in_bar, bar, 2 * grid.quarter_in_bar, four_bars)
    turns = 2 * np.pi * np.mod(np.stack(phases, -1), 1.0)
    waves = np.stack([np.sin(turns), np.cos(turns)], -1)
    return waves.reshape(len(turns), -1).astype(np.float32)


def level_relative_db(level_db: float) -> float:
    """A level re full scale, as the model counts it; kept within what it was trained on."""
    low, high = _LEVEL_RANGE_DB
    return min(high, max(low, level_db - REFERENCE_LEVEL_DB))


def build_context(
    grid: GridFrames,
    *,
    source: torch.Tensor | None = None,
    roll: npt.NDArray[np.float32] | None = None,
    level_db: float | None = None,
) -> torch.Tensor:
    """``[T, 128]`` float32. ``source [T, 64]`` asks for a cover of it; ``level_db`` is re -18.4 dBFS."""
    context = torch.zeros(len(grid.bpm), CONTEXT_WIDTH)
    context[:, MASK] = MASK_GENERATE if source is None else MASK_COVER
    context[:, GRID] = torch.from_numpy(grid_channels(grid))
    if source is not None:
        context[:, SOURCE] = source
    if roll is not None:
        context[:, ROLL] = torch.from_numpy(roll)
        context[:, ROLL_PRESENT] = 1
    if level_db is not None:
        context[:, LEVEL] = level_db / _LEVEL_UNIT_DB
        context[:, LEVEL_PRESENT] = 1
    return context

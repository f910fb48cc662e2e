"""One-level wavelet transform along time, for orthogonal wavelets, zeros beyond both ends.

Filters and conventions are PyWavelets' (mode ``zero``). Written as sums over the filter's taps, so
that a coefficient's bits don't depend on the batch.
"""

from __future__ import annotations

from functools import cache

import pywt
import torch
from torch import Tensor

WAVELETS = ("haar", "db4", "sym8", "db8")
"""Wavelets that the engine offers."""


@cache
def _filters(name: str) -> tuple[tuple[float, ...], ...]:
    """Low and high filter of the analysis, then of the synthesis."""
    if name not in WAVELETS:
        raise ValueError(f"wavelet: want one of {', '.join(WAVELETS)}, got {name}")
    return tuple(tuple(map(float, taps)) for taps in pywt.Wavelet(name).filter_bank)


def dwt(x: Tensor, wavelet: str) -> tuple[Tensor, Tensor]:
    """Low and high band ``[B, K, C]`` of ``x [B, T, C]``; ``K = floor((T + taps - 1) / 2)``."""
    low, high, _, _ = _filters(wavelet)
    taps = len(low)
    length = (x.shape[1] + taps - 1) // 2
    padded = torch.nn.functional.pad(x, (0, 0, taps - 2, taps))
    parts = [padded[:, taps - 1 - j :][:, : 2 * length : 2] for j in range(taps)]
    return _weighted(parts, low), _weighted(parts, high)


def idwt(low: Tensor, high: Tensor, wavelet: str, frames: int) -> Tensor:
    """The first ``frames`` frames that the two bands stand for; undoes ``dwt``."""
    _, _, from_low, from_high = _filters(wavelet)
    taps, length = len(from_low), low.shape[1]
    whole = low.new_zeros(low.shape[0], 2 * length + taps - 2, low.shape[2])
    for j in range(taps):
        whole[:, j:][:, : 2 * length : 2] += from_low[j] * low + from_high[j] * high
    return whole[:, taps - 2 : taps - 2 + frames]


def _weighted(parts: list[Tensor], weights: tuple[float, ...]) -> Tensor:
    total = weights[0] * parts[0]
    for weight, part in zip(weights[1:], parts[1:], strict=True):
        total = total + weight * part
    return total


def resample(curve: Tensor, length: int) -> Tensor:
    """A curve ``[B, T, 1]`` read at ``length`` points spread over it, linearly; constants stay."""
    frames = curve.shape[1]
    centre = (torch.arange(length, device=curve.device) + 0.5) * (frames / length) - 0.5
    centre = centre.clamp(0, frames - 1)
    left = centre.floor().long()
    right = (left + 1).clamp(max=frames - 1)
    part = (centre - left).view(1, -1, 1)
    return curve[:, left] + part * (curve[:, right] - curve[:, left])

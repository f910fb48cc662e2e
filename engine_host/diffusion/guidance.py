"""Guidance by adaptive projection: APG, "Eliminating Oversaturation ..." (arXiv 2410.02416)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

GuidanceMode = Literal["off", "full", "initialize", "self"]
"""Where the negative comes from: a forward at every step, one at step 0, the initial noise."""

MOMENTUM = -0.75
THRESHOLD = 2.5
ETA = 0.0
_TINY = 1e-12


@dataclass(frozen=True, eq=False, slots=True)
class Guidance:
    """Curves ``[B, T, 1]``: ``scale`` (1 = unguided), ``rescale`` (0 = none), ``momentum``."""

    scale: Tensor
    rescale: Tensor
    momentum: Tensor


def guide(
    wanted: Tensor,
    negative: Tensor,
    running: Tensor,
    guidance: Guidance,
    *,
    threshold: float = THRESHOLD,
    eta: float = ETA,
    axis: int = 1,
) -> tuple[Tensor, Tensor]:
    """The guided velocity and the running difference to hand to the next step.

    ``wanted``, ``negative`` and ``running`` (0 at a slot's first step) are ``[B, T, C]``. Norms and
    projection run over ``axis``: 1 is time, per channel, as the reference computes it. Sums are
    taken in one fixed order, so that a row's bits don't depend on the others. Any thread.
    """
    running = (wanted - negative) + guidance.momentum * running
    bounded = running * (threshold / norm(running, axis)).clamp(max=1.0)
    unit = wanted / norm(wanted, axis)
    parallel = fold(bounded * unit, axis) * unit
    update = bounded - parallel + eta * parallel
    guided = wanted + (guidance.scale - 1.0) * update
    return _rescaled(guided, wanted, guidance.rescale, axis), running


def _rescaled(v: Tensor, wanted: Tensor, amount: Tensor, axis: int) -> Tensor:
    """Part of the way back to the norm of the unguided velocity (arXiv 2305.08891, section 3.4)."""
    level = v * (norm(wanted, axis) / norm(v, axis))
    return amount * level + (1.0 - amount) * v


def norm(x: Tensor, axis: int) -> Tensor:
    """Euclidean length over ``axis`` (kept, of size 1), never quite 0."""
    return torch.sqrt(fold(x * x, axis)).clamp(min=_TINY)


def fold(x: Tensor, axis: int) -> Tensor:
    """Sum over ``axis`` (kept, of size 1) by halving, in an order fixed by its length alone."""
    x = x.transpose(0, axis)
    while len(x) > 1:
        half = (len(x) + 1) // 2
        folded = x[:half].clone()
        folded[: len(x) - half] += x[half:]
        x = folded
    return x.transpose(0, axis)

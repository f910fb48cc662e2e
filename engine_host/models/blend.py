"""Between two encodings: by the straight line, or along the arc."""

from __future__ import annotations

import torch
from torch import Tensor

NEARLY_PARALLEL = 1e-4


def lerp(a: Tensor, b: Tensor, amount: float) -> Tensor:
    """``(1 - amount) a + amount b``; at 0 and 1 the ends themselves, bit for bit."""
    if amount in (0.0, 1.0):
        return b if amount else a
    return (1 - amount) * a + amount * b


def slerp(a: Tensor, b: Tensor, amount: float) -> Tensor:
    """Along the arc between the last-axis vectors of ``a`` and ``b``, their length going linearly.

    Shoemake, "Animating rotation with quaternion curves" (SIGGRAPH 1985), for any dimension; where
    two vectors are (nearly) parallel or one is zero, the straight line.
    """
    if amount in (0.0, 1.0):
        return b if amount else a
    size_a, size_b = a.norm(dim=-1, keepdim=True), b.norm(dim=-1, keepdim=True)
    unit_a, unit_b = a / size_a.clamp(min=1e-12), b / size_b.clamp(min=1e-12)
    angle = torch.arccos((unit_a * unit_b).sum(-1, keepdim=True).clamp(-1, 1))
    arc = torch.sin(angle)
    direction = (
        torch.sin((1 - amount) * angle) * unit_a + torch.sin(amount * angle) * unit_b
    ) / arc
    curved = direction * ((1 - amount) * size_a + amount * size_b)
    return torch.where(arc.abs() < NEARLY_PARALLEL, lerp(a, b, amount), curved)

"""The solver's arithmetic: pure functions of tensors, one row per slot.

Shapes: ``x``, ``v``, ``x0``, ``noise``, ``source``, ``target`` are ``[B, T, C]``; times ``t`` and
``t_next`` are ``[B, 1, 1]``; curves are ``[B, T, 1]``. Float32 throughout. Flow matching as in
ACE-Step 1.5 (arXiv 2602.00744): ``x_t = t n + (1 - t) x0``, ``v = n - x0``. No function changes
its arguments, and no element of a result depends on another row or frame, so that a row's bits are
the same whatever it is batched with. Any thread.
"""

from __future__ import annotations

import torch
from torch import Tensor


def mix(noise: Tensor, clean: Tensor, amount: Tensor) -> Tensor:
    """``amount`` parts of noise, the rest clean: ``c n + (1 - c) s``; exact at 0 and at 1."""
    return amount * noise + (1.0 - amount) * clean


def clean_estimate(x: Tensor, v: Tensor, t: Tensor) -> Tensor:
    """Where the velocity points at time 0: ``x0 = x - t v``."""
    return x - t * v


def pull(x0: Tensor, target: Tensor, strength: Tensor) -> Tensor:
    """The morph: ``(1 - k) x0 + k x*``; a frame with strength 0 keeps its bits."""
    return torch.where(strength != 0.0, (1.0 - strength) * x0 + strength * target, x0)


def euler(x: Tensor, v: Tensor, t: Tensor, t_next: Tensor) -> Tensor:
    """One Euler step of the ODE: ``x + (t+ - t) v``."""
    return x + (t_next - t) * v


def euler_towards(x: Tensor, x0: Tensor, t: Tensor, t_next: Tensor) -> Tensor:
    """An Euler step with the velocity that points at an edited ``x0``; ``x0`` itself at t+ = 0.

    ``x + (t+ - t) (x - x0)/t``, written so that nothing overflows as ``t`` nears 0.
    """
    return x0 + (t_next / t) * (x - x0)


def jitter(x: Tensor, noise: Tensor, strength: Tensor, t_next: Tensor) -> Tensor:
    """ODE noise: ``x + eps * onc * t+``; a frame with strength 0 keeps its bits."""
    return torch.where(strength != 0.0, x + noise * (strength * t_next), x)


def renoise(x0: Tensor, noise: Tensor, source: Tensor, blend: Tensor, t_next: Tensor) -> Tensor:
    """One SDE step: ``t+ eps + (1 - t+) [c x0 + (1 - c) s]``, at t+ = 0 too; ``c = 1`` is plain.

    The stochastic re-noising of consistency samplers with DEMON's per-frame source blend
    (arXiv 2605.28657).
    """
    return t_next * noise + (1.0 - t_next) * (blend * x0 + (1.0 - blend) * source)


def keep_known(x: Tensor, known: Tensor, amount: Tensor) -> Tensor:
    """An inpainting mask: ``m x + (1 - m) known``; a frame with ``m = 1`` keeps its bits."""
    return torch.where(amount != 1.0, mix(x, known, amount), x)


def hold_back(
    x: Tensor, start: Tensor, noise: Tensor, source: Tensor, t: Tensor, t_next: Tensor
) -> Tensor:
    """Put frames that have not started yet back on the path from noise to source, at ``t_next``.

    ``start [B, T, 1]`` is each frame's own start, as a time; ``noise`` is the slot's initial noise.
    A frame that starts inside the step is mixed by the part of the step that lies after its start,
    so the result is continuous in ``start``. Frames with ``start >= t`` keep their bits; frames
    with ``start = 0`` end exactly as the source. The idea is Differential Diffusion (Levin and
    Fried, arXiv 2306.00950), made continuous.
    """
    joined = ((start - t_next) / (t - t_next)).clamp(0.0, 1.0)
    waiting = mix(noise, source, t_next)
    return torch.where(joined < 1.0, mix(x, waiting, joined), x)

"""One whole step, in the engine's order, out of the primitives of ``steps.py`` and ``dcw.py``.

Shapes as in ``steps.py``. The stream and the one-shot path both call this, with inputs that each
gathers in its own way. Pure: no argument is changed. Any thread.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from engine_host.diffusion.dcw import DcwInputs, correct
from engine_host.diffusion.steps import (
    clean_estimate,
    euler,
    euler_towards,
    hold_back,
    jitter,
    keep_known,
    mix,
    pull,
    renoise,
)


@dataclass(frozen=True, eq=False, slots=True)
class Mask:
    """Inpainting: ``amount [B, T, 1]`` (1 = generate), the ``original``, its fixed ``noise``."""

    amount: Tensor
    original: Tensor
    noise: Tensor


@dataclass(frozen=True, eq=False, slots=True)
class Morph:
    """``target [B, T, C]`` and ``strength [B, T, 1]``: the request's strength times its gate."""

    target: Tensor
    strength: Tensor


@dataclass(frozen=True, eq=False, slots=True)
class Stochastic:
    """Rows that take SDE steps: ``rows [B, 1, 1]`` bool, with their ``source`` and ``blend``."""

    rows: Tensor
    source: Tensor
    blend: Tensor


@dataclass(frozen=True, eq=False, slots=True)
class Hold:
    """Frames that wait for their own ``start [B, T, 1]``, between ``noise`` and ``source``."""

    start: Tensor
    noise: Tensor
    source: Tensor


@dataclass(frozen=True, eq=False, slots=True)
class DcwPart:
    """The rows of one kind of correction: their indices, or None for all; and its settings."""

    rows: Tensor | None
    inputs: DcwInputs


@dataclass(frozen=True, eq=False, slots=True)
class StepInputs:
    """What one step needs besides ``x`` and ``v``. A part that no row asks for is None.

    ``fresh`` is this step's noise ``[B, T, C]``, with any finite value in rows that use none;
    ``velocity_scale`` and ``ode_noise`` are curves ``[B, T, 1]``.
    """

    t: Tensor
    t_next: Tensor
    fresh: Tensor | None = None
    mask: Mask | None = None
    velocity_scale: Tensor | None = None
    morph: Morph | None = None
    stochastic: Stochastic | None = None
    ode_noise: Tensor | None = None
    dcw: tuple[DcwPart, ...] = ()
    hold: Hold | None = None


def enter(x: Tensor, t: Tensor, mask: Mask | None) -> Tensor:
    """``x`` as the forward sees it: where the mask keeps the original, on its path at ``t``."""
    if mask is None:
        return x
    return keep_known(x, mix(mask.noise, mask.original, t), mask.amount)


def take_step(x: Tensor, v: Tensor, step: StepInputs) -> Tensor:
    """``x`` at ``t_next`` from ``enter``'s ``x`` at ``t`` and the guided velocity there.

    In this order: velocity scale, estimate of ``x0``, mask, morph, solver step, DCW (whose clean
    estimate is that of ``v`` unscaled and unedited), held-back frames. Leaving a part None gives
    the bits that its neutral curve gives.
    """
    scaled = v if step.velocity_scale is None else v * step.velocity_scale
    x0, edited = _edit(clean_estimate(x, scaled, step.t), step)
    after = _ode(x, scaled, x0, edited, step)
    if step.stochastic is not None:
        after = _sde(after, x0, step.stochastic, step)
    for part in step.dcw:
        after = _correct(after, clean_estimate(x, v, step.t), part, step.t)
    if step.hold is None:
        return after
    hold = step.hold
    return hold_back(after, hold.start, hold.noise, hold.source, step.t, step.t_next)


def _edit(x0: Tensor, step: StepInputs) -> tuple[Tensor, Tensor | None]:
    """``x0`` with mask and morph, and the frames ``[B, T, 1]`` that they touched."""
    edited: Tensor | None = None
    if step.mask is not None:
        x0 = keep_known(x0, step.mask.original, step.mask.amount)
        edited = step.mask.amount != 1.0
    if step.morph is not None:
        x0 = pull(x0, step.morph.target, step.morph.strength)
        pulled = step.morph.strength != 0.0
        edited = pulled if edited is None else edited | pulled
    return x0, edited


def _ode(x: Tensor, v: Tensor, x0: Tensor, edited: Tensor | None, step: StepInputs) -> Tensor:
    after = euler(x, v, step.t, step.t_next)
    if edited is not None:
        after = torch.where(edited, euler_towards(x, x0, step.t, step.t_next), after)
    if step.ode_noise is not None and step.fresh is not None:
        after = jitter(after, step.fresh, step.ode_noise, step.t_next)
    return after


def _sde(after: Tensor, x0: Tensor, sde: Stochastic, step: StepInputs) -> Tensor:
    noise = torch.zeros_like(x0) if step.fresh is None else step.fresh
    if step.mask is not None:
        noise = keep_known(noise, step.mask.noise, step.mask.amount)
    stepped = renoise(x0, noise, sde.source, sde.blend, step.t_next)
    return torch.where(sde.rows, stepped, after)


def _correct(after: Tensor, y: Tensor, part: DcwPart, t: Tensor) -> Tensor:
    if part.rows is None:
        return correct(after, y, t, part.inputs)
    rows = part.rows
    return after.index_copy(0, rows, correct(after[rows], y[rows], t[rows], part.inputs))

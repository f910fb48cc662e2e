"""What a batch's step needs, stacked over its slots: once per membership, once per curve change."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from engine_host.diffusion.slot import Slot
from engine_host.diffusion.step_state import StepState


@dataclass(frozen=True, eq=False)
class Fixed:
    """What stays the same while the same slots are in a batch of ``B``.

    ``times [B, longest + 1]`` and ``gates [B, longest]``, 0 beyond a slot's own steps; the rest is
    None where no slot has it: ``sde_rows [B, 1, 1]`` bool, ``source``, ``target`` and ``initial``
    ``[B, T, C]``, ``starts [B, T, 1]`` (infinite where denoise is not a curve).
    """

    times: Tensor
    gates: Tensor
    sde_rows: Tensor | None
    source: Tensor | None
    target: Tensor | None
    initial: Tensor | None
    starts: Tensor | None


def stack_fixed(slots: Sequence[Slot]) -> Fixed:
    """Stack the slots' constants, on the device of their noise."""
    like = slots[0].noise
    holds = any(slot.plan.frame_starts is not None for slot in slots)
    stochastic = any(slot.request.solver == "sde" for slot in slots)
    morphs = any(slot.request.target is not None for slot in slots)
    return Fixed(
        times=_table([slot.plan.times for slot in slots], like),
        gates=_table([_gates(slot) for slot in slots], like),
        sde_rows=_sde_rows(slots, like) if stochastic else None,
        source=_stack([slot.source for slot in slots], like) if holds or stochastic else None,
        target=_stack([slot.request.target for slot in slots], like) if morphs else None,
        initial=torch.stack([slot.noise for slot in slots]) if holds else None,
        starts=torch.stack([_starts(slot) for slot in slots]).to(like) if holds else None,
    )


@dataclass(frozen=True, eq=False)
class Curves:
    """The slots' step states, ``[B, T, 1]`` each; None where the neutral value holds everywhere."""

    sde_blend: Tensor | None
    morph: Tensor | None
    velocity: Tensor | None
    ode_noise: Tensor | None


def stack_curves(slots: Sequence[Slot], states: Sequence[StepState]) -> Curves:
    """Stack the step states; a slot without a source keeps an SDE blend of 1."""
    like = slots[0].noise
    blends = any(slot.request.solver == "sde" for slot in slots)

    def curve(wanted: bool, read: Callable[[StepState], Tensor]) -> Tensor | None:
        return (
            torch.stack([read(state) for state in states]).to(like)[..., None] if wanted else None
        )

    return Curves(
        sde_blend=_blend(slots, states) if blends else None,
        morph=curve(any(state.morphs for state in states), lambda state: state.morph),
        velocity=curve(any(s.scales_velocity for s in states), lambda state: state.velocity),
        ode_noise=curve(any(state.adds_noise for state in states), lambda state: state.ode_noise),
    )


def _blend(slots: Sequence[Slot], states: Sequence[StepState]) -> Tensor:
    rows = [
        torch.ones_like(state.sde_blend) if slot.source is None else state.sde_blend
        for slot, state in zip(slots, states, strict=True)
    ]
    return torch.stack(rows).to(slots[0].noise)[..., None]


def _gates(slot: Slot) -> Tensor:
    """A slot without a target never morphs."""
    return slot.plan.gates if slot.request.target is not None else slot.plan.gates * 0.0


def _starts(slot: Slot) -> Tensor:
    if slot.plan.frame_starts is not None:
        return slot.plan.frame_starts.unsqueeze(-1)
    return torch.full((slot.request.frames, 1), torch.inf)


def _sde_rows(slots: Sequence[Slot], like: Tensor) -> Tensor:
    rows = torch.tensor([slot.request.solver == "sde" for slot in slots])
    return rows.view(-1, 1, 1).to(like.device)


def _stack(latents: Sequence[Tensor | None], like: Tensor) -> Tensor:
    zero = torch.zeros_like(like)
    return torch.stack([zero if latent is None else latent.to(like) for latent in latents])


def _table(rows: Sequence[Tensor], like: Tensor) -> Tensor:
    return torch.nn.utils.rnn.pad_sequence(list(rows), batch_first=True).to(like)

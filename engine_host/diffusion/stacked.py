"""What a batch's step needs, stacked over its slots: once per membership, once per curve change."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from engine_host.diffusion import guidance
from engine_host.diffusion.dcw import Dcw, DcwInputs, DcwKind, Faders
from engine_host.diffusion.guidance import Guidance
from engine_host.diffusion.slot import Slot
from engine_host.diffusion.solver import DcwPart, Hold, Mask
from engine_host.diffusion.step_state import StepState


@dataclass(frozen=True, eq=False)
class Fixed:
    """What stays the same while the same slots are in a batch of ``B``.

    ``times [B, longest + 1]`` and ``gates [B, longest]``, 0 beyond a slot's own steps; the rest is
    None where no slot has it: ``sde_rows`` and ``guided_rows [B, 1, 1]`` bool, ``source`` and
    ``target [B, T, C]``, the mask, and the held-back frames (a start that is infinite holds none).
    """

    times: Tensor
    gates: Tensor
    sde_rows: Tensor | None
    guided_rows: Tensor | None
    source: Tensor | None
    target: Tensor | None
    mask: Mask | None
    hold: Hold | None


def stack_fixed(slots: Sequence[Slot]) -> Fixed:
    """Stack the slots' constants, on the device of their noise."""
    like = slots[0].noise
    sde_rows = _rows([slot.request.solver == "sde" for slot in slots], like)
    targets = [slot.request.target for slot in slots]
    return Fixed(
        times=_table([slot.plan.times for slot in slots], like),
        gates=_table([_gates(slot) for slot in slots], like),
        sde_rows=sde_rows,
        guided_rows=_rows([slot.request.guidance != "off" for slot in slots], like),
        source=None if sde_rows is None else _latents([slot.source for slot in slots], like),
        target=_latents(targets, like) if any(t is not None for t in targets) else None,
        mask=_mask(slots, like) if any(slot.mask_noise is not None for slot in slots) else None,
        hold=_hold(slots, like)
        if any(slot.plan.frame_starts is not None for slot in slots)
        else None,
    )


@dataclass(frozen=True, eq=False)
class Curves:
    """The slots' step states, curves as ``[B, T, 1]``; None where the neutral value holds everywhere.

    ``gain`` is ``[B, T, C]``; ``adapters [B, P, T]`` has the most places that any slot has; ``dcw``
    has one part for each kind of correction in the batch.
    """

    sde_blend: Tensor | None
    morph: Tensor | None
    velocity: Tensor | None
    ode_noise: Tensor | None
    guidance: Guidance | None
    gain: Tensor | None
    adapters: Tensor | None
    dcw: tuple[DcwPart, ...]


def stack_curves(slots: Sequence[Slot], states: Sequence[StepState]) -> Curves:
    """Stack the step states; a slot without a source keeps an SDE blend of 1."""
    like = slots[0].noise

    def curve(wanted: bool, read: Callable[[StepState], Tensor]) -> Tensor | None:
        return _curve([read(state) for state in states], like) if wanted else None

    return Curves(
        sde_blend=_blend(slots, states, like),
        morph=curve(any(s.morphs for s in states), lambda s: s.morph),
        velocity=curve(any(s.scales_velocity for s in states), lambda s: s.velocity),
        ode_noise=curve(any(s.adds_noise for s in states), lambda s: s.ode_noise),
        guidance=_guidance(slots, states, like),
        gain=_gain(states, like),
        adapters=_adapters([state.adapters for state in states], like),
        dcw=_dcw([state.dcw for state in states], like),
    )


def _blend(slots: Sequence[Slot], states: Sequence[StepState], like: Tensor) -> Tensor | None:
    if all(slot.request.solver == "ode" for slot in slots):
        return None
    blends = [
        torch.ones_like(state.sde_blend) if slot.source is None else state.sde_blend
        for slot, state in zip(slots, states, strict=True)
    ]
    return _curve(blends, like)


def _guidance(slots: Sequence[Slot], states: Sequence[StepState], like: Tensor) -> Guidance | None:
    if all(slot.request.guidance == "off" for slot in slots):
        return None
    return Guidance(
        scale=_curve([_or(s.guidance, 1.0, s) for s in states], like),
        rescale=_curve([_or(s.guidance_rescale, 0.0, s) for s in states], like),
        momentum=_curve([_or(s.apg_momentum, guidance.MOMENTUM, s) for s in states], like),
    )


def _gain(states: Sequence[StepState], like: Tensor) -> Tensor | None:
    if all(state.channel_gain is None for state in states):
        return None
    gains = [torch.ones(()) if s.channel_gain is None else s.channel_gain for s in states]
    return torch.stack([gain.to(like).expand_as(like) for gain in gains])


def _adapters(strengths: Sequence[Tensor | None], like: Tensor) -> Tensor | None:
    """A slot without an adapter in a place has strength 0 there."""
    places = max((0 if s is None else len(s) for s in strengths), default=0)
    if places == 0:
        return None
    stacked = like.new_zeros(len(strengths), places, len(like))
    for row, own in enumerate(strengths):
        if own is not None:
            stacked[row, : len(own)] = own.to(like)
    return stacked


def _dcw(settings: Sequence[Dcw | None], like: Tensor) -> tuple[DcwPart, ...]:
    """One part for each kind; a kind that has every row needs no indices."""
    kinds: dict[DcwKind, list[int]] = {}
    for row, dcw in enumerate(settings):
        if dcw is not None:
            kinds.setdefault(dcw.kind, []).append(row)
    return tuple(
        DcwPart(
            rows=None if len(rows) == len(settings) else torch.tensor(rows, device=like.device),
            inputs=stack_dcw([dcw for dcw in settings if dcw and dcw.kind == kind], like),
        )
        for kind, rows in kinds.items()
    )


def stack_dcw(settings: Sequence[Dcw], like: Tensor) -> DcwInputs:
    """Settings of one kind, stacked; ``like [T, C]`` says length and device."""
    frames = len(like)

    def curve(value: float | Tensor) -> Tensor:
        return torch.as_tensor(value, dtype=torch.float32).expand(frames)

    faders = None
    if any(any(dcw.faders) for dcw in settings):
        columns = zip(*(dcw.faders for dcw in settings), strict=True)
        faders = Faders(*(torch.tensor(c).to(like).view(-1, 1, 1) for c in columns))
    return DcwInputs(
        kind=settings[0].kind,
        scale=_curve([curve(dcw.scale) for dcw in settings], like),
        high_scale=_curve([curve(dcw.high_scale) for dcw in settings], like),
        faders=faders,
    )


def _mask(slots: Sequence[Slot], like: Tensor) -> Mask:
    """A slot without a mask generates everywhere."""
    amounts = [slot.request.mask for slot in slots]
    ones = torch.ones(len(like))
    masked = [slot.request.kept if slot.mask_noise is not None else None for slot in slots]
    return Mask(
        amount=_curve([ones if amount is None else amount for amount in amounts], like),
        original=_latents(masked, like),
        noise=_latents([slot.mask_noise for slot in slots], like),
    )


def _hold(slots: Sequence[Slot], like: Tensor) -> Hold:
    free = torch.full((len(like),), torch.inf)
    starts = [slot.plan.frame_starts for slot in slots]
    return Hold(
        start=_curve([free if start is None else start for start in starts], like),
        noise=torch.stack([slot.noise for slot in slots]),
        source=_latents([slot.source for slot in slots], like),
    )


def _gates(slot: Slot) -> Tensor:
    """A slot without a target never morphs."""
    return slot.plan.gates if slot.request.target is not None else slot.plan.gates * 0.0


def _or(curve: Tensor | None, neutral: float, state: StepState) -> Tensor:
    return torch.full((state.frames,), neutral) if curve is None else curve


def _rows(flags: Sequence[bool], like: Tensor) -> Tensor | None:
    return torch.tensor(flags).view(-1, 1, 1).to(like.device) if any(flags) else None


def _curve(rows: Sequence[Tensor], like: Tensor) -> Tensor:
    return torch.stack([row.to(like) for row in rows]).unsqueeze(-1)


def _latents(latents: Sequence[Tensor | None], like: Tensor) -> Tensor:
    zero = torch.zeros_like(like)
    return torch.stack([zero if latent is None else latent.to(like) for latent in latents])


def _table(rows: Sequence[Tensor], like: Tensor) -> Tensor:
    return torch.nn.utils.rnn.pad_sequence(list(rows), batch_first=True).to(like)

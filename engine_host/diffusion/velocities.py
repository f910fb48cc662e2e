"""One tick's forwards: every slot's conditions and negatives as rows of the same batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from engine_host.diffusion.conditions import Weighted, blend
from engine_host.diffusion.forward import Rows, VelocityFn, forward
from engine_host.diffusion.slot import Slot


@dataclass(frozen=True, eq=False, slots=True)
class Negatives:
    """Negative velocities ``v [N, T, C]`` of the slots at ``rows``."""

    rows: list[int]
    v: Tensor


@dataclass(frozen=True, eq=False, slots=True)
class Velocities:
    """``wanted [B, T, C]`` from the conditions, fresh negatives, forwards run, slots lost."""

    wanted: Tensor
    negatives: Negatives
    calls: int
    errors: dict[int, Exception]


Layer = list[tuple[int, Weighted]]
"""At most one condition of each slot: ``(row of the slot, condition)``."""


def velocities(
    model: VelocityFn,
    slots: Sequence[Slot],
    x: Tensor,
    t: Tensor,
    bucket: int,
    strengths: Tensor | None = None,
) -> Velocities:
    """Run every forward that this step of the ``slots`` needs, in batches of ``bucket`` rows.

    ``x [B, T, C]`` is the model's input, ``t [B]``. ``strengths [B, P, T]`` are those of the slots'
    adapters, which every condition and negative of a slot shares; None where no slot has any.
    A slot is lost when one of its forwards raises.
    """
    layers = _layers(slots)
    negatives = [row for row, s in enumerate(slots) if s.request.runs_negative(s.step)]
    rows = [row for layer in layers for row, _ in layer] + negatives
    heard: list[object] = [part.condition for layer in layers for _, part in layer]
    heard += [slots[row].request.negative for row in negatives]
    plain = rows == list(range(len(slots)))
    picked = slice(None) if plain else rows
    own = None if strengths is None else strengths[picked]
    done = forward(model, Rows(x[picked], t[picked], heard, own), bucket)
    errors: dict[int, Exception] = {}
    for job, error in done.errors.items():
        errors.setdefault(rows[job], error)
    single = plain and not any(slot.request.conditions for slot in slots)
    wanted = done.velocity if single else _blend(layers, done.velocity, x)
    fresh = Negatives(negatives, done.velocity[len(rows) - len(negatives) :])
    return Velocities(wanted, fresh, done.calls, dict(sorted(errors.items())))


def _layers(slots: Sequence[Slot]) -> list[Layer]:
    """The slots' active conditions, first ones first: as many layers as the most that a slot has."""
    active = [
        [part for part in slot.request.parts if part.active(slot.step, slot.plan.steps)]
        for slot in slots
    ]
    depth = max(1, *(len(parts) for parts in active))
    return [
        [(row, parts[layer]) for row, parts in enumerate(active) if layer < len(parts)]
        for layer in range(depth)
    ]


def _blend(layers: Sequence[Layer], v: Tensor, like: Tensor) -> Tensor:
    """Weigh the layers; a slot that is missing in one has weight 0 there."""
    spread, weights = [], []
    first = 0
    for layer in layers:
        rows = [row for row, _ in layer]
        spread.append(torch.zeros_like(like))
        spread[-1][rows] = v[first : first + len(rows)]
        weights.append(like.new_zeros(*like.shape[:2], 1))
        for row, part in layer:
            weights[-1][row] = part.curve(like.shape[1])
        first += len(rows)
    return blend(spread, weights)

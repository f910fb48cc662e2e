"""The slots of one length, stepped together as a few tensor operations."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import torch
from torch import Tensor

from engine_host.diffusion import noise
from engine_host.diffusion.forward import Forwarded, Rows, VelocityFn, forward
from engine_host.diffusion.slot import Slot
from engine_host.diffusion.stacked import Curves, Fixed, stack_curves, stack_fixed
from engine_host.diffusion.step_state import StepState
from engine_host.diffusion.steps import Hold, Morph, StepInputs, Stochastic, take_step


class Batch:
    """Latents ``x [B, T, C]`` of slots of one ``T``, with their step inputs kept stacked.

    Constants are stacked again only when a slot joins or leaves, curves only when some slot's
    step state was replaced. Nothing here waits for the device. Tick thread.
    """

    def __init__(self) -> None:
        self.slots: list[Slot] = []
        self._x: Tensor | None = None
        self._fixed: Fixed | None = None
        self._steps: Tensor | None = None
        self._curves: Curves | None = None
        self._read: list[StepState] = []

    @property
    def x(self) -> Tensor:
        """The latents; IndexError while the batch has never had a slot."""
        if self._x is None:
            raise IndexError("an empty batch has no latents")
        return self._x

    def add(self, slot: Slot, latent: Tensor) -> None:
        """Let a slot join, with its latent ``[T, C]``."""
        row = latent.unsqueeze(0)
        self._x = row if self._x is None else torch.cat([self._x, row])
        self.slots.append(slot)
        self._forget()

    def remove(self, rows: Collection[int]) -> list[Slot]:
        """Let the slots at ``rows`` leave; they are handed back in order."""
        if not rows:
            return []
        gone = [slot for row, slot in enumerate(self.slots) if row in rows]
        kept = [row for row in range(len(self.slots)) if row not in rows]
        self.slots = [self.slots[row] for row in kept]
        self._x = self.x[kept]
        self._forget()
        return gone

    def velocity(self, velocity: VelocityFn, rows: int) -> Forwarded:
        """The forward of all slots, each at its own time and with its own condition."""
        t = self._column(self._constants().times, 0).view(-1)
        conditions = [slot.request.condition for slot in self.slots]
        return forward(velocity, Rows(self.x, t, conditions), rows)

    def advance(self, v: Tensor) -> None:
        """Take one solver step in every slot with the velocities ``v [B, T, C]``."""
        states = [slot.request.step_cell.current for slot in self.slots]
        self._x = take_step(self.x, v, self._inputs(states))
        self._steps = None if self._steps is None else self._steps + 1
        for slot, state in zip(self.slots, states, strict=True):
            slot.read(state)
            slot.step += 1

    def _forget(self) -> None:
        self._fixed = None
        self._steps = None
        self._read = []

    def _constants(self) -> Fixed:
        if self._fixed is None:
            self._fixed = stack_fixed(self.slots)
        return self._fixed

    def _curves_of(self, states: Sequence[StepState]) -> Curves:
        same = len(states) == len(self._read) and all(map(_is, states, self._read))
        if self._curves is None or not same:
            self._curves = stack_curves(self.slots, states)
            self._read = list(states)
        return self._curves

    def _column(self, table: Tensor, ahead: int) -> Tensor:
        """Each slot's own entry of ``table [B, steps]``, as ``[B, 1, 1]``.

        The steps are counted on the device: nothing is sent there while the same slots run.
        """
        if self._steps is None:
            steps = torch.tensor([slot.step for slot in self.slots])
            self._steps = steps.to(table.device).unsqueeze(1)
        return table.gather(1, self._steps + ahead).unsqueeze(2)

    def _inputs(self, states: Sequence[StepState]) -> StepInputs:
        fixed, curves = self._constants(), self._curves_of(states)
        fresh = self._fresh(states)
        return StepInputs(
            t=self._column(fixed.times, 0),
            t_next=self._column(fixed.times, 1),
            fresh=fresh,
            velocity_scale=curves.velocity,
            morph=self._morph(fixed, curves),
            stochastic=_stochastic(fixed, curves),
            ode_noise=None if fresh is None else curves.ode_noise,
            hold=_hold(fixed),
        )

    def _fresh(self, states: Sequence[StepState]) -> Tensor | None:
        """This step's noise in the rows that use any; None where no row does."""
        noisy = [
            (row, slot)
            for row, (slot, state) in enumerate(zip(self.slots, states, strict=True))
            if slot.needs_noise(state)
        ]
        if not noisy:
            return None
        keys = [slot.request.key for _, slot in noisy]
        steps = [noise.FIRST_SOLVER_STEP + slot.step for _, slot in noisy]
        frames, channels = self.x.shape[1:]
        drawn = noise.normal(keys, steps, frames, channels, self.x.device)
        if len(noisy) == len(self.slots):
            return drawn
        fresh = torch.zeros_like(self.x)
        fresh[[row for row, _ in noisy]] = drawn
        return fresh

    def _morph(self, fixed: Fixed, curves: Curves) -> Morph | None:
        if fixed.target is None or curves.morph is None:
            return None
        return Morph(fixed.target, curves.morph * self._column(fixed.gates, 0))


def _is(one: StepState, other: StepState) -> bool:
    return one is other


def _stochastic(fixed: Fixed, curves: Curves) -> Stochastic | None:
    if fixed.sde_rows is None or fixed.source is None or curves.sde_blend is None:
        return None
    return Stochastic(fixed.sde_rows, fixed.source, curves.sde_blend)


def _hold(fixed: Fixed) -> Hold | None:
    if fixed.starts is None or fixed.initial is None or fixed.source is None:
        return None
    return Hold(fixed.starts, fixed.initial, fixed.source)

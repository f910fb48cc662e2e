"""The slots of one length, stepped together as a few tensor operations."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from engine_host.diffusion import noise
from engine_host.diffusion.carried import Carried
from engine_host.diffusion.forward import VelocityFn
from engine_host.diffusion.guidance import guide
from engine_host.diffusion.slot import Slot
from engine_host.diffusion.solver import Morph, StepInputs, Stochastic, enter, take_step
from engine_host.diffusion.stacked import Curves, Fixed, stack_curves, stack_fixed
from engine_host.diffusion.step_state import StepState
from engine_host.diffusion.velocities import Negatives, velocities


@dataclass(frozen=True, eq=False, slots=True)
class BatchTick:
    """Forwards run, slots that ended with an error, slots that ended with their latents."""

    forwards: int
    failed: list[tuple[Slot, Exception]]
    finished: list[tuple[Slot, Tensor]]


class Batch:
    """Slots of one ``T`` in flight, with what they carry and their step inputs kept stacked.

    Constants are stacked again only when a slot joins or leaves, curves only when some slot's
    step state was replaced. Nothing here waits for the device. Tick thread.
    """

    def __init__(self) -> None:
        self.slots: list[Slot] = []
        self._carried: Carried | None = None
        self._fixed: Fixed | None = None
        self._steps: Tensor | None = None
        self._curves: Curves | None = None
        self._read: list[StepState] = []

    def add(self, slot: Slot, latent: Tensor) -> None:
        """Let a slot join, with its first latent ``[T, C]``."""
        row = Carried(latent.unsqueeze(0))
        if slot.request.guidance != "off":
            own = slot.request.guidance == "self"
            negative = slot.noise if own else torch.zeros_like(slot.noise)
            row = Carried(row.x, torch.zeros_like(row.x), negative.unsqueeze(0))
        self._carried = row if self._carried is None else self._carried.join(row)
        self.slots.append(slot)
        self._forget()

    def remove(self, rows: Collection[int]) -> list[Slot]:
        """Let the slots at ``rows`` leave; they are handed back in order."""
        if not rows or self._carried is None:
            return []
        gone = [slot for row, slot in enumerate(self.slots) if row in rows]
        kept = [row for row in range(len(self.slots)) if row not in rows]
        self.slots = [self.slots[row] for row in kept]
        self._carried = self._carried.keep(kept)
        self._forget()
        return gone

    def tick(self, model: VelocityFn, bucket: int) -> BatchTick:
        """Every slot's forward, at its own time, and its solver step.

        Slots whose own forward raised leave before the step, those that are done after it.
        """
        states = [slot.request.step_cell.current for slot in self.slots]
        carried, t = self._enter(), self._column(self._constants().times, 0).view(-1)
        curves = self._curves_of(states)
        heard = carried.x if curves.gain is None else carried.x * curves.gain
        got = velocities(model, self.slots, heard, t, bucket, curves.adapters)
        self._remember(got.negatives)
        failed = list(zip(self.remove(got.errors), got.errors.values(), strict=True))
        kept = [row for row in range(len(states)) if row not in got.errors]
        if kept:
            wanted = got.wanted[kept] if failed else got.wanted
            self._advance(wanted, [states[row] for row in kept])
        return BatchTick(got.calls, failed, self._finish())

    def _enter(self) -> Carried:
        """What the slots carry, the latents as the mask lets the forward see them."""
        if self._carried is None:
            raise IndexError("an empty batch carries nothing")
        fixed = self._constants()
        self._carried.x = enter(self._carried.x, self._column(fixed.times, 0), fixed.mask)
        return self._carried

    def _remember(self, fresh: Negatives) -> None:
        if self._carried is not None and self._carried.negative is not None and fresh.rows:
            negative = self._carried.negative.clone()
            negative[fresh.rows] = fresh.v
            self._carried.negative = negative

    def _advance(self, wanted: Tensor, states: Sequence[StepState]) -> None:
        if self._carried is None:
            return
        v = self._guided(wanted, self._carried, states)
        self._carried.x = take_step(self._carried.x, v, self._inputs(self._carried.x, states))
        self._steps = None if self._steps is None else self._steps + 1
        for slot, state in zip(self.slots, states, strict=True):
            slot.read(state)
            slot.step += 1

    def _guided(self, wanted: Tensor, carried: Carried, states: Sequence[StepState]) -> Tensor:
        """Guided velocities in the rows that are guided; the others keep their bits."""
        rows, curves = self._constants().guided_rows, self._curves_of(states).guidance
        if rows is None or curves is None or carried.running is None or carried.negative is None:
            return wanted
        v, carried.running = guide(wanted, carried.negative, carried.running, curves)
        return torch.where(rows, v, wanted)

    def _finish(self) -> list[tuple[Slot, Tensor]]:
        rows = [row for row, slot in enumerate(self.slots) if slot.done]
        if not rows or self._carried is None:
            return []
        latents = [self._carried.x[row].clone() for row in rows]
        return list(zip(self.remove(rows), latents, strict=True))

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

    def _inputs(self, x: Tensor, states: Sequence[StepState]) -> StepInputs:
        fixed, curves = self._constants(), self._curves_of(states)
        fresh = self._fresh(x, states)
        return StepInputs(
            t=self._column(fixed.times, 0),
            t_next=self._column(fixed.times, 1),
            fresh=fresh,
            mask=fixed.mask,
            velocity_scale=curves.velocity,
            morph=self._morph(fixed, curves),
            stochastic=_stochastic(fixed, curves),
            ode_noise=None if fresh is None else curves.ode_noise,
            dcw=curves.dcw,
            hold=fixed.hold,
        )

    def _fresh(self, x: Tensor, states: Sequence[StepState]) -> Tensor | None:
        """This step's noise in the rows that use any; None where no row does."""
        pairs = enumerate(zip(self.slots, states, strict=True))
        rows = [row for row, (slot, state) in pairs if slot.needs_noise(state)]
        if not rows:
            return None
        keys = [self.slots[row].request.key for row in rows]
        steps = [noise.FIRST_SOLVER_STEP + self.slots[row].step for row in rows]
        drawn = noise.normal(keys, steps, x.shape[1], x.shape[2], x.device)
        if len(rows) == len(self.slots):
            return drawn
        fresh = torch.zeros_like(x)
        fresh[rows] = drawn
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

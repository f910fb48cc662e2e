"""One generation in flight."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from engine_host.diffusion import noise
from engine_host.diffusion.plan import Plan, birth_latent
from engine_host.diffusion.request import Request
from engine_host.diffusion.step_state import StepState


@dataclass(eq=False)
class Slot:
    """A request with its schedule, its place in it and what it was born with. Tick thread.

    ``noise`` and ``source`` are ``[T, C]`` on the ring's device; ``number`` counts births.
    ``first_revision`` and ``last_revision`` are those of the step states read so far.
    """

    request: Request
    plan: Plan
    number: int
    born_tick: int
    noise: Tensor
    source: Tensor | None
    step: int = 0
    first_revision: int = 0
    last_revision: int = 0

    @property
    def done(self) -> bool:
        """Whether the last step has been taken."""
        return self.step >= self.plan.steps

    def needs_noise(self, state: StepState) -> bool:
        """Whether this step's fresh noise is multiplied by anything but 0; the last one's is."""
        last = self.step + 1 >= self.plan.steps
        return not last and (self.request.solver == "sde" or state.adds_noise)

    def read(self, state: StepState) -> None:
        """Note which step state the coming step uses."""
        if self.step == 0:
            self.first_revision = state.revision
        self.last_revision = state.revision


def open_slot(
    request: Request,
    plan: Plan,
    *,
    channels: int,
    number: int,
    tick: int,
    device: torch.device,
) -> tuple[Slot, Tensor]:
    """A new slot and its first latent ``[T, C]``.

    Raises ValueError when the request's latents have another number of channels.
    """
    if request.channels not in (None, channels):
        raise ValueError(f"source, target: want {channels} channels, got {request.channels}")
    step = noise.INITIAL_STEP
    initial = noise.normal([request.key], step, request.frames, channels, device)[0]
    source = None if request.source is None else request.source.to(initial)
    slot = Slot(request, plan, number, tick, initial, source)
    return slot, birth_latent(request, plan, initial)

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

    ``noise``, ``source`` and ``mask_noise`` (where there is a mask) are ``[T, C]`` on the ring's
    device; ``number`` counts births.
    ``first_revision`` and ``last_revision`` are those of the step states read so far.
    """

    request: Request
    plan: Plan
    number: int
    born_tick: int
    noise: Tensor
    source: Tensor | None
    mask_noise: Tensor | None
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

    Raises ValueError when the request's latents or its gain have another number of channels.
    """
    if request.channels not in (None, channels):
        raise ValueError(
            f"source, target, original: want {channels} channels, got {request.channels}"
        )
    request.step_cell.fit(channels)
    size = request.frames, channels, device
    initial = noise.normal([request.key], noise.INITIAL_STEP, *size)[0]
    source = None if request.source is None else request.source.to(initial)
    fixed = None
    if request.mask is not None:
        fixed = noise.normal([request.key], noise.MASK_STEP, *size)[0]
    slot = Slot(request, plan, number, tick, initial, source, fixed)
    return slot, birth_latent(request, plan, initial)

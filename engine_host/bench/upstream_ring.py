"""The upstream ring, as its recorded timing shows it: the rival that ours is measured against.

Requests wait in a queue as long as the ring is deep, the oldest falling out when it is full; one
slot is filled a tick; a slot that has run its last step is handed out at the start of the next
tick. A model of DEMON's published engine (arXiv 2605.28657) made from `tests/data/ring.json`, not
its code; its solver step is a bare Euler step, which costs less than a whole one.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import torch
from torch import Tensor

from engine_host.diffusion.forward import VelocityFn
from engine_host.diffusion.plan import make_plan
from engine_host.diffusion.request import Request
from engine_host.diffusion.steps import euler


@dataclass(eq=False)
class _Slot:
    request: Request
    times: Tensor
    x: Tensor
    step: int = 0
    last_step_tick: int = 0

    @property
    def done(self) -> bool:
        return self.step + 1 == len(self.times)


@dataclass(frozen=True, eq=False)
class HandedOut:
    """A generation with the tick that ran its last step: one before the tick that hands it out."""

    request: Request
    latents: Tensor
    last_step_tick: int


@dataclass(frozen=True, eq=False)
class UpstreamTick:
    """What one tick did, as tags and generations."""

    tick: int
    births: tuple[object, ...]
    handed_out: tuple[HandedOut, ...]


class UpstreamRing:
    """See the module. Generations from noise without guidance, all of the same length."""

    def __init__(self, velocity: VelocityFn, *, channels: int, depth: int) -> None:
        self._velocity = velocity
        self._channels = channels
        self._queue: deque[Request] = deque(maxlen=depth)
        self._slots: list[_Slot | None] = [None] * depth
        self._tick = 0

    def submit(self, request: Request) -> None:
        """Queue a request; the oldest one is lost where the queue is full."""
        self._queue.append(request)

    @torch.no_grad()
    def tick(self) -> UpstreamTick:
        """Hand out, fill one slot, one forward of every slot in flight. The first tick is 0."""
        handed_out = self._hand_out()
        births = self._fill_one()
        active = [slot for slot in self._slots if slot is not None]
        if active:
            self._step(active)
        self._tick += 1
        return UpstreamTick(self._tick - 1, births, handed_out)

    def _hand_out(self) -> tuple[HandedOut, ...]:
        done = [slot for slot in self._slots if slot is not None and slot.done]
        self._slots = [None if slot in done else slot for slot in self._slots]
        return tuple(HandedOut(slot.request, slot.x, slot.last_step_tick) for slot in done)

    def _fill_one(self) -> tuple[object, ...]:
        if not self._queue or None not in self._slots:
            return ()
        request = self._queue.popleft()
        seed = request.key.seed + request.key.generation
        generator = torch.Generator().manual_seed(seed)
        x = torch.randn(request.frames, self._channels, generator=generator)
        self._slots[self._slots.index(None)] = _Slot(request, make_plan(request).times, x)
        return (request.tag,)

    def _step(self, active: list[_Slot]) -> None:
        x = torch.stack([slot.x for slot in active])
        t, t_next = (
            torch.stack([slot.times[slot.step + ahead] for slot in active]) for ahead in (0, 1)
        )
        v = self._velocity(x, t, [slot.request.condition for slot in active])
        stepped = euler(x, v, t.view(-1, 1, 1), t_next.view(-1, 1, 1))
        for slot, latent in zip(active, stepped, strict=True):
            slot.x = latent
            slot.step += 1
            slot.last_step_tick = self._tick

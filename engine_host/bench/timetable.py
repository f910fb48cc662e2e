"""What a ring's clockwork promises, in ticks: measured by running it with a velocity of no cost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from engine_host.bench.upstream_ring import UpstreamRing
from engine_host.diffusion.mailbox import Mailbox
from engine_host.diffusion.noise import NoiseKey
from engine_host.diffusion.request import Request, StepCell, StepState
from engine_host.diffusion.ring import Ring

STEPS = 8
TICKS = 64
_FRAMES, _CHANNELS = 2, 1
_CHANGES = range(2 * STEPS, 5 * STEPS)
"""Ticks before which a change may come: whole turns of the ring, well after its start."""


@dataclass(frozen=True)
class Completion:
    """``tick`` of the hand-out, the ticks before which its request and its last curves were set."""

    tick: int
    submitted: int
    last_heard: int


@dataclass(frozen=True)
class Timetable:
    """Births as (tick, tick of submission), and completions, one request coming before every tick."""

    births: tuple[tuple[int, int], ...]
    completions: tuple[Completion, ...]

    @property
    def age(self) -> int:
        """The oldest that parameters get by the hand-out, in ticks."""
        return max(done.tick - done.submitted for done in self.completions)

    @property
    def gaps(self) -> tuple[int, ...]:
        """Ticks between completions, over one turn of the ring in its steady state."""
        ticks = [done.tick for done in self.completions if done.tick >= 2 * STEPS]
        turn = [tick for tick in ticks if tick <= ticks[0] + STEPS]
        return tuple(after - before for before, after in pairwise(turn))

    def waits(self, read: Callable[[Completion], int]) -> list[int]:
        """From a change to the first hand-out that heard it, by ``read``; each phase of the change."""
        return [
            min(done.tick for done in self.completions if read(done) >= changed) - changed
            for changed in _CHANGES
        ]

    @property
    def submission_waits(self) -> list[int]:
        """Waits of a change that the next slot born reads."""
        return self.waits(lambda done: done.submitted)

    @property
    def step_waits(self) -> list[int]:
        """Waits of a change that every slot in flight reads at its next step."""
        return self.waits(lambda done: done.last_heard)


def ours(depth: int, ticks: int = TICKS) -> Timetable:
    """Our ring's."""
    mailbox: Mailbox[Request] = Mailbox()
    cell = StepCell(StepState.plain(_FRAMES))
    ring = Ring(_free, mailbox.take, channels=_CHANNELS, depth=depth, rows=depth)
    births: list[tuple[int, int]] = []
    completions: list[Completion] = []
    for tick in range(ticks):
        mailbox.put(_request(tick, cell))
        cell.current = StepState.plain(_FRAMES, revision=tick)
        report = ring.tick()
        births += [(tick, _number(tag)) for tag in report.births]
        completions += [
            Completion(tick, _number(done.request.tag), done.last_revision)
            for done in report.finished
        ]
    return Timetable(tuple(births), tuple(completions))


def upstream(depth: int, ticks: int = TICKS) -> Timetable:
    """The upstream ring's, by its model."""
    cell = StepCell(StepState.plain(_FRAMES))
    ring = UpstreamRing(_free, channels=_CHANNELS, depth=depth)
    births: list[tuple[int, int]] = []
    completions: list[Completion] = []
    for tick in range(ticks):
        ring.submit(_request(tick, cell))
        report = ring.tick()
        births += [(tick, _number(tag)) for tag in report.births]
        completions += [
            Completion(tick, _number(done.request.tag), done.last_step_tick)
            for done in report.handed_out
        ]
    return Timetable(tuple(births), tuple(completions))


def _request(tick: int, cell: StepCell) -> Request:
    return Request(tick, NoiseKey(0, tick), _FRAMES, None, cell, steps=STEPS)


def _free(
    x: Tensor, t: Tensor, conditions: Sequence[object], strengths: Tensor | None = None
) -> Tensor:
    return torch.zeros_like(x)


def _number(tag: object) -> int:
    assert isinstance(tag, int)
    return tag

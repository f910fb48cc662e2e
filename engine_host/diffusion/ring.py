"""The ring: one batched forward and one solver step per tick, for every slot in flight.

StreamDiffusion's stream batch (arXiv 2312.12491) as DEMON (arXiv 2605.28657) turned it into a ring
of slots, each on its own schedule; here with births spread evenly, the newest request winning, and
a slot handed out by the tick that ran its last step.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from torch import Tensor

from engine_host.diffusion.batch import Batch
from engine_host.diffusion.forward import VelocityFn
from engine_host.diffusion.plan import make_plan, untouched
from engine_host.diffusion.request import Request
from engine_host.diffusion.slot import Slot, open_slot
from engine_host.diffusion.spacing import Spacing

_CPU = torch.device("cpu")


@dataclass(frozen=True, eq=False)
class Finished:
    """A generation handed out: ``latents [T, C]`` and the ticks and revisions it went through.

    ``first_revision`` and ``last_revision`` are those of the step states that its first and its
    last step read.
    """

    request: Request
    latents: Tensor
    born_tick: int
    finished_tick: int
    first_revision: int
    last_revision: int


@dataclass(frozen=True, eq=False)
class Failed:
    """A generation that ended because its own forward or its birth raised ``error``."""

    request: Request
    error: Exception


@dataclass(frozen=True)
class TickReport:
    """What one tick did: tags born, generations finished and failed (in birth order), forwards."""

    tick: int
    births: tuple[object, ...]
    finished: tuple[Finished, ...]
    failed: tuple[Failed, ...]
    forwards: int


class ActiveSlot(NamedTuple):
    """A request in flight and the step it will take next, counted from 0."""

    request: Request
    step: int


@dataclass
class _Account:
    """What the running tick has done so far."""

    births: list[object] = field(default_factory=list)
    finished: list[tuple[int, Finished]] = field(default_factory=list)
    failed: list[tuple[int, Failed]] = field(default_factory=list)
    forwards: int = 0

    def report(self, tick: int) -> TickReport:
        finished = tuple(entry for _, entry in sorted(self.finished, key=lambda pair: pair[0]))
        failed = tuple(entry for _, entry in sorted(self.failed, key=lambda pair: pair[0]))
        return TickReport(tick, tuple(self.births), finished, failed, self.forwards)


class Ring:
    """Up to ``depth`` generations in flight, sharing forwards of ``rows`` rows.

    ``take`` is asked for a request only when a slot may be born at that moment; slots of different
    lengths live side by side, batched by length; the ring neither knows nor cares whose they are.
    A generation's bits depend on its request, its step states and ``rows``, on nothing else.
    ``nominal_steps`` spaces the births that follow a request of no steps. All methods: tick thread,
    between ticks; a request's step cell may be set from any thread.
    Raises ValueError where a number is below 1.
    """

    def __init__(
        self,
        velocity: VelocityFn,
        take: Callable[[], Request | None],
        *,
        channels: int,
        depth: int,
        rows: int,
        nominal_steps: int = 8,
        device: torch.device = _CPU,
    ) -> None:
        self._velocity = velocity
        self._take = take
        self._channels = _at_least_one("channels", channels)
        self._depth = _at_least_one("depth", depth)
        self._rows = _at_least_one("rows", rows)
        self._nominal_steps = _at_least_one("nominal_steps", nominal_steps)
        self._device = device
        self._spacing = Spacing()
        self._batches: dict[int, Batch] = {}
        self._tick = 0
        self._born = 0

    def tick(self) -> TickReport:
        """Births that are due, one forward of everything in flight, one step, hand-outs.

        A model that raises ends only the slots whose own forward raises. The first tick is 0.
        """
        account = _Account()
        with torch.no_grad():
            self._give_birth(account)
            for batch in self._batches.values():
                self._run(batch, account)
        self._sweep()
        self._tick += 1
        return account.report(self._tick - 1)

    def set_depth(self, depth: int) -> None:
        """Change the number of slots; those in flight beyond it finish all the same."""
        self._depth = _at_least_one("depth", depth)

    def drop(self, unwanted: Callable[[Request], bool]) -> int:
        """Cancel the slots whose request is ``unwanted``; how many there were."""
        dropped = 0
        for batch in self._batches.values():
            rows = [row for row, slot in enumerate(batch.slots) if unwanted(slot.request)]
            dropped += len(batch.remove(rows))
        self._sweep()
        return dropped

    @property
    def active(self) -> tuple[ActiveSlot, ...]:
        """What is in flight, oldest first."""
        slots = [slot for batch in self._batches.values() for slot in batch.slots]
        slots.sort(key=lambda slot: slot.number)
        return tuple(ActiveSlot(slot.request, slot.step) for slot in slots)

    @property
    def idle(self) -> bool:
        """Whether nothing is in flight."""
        return not self._batches

    def _give_birth(self, account: _Account) -> None:
        while self._may_be_born(account):
            request = self._take()
            if request is None:
                return
            self._bear(request, account)

    def _may_be_born(self, account: _Account) -> bool:
        early = self.idle and not account.births
        room = sum(len(batch.slots) for batch in self._batches.values()) < self._depth
        return room and (early or self._spacing.due(self._tick, self._depth))

    def _bear(self, request: Request, account: _Account) -> None:
        plan = make_plan(request)
        steps = plan.steps or self._nominal_steps
        self._spacing.born(self._tick, self._depth, steps)
        account.births.append(request.tag)
        self._born += 1
        if plan.steps == 0:
            account.finished.append((self._born, self._unchanged(request)))
            return
        try:
            born = open_slot(
                request,
                plan,
                channels=self._channels,
                number=self._born,
                tick=self._tick,
                device=self._device,
            )
        except ValueError as error:
            account.failed.append((self._born, Failed(request, error)))
            return
        self._batches.setdefault(request.frames, Batch()).add(*born)

    def _unchanged(self, request: Request) -> Finished:
        revision = request.step_cell.current.revision
        return Finished(request, untouched(request), self._tick, self._tick, revision, revision)

    def _run(self, batch: Batch, account: _Account) -> None:
        done = batch.tick(self._velocity, self._rows)
        account.forwards += done.forwards
        for slot, error in done.failed:
            account.failed.append((slot.number, Failed(slot.request, error)))
        for slot, latents in done.finished:
            account.finished.append((slot.number, self._finish(slot, latents)))

    def _finish(self, slot: Slot, latents: Tensor) -> Finished:
        return Finished(
            slot.request,
            latents,
            slot.born_tick,
            self._tick,
            slot.first_revision,
            slot.last_revision,
        )

    def _sweep(self) -> None:
        self._batches = {length: batch for length, batch in self._batches.items() if batch.slots}


def _at_least_one(name: str, value: int) -> int:
    if value < 1:
        raise ValueError(f"{name}: want at least 1, got {value}")
    return value

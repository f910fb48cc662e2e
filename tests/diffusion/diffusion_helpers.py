"""What the tests of the solver share: a closed-form velocity, requests, and ways to drive a ring."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from engine_host.diffusion.dcw import Dcw
from engine_host.diffusion.mailbox import Mailbox
from engine_host.diffusion.noise import NoiseKey
from engine_host.diffusion.request import Request, StepCell, StepState
from engine_host.diffusion.ring import Finished, Ring, TickReport

DATA = Path(__file__).parent.parent / "data"
FRAMES, CHANNELS = 24, 8


@dataclass(frozen=True, eq=False)
class Heard:
    """A condition of the closed-form velocity: encoder tokens ``[5, 6]``, context ``[T, 16]``."""

    encoder: Tensor
    context: Tensor


class ClosedForm:
    """The velocity of the reference vectors: ``tanh(x A) + c B + t w + mean(e) D``."""

    def __init__(self) -> None:
        with np.load(DATA / "steps.npz") as arrays:
            self.arrays = {name: torch.from_numpy(arrays[name]) for name in arrays.files}
        self.heard = self.hear("encoder_1")

    def __getitem__(self, name: str) -> Tensor:
        return self.arrays[name]

    def hear(self, encoder: str) -> Heard:
        return Heard(self[encoder], self["context"])

    def __call__(self, x: Tensor, t: Tensor, conditions: Sequence[object]) -> Tensor:
        offsets = torch.stack([self._offset(c, x.shape[1]) for c in conditions])
        return torch.tanh(x @ self["A"]) + offsets + t.view(-1, 1, 1) * self["w"]

    def _offset(self, condition: object, frames: int) -> Tensor:
        assert isinstance(condition, Heard)
        context = condition.context.repeat(-(-frames // FRAMES), 1)[:frames, :CHANNELS]
        return context @ self["B"] + condition.encoder.mean(0) @ self["D"]


def cell(
    frames: int = FRAMES,
    dcw: Dcw | None = None,
    channel_gain: Tensor | None = None,
    **curves: Tensor | float,
) -> StepCell:
    """A cell whose state is plain but for these; numbers become curves."""
    full = {name: torch.as_tensor(c).expand(frames).clone() for name, c in curves.items()}
    plain = StepState.plain(frames)
    return StepCell(replace(plain, dcw=dcw, channel_gain=channel_gain, **full))


def request(tag: object = 0, **wanted: Any) -> Request:
    frames = wanted.get("frames", FRAMES)
    defaults: dict[str, Any] = {
        "tag": tag,
        "key": NoiseKey(1, tag if isinstance(tag, int) else 0),
        "frames": frames,
        "condition": None,
        "step_cell": cell(frames),
    }
    return Request(**defaults | wanted)


def pull(x: Tensor, t: Tensor, conditions: Sequence[object]) -> Tensor:
    """A velocity without conditions whose rows don't disturb one another."""
    return torch.tanh(0.7 * x) - 0.3 * t.view(-1, 1, 1)


def feed(requests: Iterable[Request]) -> Callable[[], Request | None]:
    """A ``take`` that hands out the requests one after the other."""
    waiting = iter(requests)
    return lambda: next(waiting, None)


def drain(ring: Ring, ticks: int = 1000) -> list[Finished]:
    """Tick until nothing is in flight and nothing more is asked for."""
    finished: list[Finished] = []
    for _ in range(ticks):
        report = ring.tick()
        finished.extend(report.finished)
        if ring.idle and not report.births and not report.finished:
            return finished
    raise AssertionError("the ring never came to rest")


def submit_each_tick(
    depth: int, ticks: int, make: Callable[[int], Request] = request, **ring: Any
) -> list[TickReport]:
    """One request, tagged with the tick, put into a mailbox before every tick."""
    mailbox: Mailbox[Request] = Mailbox()
    options: dict[str, Any] = {"velocity": pull, "channels": 2, "rows": 8} | ring
    under_test = Ring(options.pop("velocity"), mailbox.take, depth=depth, **options)
    reports = []
    for tick in range(ticks):
        mailbox.put(make(tick))
        reports.append(under_test.tick())
    return reports


def completions(reports: Iterable[TickReport]) -> list[tuple[int, Any]]:
    """``(tick, tag)`` of everything handed out."""
    return [(report.tick, done.request.tag) for report in reports for done in report.finished]

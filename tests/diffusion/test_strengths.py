"""Strengths of adapters on their way from a slot's step state to the model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
import torch
from diffusion_helpers import CHANNELS, FRAMES, cell, drain, feed, request
from torch import Tensor

from engine_host.diffusion.oneshot import generate
from engine_host.diffusion.request import Request, StepCell, StepState, Weighted
from engine_host.diffusion.ring import Ring

RAMP = torch.linspace(0, 2, FRAMES)


class Adapted:
    """Its rows' conditions name adapters by number: ``v = tanh(x) + sum_p s_p number_p``.

    Notes what it is given.
    """

    def __init__(self) -> None:
        self.strengths: list[Tensor | None] = []

    def __call__(
        self, x: Tensor, t: Tensor, conditions: Sequence[Any], strengths: Tensor | None = None
    ) -> Tensor:
        self.strengths.append(strengths)
        v = torch.tanh(x) * 0.3
        if strengths is None:
            return v
        numbers = torch.zeros(strengths.shape[:2])
        for row, condition in enumerate(conditions):
            numbers[row, : len(condition)] = torch.tensor(condition)
        return v + (strengths * numbers.unsqueeze(-1)).sum(1).unsqueeze(-1)


def adapted(*strengths: float | Tensor) -> StepCell:
    state = cell().current
    return StepCell(
        replace(state, adapters=torch.stack([torch.as_tensor(s).expand(FRAMES) for s in strengths]))
    )


def ring(model: Any, *asked: Request, rows: int = 4) -> Ring:
    return Ring(model, feed(asked), channels=CHANNELS, depth=4, rows=rows)


def named(tag: int, *numbers: float, **wanted: Any) -> Request:
    return request(tag, condition=numbers, **wanted)


def test_without_adapters_the_model_is_called_as_ever() -> None:
    def strict(x: Tensor, t: Tensor, conditions: Sequence[object]) -> Tensor:
        return torch.tanh(x)

    assert len(drain(ring(strict, named(0), named(1)))) == 2


def test_the_strengths_of_all_slots_are_stacked_and_a_slot_without_has_zeros() -> None:
    model = Adapted()
    wanted = [
        named(0, 1.0, step_cell=adapted(RAMP)),
        named(1),
        named(2, 1.0, 2.0, step_cell=adapted(0.5, RAMP)),
    ]
    under_test = ring(model, *wanted)
    for _ in range(5):  # a birth every second tick
        under_test.tick()
    widest = model.strengths[-1]
    assert widest is not None
    assert widest.shape == (4, 2, FRAMES)
    assert torch.equal(widest[0], torch.stack([RAMP, torch.zeros(FRAMES)]))
    assert not widest[1].any()
    assert torch.equal(widest[2], torch.stack([torch.full((FRAMES,), 0.5), RAMP]))


def test_slots_with_their_own_strengths_come_out_as_each_alone() -> None:
    wanted = [
        named(0, 0.5, step_cell=adapted(RAMP)),
        named(1),
        named(2, -1.0, 0.25, step_cell=adapted(0.5, 2 - RAMP)),
    ]
    together = {done.request.tag: done.latents for done in drain(ring(Adapted(), *wanted))}
    for asked in wanted:
        alone = generate(Adapted(), asked, 4, channels=CHANNELS)
        assert torch.equal(together[asked.tag], alone)
    plain = generate(Adapted(), named(0), 4, channels=CHANNELS)
    assert float((together[0] - plain).abs().max()) > 0.1


def test_conditions_and_negatives_share_the_strengths_of_their_slot() -> None:
    model = Adapted()
    parts = (Weighted((1.0,), 0.5), Weighted((2.0,), 0.5))
    asked = named(0, conditions=parts, guidance="full", negative=(3.0,), step_cell=adapted(RAMP))
    under_test = ring(model, named(1), asked)
    for _ in range(3):
        under_test.tick()
    both = model.strengths[-1]  # one row of the first slot, three of the second
    assert both is not None
    rows_with = [row for row in range(4) if both[row].any()]
    assert len(rows_with) == 3
    assert all(torch.equal(both[row], RAMP[None]) for row in rows_with)


def test_a_moved_strength_is_heard_at_the_next_tick_by_every_slot_in_flight() -> None:
    model, shared = Adapted(), adapted(0.0)
    under_test = ring(model, *(named(tag, 1.0, step_cell=shared) for tag in range(2)), rows=2)
    for _ in range(5):
        under_test.tick()
    before = len(model.strengths)
    assert all(not s.any() for s in model.strengths if s is not None)
    assert len(under_test.active) == 2
    shared.current = replace(adapted(RAMP).current, revision=7)
    under_test.tick()
    heard = model.strengths[before]
    assert heard is not None
    assert torch.equal(heard, RAMP.expand(2, 1, FRAMES))


@pytest.mark.parametrize(
    "wrong", [torch.ones(FRAMES), torch.ones(1, FRAMES - 1), torch.ones(1, FRAMES).double()]
)
def test_strengths_of_another_shape_are_refused(wrong: Tensor) -> None:
    with pytest.raises(ValueError, match="adapters"):
        replace(StepState.plain(FRAMES), adapters=wrong)


def test_a_forward_that_is_split_keeps_each_rows_strengths() -> None:
    model = Adapted()
    wanted = [named(tag, 1.0, step_cell=adapted(float(tag))) for tag in range(3)]
    drain(ring(model, *wanted, rows=1))
    seen = {float(s[0, 0, 0]) for s in model.strengths if s is not None}
    assert {len(s) for s in model.strengths if s is not None} == {1}
    assert seen == {0.0, 1.0, 2.0}

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from diffusion_helpers import CHANNELS, ClosedForm, cell, drain, feed, request
from torch import Tensor

from engine_host.diffusion.oneshot import generate
from engine_host.diffusion.request import Request, Weighted
from engine_host.diffusion.ring import Ring


class Counting:
    """The closed form, told by names of encoders; counts which were heard."""

    def __init__(self, given: ClosedForm, bad: str | None = None) -> None:
        self.given, self.bad = given, bad
        self.batches: list[list[str]] = []

    def __call__(self, x: Tensor, t: Tensor, conditions: Sequence[object]) -> Tensor:
        names = [str(condition) for condition in conditions]
        self.batches.append(names)
        if self.bad in names:
            raise RuntimeError(f"no {self.bad}")
        return self.given(x, t, [self.given.hear(name) for name in names])


def ring(model: Any, asked: list[Request], rows: int) -> Ring:
    return Ring(model, feed(asked), channels=CHANNELS, depth=8, rows=rows)


def named(tag: int, **wanted: Any) -> Request:
    return request(tag, condition="encoder_1", negative="encoder_negative", **wanted)


def test_negatives_share_the_forward_of_the_conditions(closed_form: ClosedForm) -> None:
    model = Counting(closed_form)
    drain(ring(model, [named(0, guidance="full")], 2))
    assert model.batches == [["encoder_1", "encoder_negative"]] * 8


def test_initialize_runs_the_negative_once_and_self_never(closed_form: ClosedForm) -> None:
    for guidance, times in (("initialize", 1), ("self", 0)):
        model = Counting(closed_form)
        drain(ring(model, [named(0, guidance=guidance)], 2))
        assert sum("encoder_negative" in names for names in model.batches) == times


def test_conditions_run_only_on_their_own_steps(closed_form: ClosedForm) -> None:
    model = Counting(closed_form)
    parts = (Weighted("encoder_1", 1.0, 0.0, 0.5), Weighted("encoder_2", 1.0, 0.25, 0.5))
    drain(ring(model, [request(conditions=parts)], 2))
    one, both = ["encoder_1"] * 2, ["encoder_1", "encoder_2"]
    assert model.batches == [one] * 2 + [both] * 2


def test_a_negative_that_raises_ends_only_its_own_slot(closed_form: ClosedForm) -> None:
    model = Counting(closed_form, bad="encoder_negative")
    strong = cell(guidance=3.0)
    asked = [
        named(0),
        named(1, guidance="full", step_cell=strong),
        named(2, guidance="self", step_cell=strong),
    ]
    under_test = ring(model, asked, 4)
    reports = [under_test.tick() for _ in range(12)]
    failed = [entry.request.tag for report in reports for entry in report.failed]
    assert failed == [1]
    for report in reports:
        for done in report.finished:
            alone = generate(model, done.request, 4, channels=CHANNELS)
            assert torch.equal(done.latents, alone)


def test_guidance_of_one_slot_changes_no_bit_of_an_unguided_one(closed_form: ClosedForm) -> None:
    model = Counting(closed_form)
    asked = [named(0), named(1, guidance="full", step_cell=cell(guidance=4.0)), named(2)]
    for done in drain(ring(model, asked, 4)):
        assert torch.equal(done.latents, generate(model, done.request, 4, channels=CHANNELS))

"""Denoise as a curve: each frame joins at its own start (``steps.hold_back``)."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from diffusion_helpers import CHANNELS, FRAMES, ClosedForm, request
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from engine_host.diffusion.oneshot import generate

FRAME = 9  # the frame whose denoise the tests move


def run(given: ClosedForm, denoise: float | Tensor, **wanted: Any) -> Tensor:
    asked = request(condition=given.heard, source=given["source"], denoise=denoise, **wanted)
    return generate(given, asked, 4)


@settings(max_examples=30, deadline=None)
@given(
    st.floats(0, 1, width=32),
    st.sampled_from(["ode", "sde"]),
    st.sampled_from(["continuous", "stepped"]),
    st.sampled_from(["constant", "proportional"]),
)
def test_a_constant_curve_is_the_number_bit_for_bit(
    denoise: float, solver: str, denoise_law: str, steps_law: str
) -> None:
    closed_form = ClosedForm()
    laws = {"solver": solver, "denoise_law": denoise_law, "steps_law": steps_law}
    curve = torch.full((FRAMES,), denoise)
    assert torch.equal(run(closed_form, curve, **laws), run(closed_form, denoise, **laws))


def test_a_number_that_float32_cannot_hold_means_what_its_curve_means(
    closed_form: ClosedForm,
) -> None:
    assert torch.equal(run(closed_form, 0.7), run(closed_form, torch.full((FRAMES,), 0.7)))


@pytest.mark.parametrize("solver", ["ode", "sde"])
def test_frames_at_zero_end_exactly_as_the_source(solver: str, closed_form: ClosedForm) -> None:
    curve = (torch.arange(FRAMES) % 3).clamp(max=1).float()
    ended = run(closed_form, curve, solver=solver)
    untouched = curve == 0
    assert torch.equal(ended[untouched], closed_form["source"][untouched])
    assert (ended[~untouched] != closed_form["source"][~untouched]).any(dim=1).all()


def sweep(given: ClosedForm, law: str, points: int) -> Tensor:
    """Results ``[points, T, C]`` while one frame's denoise rises from 0 to 1."""
    results = []
    for d in torch.linspace(0, 1, points):
        curve = given["ramp"].clone()
        curve[FRAME] = d
        results.append(run(given, curve, denoise_law=law))
    return torch.stack(results)


def biggest_jump(results: Tensor) -> float:
    return float(results.diff(dim=0).abs().max())


def test_the_result_is_continuous_in_each_frames_denoise(closed_form: ClosedForm) -> None:
    """Halving the slider's step halves the biggest jump; upstream's staircase keeps its own."""
    coarse = biggest_jump(sweep(closed_form, "continuous", 101))
    fine = biggest_jump(sweep(closed_form, "continuous", 201))
    assert fine < 0.6 * coarse
    assert biggest_jump(sweep(closed_form, "stepped", 201)) > 3 * fine


def test_a_frame_moves_from_its_source_to_the_free_result(closed_form: ClosedForm) -> None:
    ends = sweep(closed_form, "continuous", 2)[:, FRAME]
    assert torch.equal(ends[0], closed_form["source"][FRAME])
    free = run(closed_form, 1.0)[FRAME]
    assert torch.equal(ends[1], free)  # this velocity has no attention: frames don't meet


def test_a_higher_curve_leaves_less_of_the_source(closed_form: ClosedForm) -> None:
    curve = torch.linspace(0, 1, FRAMES)
    distance = (run(closed_form, curve) - closed_form["source"]).square().mean(1).sqrt()
    assert distance.shape == (FRAMES,)
    assert distance[: FRAMES // 4].mean() < 0.5 * distance[-FRAMES // 4 :].mean()
    assert closed_form["source"].shape[1] == CHANNELS

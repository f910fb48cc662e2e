from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from diffusion_helpers import FRAMES, cell, request

from engine_host.diffusion.dcw import Dcw
from engine_host.diffusion.request import MorphGate, StepState, Weighted


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("frames", 0),
        ("steps", 0),
        ("shift", 0.0),
        ("shift", float("inf")),
        ("denoise", -0.1),
        ("denoise", float("nan")),
        ("denoise", torch.ones(FRAMES + 1)),
        ("initial_noise", torch.full((FRAMES,), 1.5)),
        ("source", torch.zeros(FRAMES + 1, 8)),
        ("source", torch.zeros(FRAMES)),
        ("target", torch.zeros(FRAMES, 8, 1)),
        ("step_cell", cell(FRAMES + 1)),
        ("mask", torch.full((FRAMES,), -1.0)),
        ("original", torch.zeros(FRAMES + 1, 8)),
        ("conditions", (Weighted("one", torch.ones(FRAMES - 1)),)),
    ],
)
def test_a_value_out_of_range_is_refused_by_name(field: str, value: Any) -> None:
    with pytest.raises(ValueError, match=field):
        replace(request(), **{field: value})


def test_source_and_target_must_have_the_same_channels() -> None:
    with pytest.raises(ValueError, match="target"):
        request(source=torch.zeros(FRAMES, 8), target=torch.zeros(FRAMES, 4))


def test_a_plain_step_state_asks_for_nothing() -> None:
    state = StepState.plain(5, revision=3)
    assert state.revision == 3
    assert (state.morphs, state.scales_velocity, state.adds_noise) == (False, False, False)


def test_flags_follow_the_curves() -> None:
    state = cell(morph=0.5, velocity=0.9, ode_noise=torch.eye(FRAMES)[3]).current
    assert (state.morphs, state.scales_velocity, state.adds_noise) == (True, True, True)
    assert not replace(state, morph=torch.zeros(FRAMES)).morphs


def test_a_curve_of_another_length_or_type_is_refused_by_name() -> None:
    plain = StepState.plain(5)
    with pytest.raises(ValueError, match="morph"):
        replace(plain, morph=torch.zeros(6))
    with pytest.raises(ValueError, match="velocity"):
        replace(plain, velocity=torch.ones(5, dtype=torch.float64))


def test_the_half_gate_opens_at_half_the_steps() -> None:
    assert MorphGate.half().values(8).tolist() == [0] * 4 + [1] * 4
    assert MorphGate.half().values(5).tolist() == [0, 0, 0, 1, 1]


def test_the_ramp_gate_rises_to_one_at_the_last_step() -> None:
    assert MorphGate.ramp(0.5).values(5) == pytest.approx([0, 0, 0, 0.5, 1])
    assert MorphGate.ramp(0.0).values(1).tolist() == [1]


@pytest.mark.parametrize("g0", [-0.1, 1.0])
def test_a_ramp_gate_outside_its_range_is_refused(g0: float) -> None:
    with pytest.raises(ValueError, match="ramp gate"):
        MorphGate.ramp(g0)


def test_a_mask_needs_something_to_keep() -> None:
    with pytest.raises(ValueError, match="original"):
        request(mask=torch.ones(FRAMES))
    source = torch.zeros(FRAMES, 8)
    assert request(mask=torch.ones(FRAMES), source=source).kept is source


def test_a_state_that_would_not_fit_the_slots_is_refused_where_it_is_set() -> None:
    read = cell()
    with pytest.raises(ValueError, match="frames"):
        read.current = StepState.plain(FRAMES + 1)
    read.current = cell(channel_gain=torch.ones(3)).current
    with pytest.raises(ValueError, match="channel_gain"):
        read.fit(8)
    read.current = StepState.plain(FRAMES)
    read.fit(8)
    with pytest.raises(ValueError, match="channel_gain"):
        read.current = cell(channel_gain=torch.ones(3)).current


@pytest.mark.parametrize(
    "extra",
    [
        {"channel_gain": torch.ones(FRAMES + 1, 8)},
        {"dcw": Dcw(scale=torch.ones(FRAMES + 1))},
        {"guidance": torch.ones(FRAMES + 1)},
    ],
)
def test_an_optional_part_of_another_length_is_refused_by_name(extra: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(extra))):
        replace(StepState.plain(FRAMES), **extra)

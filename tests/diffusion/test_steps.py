"""The primitives at the values where they are exact, and neutral parts of a whole step."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from engine_host.diffusion import steps
from engine_host.diffusion.solver import Hold, Mask, Morph, StepInputs, Stochastic, enter, take_step

GENERATOR = torch.Generator().manual_seed(6)
X, V, N, S, KEPT = torch.randn(5, 2, 6, 3, generator=GENERATOR).unbind(0)
T, T_NEXT, END = (torch.full((2, 1, 1), value) for value in (0.75, 0.6, 0.0))


def curve(value: float) -> torch.Tensor:
    return torch.full((2, 6, 1), value)


def test_euler_at_the_end_is_the_clean_estimate() -> None:
    assert torch.equal(steps.euler(X, V, T, END), steps.clean_estimate(X, V, T))


def test_euler_towards_an_estimate_ends_there_exactly() -> None:
    assert torch.equal(steps.euler_towards(X, KEPT, T, END), KEPT)


def test_euler_towards_the_unedited_estimate_is_euler() -> None:
    towards = steps.euler_towards(X, steps.clean_estimate(X, V, T), T, T_NEXT)
    torch.testing.assert_close(towards, steps.euler(X, V, T, T_NEXT))


@pytest.mark.parametrize(("amount", "wanted"), [(0.0, S), (1.0, N)])
def test_a_mixture_is_exact_at_both_ends(amount: float, wanted: torch.Tensor) -> None:
    assert torch.equal(steps.mix(N, S, curve(amount)), wanted)


@pytest.mark.parametrize(("strength", "wanted"), [(0.0, X), (1.0, KEPT)])
def test_the_morph_is_exact_at_both_ends(strength: float, wanted: torch.Tensor) -> None:
    assert torch.equal(steps.pull(X, KEPT, curve(strength)), wanted)


def test_renoising_at_the_end_gives_the_blend_of_estimate_and_source() -> None:
    blended = steps.renoise(X, N, S, curve(0.25), END)
    torch.testing.assert_close(blended, 0.25 * X + 0.75 * S)


@pytest.mark.parametrize(("start", "wanted"), [(0.75, X), (2.0, X)])
def test_frames_that_have_started_are_not_held(start: float, wanted: torch.Tensor) -> None:
    held = steps.hold_back(X, curve(start), N, S, T, T_NEXT)
    assert torch.equal(held, wanted)


def test_frames_that_start_later_wait_on_the_path_from_noise_to_source() -> None:
    held = steps.hold_back(X, curve(0.6), N, S, T, T_NEXT)
    assert torch.equal(held, steps.mix(N, S, T_NEXT))


def neutral_parts() -> dict[str, Any]:
    nobody = torch.zeros(2, 1, 1, dtype=torch.bool)
    return {
        "fresh": N,
        "mask": Mask(curve(1.0), KEPT, N),
        "velocity_scale": curve(1.0),
        "morph": Morph(KEPT, curve(0.0)),
        "stochastic": Stochastic(nobody, S, curve(1.0)),
        "ode_noise": curve(0.0),
        "hold": Hold(curve(torch.inf), N, S),
    }


@pytest.mark.parametrize("part", [*neutral_parts(), "all"])
def test_a_neutral_part_gives_the_bits_of_no_part(part: str) -> None:
    neutral = neutral_parts()
    given = neutral if part == "all" else {part: neutral[part]}
    assert torch.equal(
        take_step(X, V, StepInputs(T, T_NEXT, **given)), take_step(X, V, StepInputs(T, T_NEXT))
    )


def test_the_mask_puts_the_original_on_its_own_path() -> None:
    mask = Mask(curve(0.0), KEPT, N)
    assert torch.equal(enter(X, T, mask), steps.mix(N, KEPT, T))
    ended = take_step(enter(X, T, mask), V, StepInputs(T, END, mask=mask))
    assert torch.equal(ended, KEPT)


def test_masked_frames_of_an_sde_step_keep_the_masks_noise() -> None:
    half = torch.tensor([0.0] * 3 + [1.0] * 3).view(1, 6, 1).expand(2, 6, 1)
    everybody = torch.ones(2, 1, 1, dtype=torch.bool)
    fresh = torch.full_like(N, 9.0)
    stepped = take_step(
        X,
        V,
        StepInputs(
            T,
            T_NEXT,
            fresh=fresh,
            mask=Mask(half, KEPT, N),
            stochastic=Stochastic(everybody, S, curve(1.0)),
        ),
    )
    assert torch.equal(stepped[:, :3], steps.mix(N, KEPT, T_NEXT)[:, :3])
    free = steps.renoise(steps.clean_estimate(X, V, T), fresh, S, curve(1.0), T_NEXT)
    assert torch.equal(stepped[:, 3:], free[:, 3:])

from __future__ import annotations

import pytest
import torch
from diffusion_helpers import CHANNELS, FRAMES, request

from engine_host.diffusion.plan import birth_latent, make_plan, untouched

SOURCE = torch.linspace(-1, 1, FRAMES * CHANNELS).view(FRAMES, CHANNELS)
NOISE = SOURCE.flip(0) + 0.5


def test_without_a_source_denoise_is_ignored() -> None:
    plan = make_plan(request(denoise=0.0))
    assert plan.steps == 8
    assert plan.times[0] == 1.0
    assert torch.equal(birth_latent(request(denoise=0.2), plan, NOISE), NOISE)


def test_denoise_one_starts_from_the_noise_alone() -> None:
    wanted = request(source=SOURCE)
    assert torch.equal(birth_latent(wanted, make_plan(wanted), NOISE), NOISE)


def test_the_start_mixes_noise_and_source_at_t0() -> None:
    wanted = request(source=SOURCE, denoise=0.5)
    plan = make_plan(wanted)
    assert plan.times[0] == 0.75
    assert torch.equal(birth_latent(wanted, plan, NOISE), 0.75 * NOISE + 0.25 * SOURCE)


def test_an_initial_noise_curve_replaces_the_mixture() -> None:
    curve = torch.linspace(0, 1, FRAMES)
    wanted = request(source=SOURCE, initial_noise=curve)
    born = birth_latent(wanted, make_plan(wanted), NOISE)
    assert torch.equal(born[0], SOURCE[0])
    assert torch.equal(born[-1], NOISE[-1])
    torch.testing.assert_close(born, torch.lerp(SOURCE, NOISE, curve[:, None]))


@pytest.mark.parametrize("denoise", [0.0, torch.zeros(FRAMES)])
def test_denoise_zero_has_no_steps(denoise: float | torch.Tensor) -> None:
    wanted = request(source=SOURCE, denoise=denoise)
    assert make_plan(wanted).steps == 0
    assert torch.equal(untouched(wanted), SOURCE)


def test_a_curve_starts_the_slot_at_its_highest_frame() -> None:
    curve = torch.linspace(0, 0.5, FRAMES)
    plan = make_plan(request(source=SOURCE, denoise=curve, steps_law="proportional"))
    assert plan.steps == 4
    assert plan.frame_starts is not None
    assert plan.times[0] == plan.frame_starts[-1] == 0.75
    assert plan.frame_starts[0] == 0.0


def test_only_a_request_with_a_source_can_be_untouched() -> None:
    with pytest.raises(ValueError, match="source"):
        untouched(request())

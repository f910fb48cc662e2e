"""Stable Audio's times against the pipeline's own, and what the solver may count on."""

import numpy as np
import pytest
import torch
from diffusers.pipelines.stable_audio_3.pipeline_stable_audio_3 import logsnr_sigma_schedule

from engine_host.diffusion.noise import NoiseKey
from engine_host.diffusion.plan import make_plan
from engine_host.diffusion.request import Request, StepCell, StepState
from engine_host.diffusion.schedule import shifted, timesteps
from engine_host.models.stable_audio.schedule import logsnr_times


@pytest.mark.parametrize("steps", [1, 4, 8, 64])
def test_a_whole_schedule_is_the_pipelines(steps: int) -> None:
    ours = timesteps(steps, 1.0, 1.0, schedule=logsnr_times)
    stock = logsnr_sigma_schedule(steps, -6.2, 2.0)
    np.testing.assert_allclose(ours[:-1], stock, rtol=1e-6)
    assert (ours[0], ours[-1]) == (1.0, 0.0)


@pytest.mark.parametrize("shift", [0.25, 1.0, 3.0, 10.0])
def test_times_rise_strictly_and_keep_their_ends(shift: float) -> None:
    times = logsnr_times(np.linspace(0.0, 1.0, 1_001), shift)
    assert (np.diff(times) > 0).all()
    assert (times[0], times[-1]) == (0.0, 1.0)


@pytest.mark.parametrize("shift", [0.25, 3.0])
def test_shift_moves_them_as_it_moves_the_shifted_schedule(shift: float) -> None:
    tau = np.linspace(0.0, 1.0, 33)
    moved = shifted(logsnr_times(tau, 1.0), shift)
    np.testing.assert_allclose(logsnr_times(tau, shift), moved, rtol=1e-12)


def test_a_smaller_denoise_starts_later_and_takes_all_its_steps() -> None:
    times = timesteps(8, 1.0, 0.3, schedule=logsnr_times)
    assert len(times) == 9
    assert (np.diff(times) < 0).all()
    assert times[0] == logsnr_times(np.float64(0.3), 1.0)


def test_a_requests_own_schedule_reaches_its_steps_and_its_frames_starts() -> None:
    curve = torch.tensor([0.0, 0.25, 0.5, 0.5])
    wanted = Request(
        tag=None,
        key=NoiseKey(0, 0),
        frames=4,
        condition=None,
        step_cell=StepCell(StepState.plain(4)),
        shift=1.0,
        denoise=curve,
        schedule=logsnr_times,
        source=torch.zeros(4, 2),
    )
    plan = make_plan(wanted)
    assert plan.frame_starts is not None
    np.testing.assert_allclose(plan.frame_starts, logsnr_times(curve.numpy(), 1.0), rtol=1e-6)
    assert plan.times[0] == plan.frame_starts[-1]

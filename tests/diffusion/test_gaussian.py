"""Gaussian data, where velocity, ODE solution and the solvers' marginals are known in closed form.

``x0 ~ N(MU, SIGMA^2)``: at time t the mean is ``(1 - t) MU`` and the variance
``t^2 + (1 - t)^2 SIGMA^2``; the posterior mean of ``x0`` is linear in ``x``.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
import torch
from diffusion_helpers import cell, request
from torch import Tensor

from engine_host.diffusion.noise import INITIAL_STEP, normal
from engine_host.diffusion.oneshot import generate
from engine_host.diffusion.request import MorphGate, Request
from engine_host.diffusion.schedule import timesteps

MU, SIGMA = 0.8, 0.5
FRAMES, CHANNELS = 500, 16


def variance(t: float) -> float:
    return t**2 + (1 - t) ** 2 * SIGMA**2


def true_velocity(x: Tensor, t: Tensor, _: Sequence[object]) -> Tensor:
    time = t.view(-1, 1, 1)
    spread = time**2 + (1 - time) ** 2 * SIGMA**2
    return -MU + (time - (1 - time) * SIGMA**2) / spread * (x - (1 - time) * MU)


def gain(t: float) -> float:
    """The posterior mean of x0 moves by this much when x moves by 1."""
    return (1 - t) * SIGMA**2 / variance(t)


def run(**wanted: object) -> Tensor:
    given = {"frames": FRAMES, "step_cell": cell(FRAMES)} | wanted
    return generate(true_velocity, request(**given), 1, channels=CHANNELS)


def initial_noise(wanted: Request) -> Tensor:
    return normal([wanted.key], INITIAL_STEP, FRAMES, CHANNELS)[0]


def ode_error(steps: int) -> float:
    exact = MU + SIGMA * initial_noise(request())
    return float((run(steps=steps) - exact).abs().max())


def test_the_ode_converges_to_the_true_solution_with_order_one() -> None:
    counts = np.array([16, 32, 64, 128, 256])
    errors = np.array([ode_error(int(count)) for count in counts])
    order = -np.polyfit(np.log(counts), np.log(errors), 1)[0]
    assert order == pytest.approx(1.0, abs=0.08)
    assert errors[-1] < 0.03


def test_the_ode_from_a_source_follows_the_true_path_from_there() -> None:
    source = torch.full((FRAMES, CHANNELS), 1.5)
    t0 = timesteps(400, 3.0, 0.6)[0]
    start = t0 * initial_noise(request()) + (1 - t0) * source
    exact = MU + SIGMA / variance(t0) ** 0.5 * (start - (1 - t0) * MU)
    ours = run(steps=400, denoise=0.6, source=source)
    torch.testing.assert_close(ours, exact.float(), atol=0.02, rtol=0)


def sde_moments(times: np.ndarray, source: float, blend: float) -> tuple[float, float]:
    """Mean and variance after the last step: both recursions are linear."""
    mean, var = 0.0, 1.0
    for t, after in pairwise(times):
        estimate = MU + gain(t) * (mean - (1 - t) * MU)
        mean = (1 - after) * (blend * estimate + (1 - blend) * source)
        var = after**2 + ((1 - after) * blend * gain(t)) ** 2 * var
    return mean, var


@pytest.mark.parametrize("blend", [1.0, 0.6])
def test_the_sde_has_the_marginal_of_its_recursion(blend: float) -> None:
    source = torch.full((FRAMES, CHANNELS), -0.4)
    ours = run(solver="sde", source=source, step_cell=cell(FRAMES, sde_blend=blend)).double()
    mean, var = sde_moments(timesteps(8, 3.0, 1.0), -0.4, blend)
    count = ours.numel()
    assert float(ours.mean()) == pytest.approx(mean, abs=4 * (var / count) ** 0.5)
    assert float(ours.var()) == pytest.approx(var, rel=4 * (2 / count) ** 0.5)


@pytest.mark.parametrize("gate", [MorphGate.half(), MorphGate.ramp(0.25)])
def test_the_morph_follows_the_formula_worked_in_plain_numbers(gate: MorphGate) -> None:
    target, strength = 2.0, 0.3
    wanted = {
        "target": torch.full((FRAMES, CHANNELS), target),
        "step_cell": cell(FRAMES, morph=strength),
        "gate": gate,
    }
    x = initial_noise(request()).double().numpy()
    times = timesteps(8, 3.0, 1.0)
    for t, after, opened in zip(times[:-1], times[1:], gate.values(8), strict=True):
        k = strength * opened
        x0 = (1 - k) * (MU + gain(t) * (x - (1 - t) * MU)) + k * target
        x = x + (after - t) * (x - x0) / t
    np.testing.assert_allclose(run(**wanted).numpy(), x, atol=1e-5)

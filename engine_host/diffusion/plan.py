"""A request at its birth: its own timesteps, its gates, and the latent that it starts from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from engine_host.diffusion.request import Request
from engine_host.diffusion.schedule import Times, shifted, start, timesteps
from engine_host.diffusion.steps import mix


@dataclass(frozen=True, eq=False)
class Plan:
    """``times [S + 1]`` and ``gates [S]``, float32 on the CPU; ``steps`` is ``S``.

    ``frame_starts [T]`` is each frame's own start where denoise is a curve, else None. ``steps`` is
    0 for a request that returns its source untouched.
    """

    steps: int
    times: Tensor
    gates: Tensor
    frame_starts: Tensor | None


def make_plan(request: Request) -> Plan:
    """Work out the schedule of ``request``; worked in float64, rounded once. Any thread."""
    denoise = _denoise(request)
    highest = float(denoise.max())
    if highest == 0.0:
        return Plan(0, torch.zeros(1), torch.zeros(0), None)
    laws = request.denoise_law, request.steps_law
    times = timesteps(request.steps, request.shift, highest, *laws, request.schedule)
    steps = len(times) - 1
    starts = None
    if denoise.ndim == 1:
        tau = start(denoise, request.steps, request.denoise_law)
        starts = _rounded((request.schedule or shifted)(tau, request.shift))
    return Plan(steps, _rounded(times), _rounded(request.gate.values(steps)), starts)


def birth_latent(request: Request, plan: Plan, noise: Tensor) -> Tensor:
    """The latent ``[T, C]`` at step 0, from the slot's initial ``noise [T, C]``.

    Noise without a source; the initial-noise curve's mixture where there is one; else the mixture
    of noise and source at ``t_0``. Works where ``noise`` lives.
    """
    if request.source is None:
        return noise
    source = request.source.to(noise)
    if request.initial_noise is not None:
        return mix(noise, source, request.initial_noise.to(noise).unsqueeze(-1))
    return mix(noise, source, plan.times[:1].to(noise))


def untouched(request: Request) -> Tensor:
    """What a request of no steps returns: its source, bit for bit."""
    if request.source is None:
        raise ValueError("a request without a source always has steps")
    return request.source.clone()


def _denoise(request: Request) -> Times:
    """The request's denoise in effect, as a scalar or ``[T]``, rounded to float32 in both cases.

    So a constant curve means exactly what the number means.
    """
    if request.source is None:
        return np.ones((), dtype=np.float64)
    value = torch.as_tensor(request.denoise, dtype=torch.float32)
    return np.asarray(value.cpu().numpy(), dtype=np.float64)


def _rounded(values: Times) -> Tensor:
    return torch.from_numpy(values).to(torch.float32)

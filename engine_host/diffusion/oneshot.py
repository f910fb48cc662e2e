"""One generation by itself: the plain loop over the same step primitives as the ring's.

With the same ``rows`` it gives the stream's bits; it shares no batching code with the ring.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from engine_host.diffusion import noise
from engine_host.diffusion.forward import Rows, VelocityFn, padded_velocity
from engine_host.diffusion.plan import Plan, birth_latent, make_plan, untouched
from engine_host.diffusion.request import Request
from engine_host.diffusion.step_state import StepState
from engine_host.diffusion.steps import Hold, Morph, StepInputs, Stochastic, take_step

Draw = Callable[[int], Tensor]
"""Noise ``[1, T, C]`` for a step index (``noise.INITIAL_STEP``, ``FIRST_SOLVER_STEP + i``)."""


def generate(
    velocity: VelocityFn,
    request: Request,
    rows: int,
    *,
    channels: int | None = None,
    device: torch.device | None = None,
) -> Tensor:
    """The finished latents ``[T, C]`` of ``request``, each forward at exactly ``rows`` rows.

    ``channels`` is needed where the request carries no latent. Raises what the model raises, and
    ValueError when ``channels`` can't be known. Any thread.
    """
    steps = trajectory(velocity, request, rows, channels=channels, device=device)
    last = deque(steps, maxlen=1)
    return last.pop() if last else untouched(request)


def trajectory(
    velocity: VelocityFn,
    request: Request,
    rows: int,
    *,
    channels: int | None = None,
    device: torch.device | None = None,
    draw: Draw | None = None,
) -> Iterator[Tensor]:
    """The latents ``[T, C]`` after each step; none for a request of no steps.

    ``draw`` replaces the request's own noise, to follow a run that was recorded elsewhere.
    """
    draw = draw or _keyed(request, channels, device)
    plan = make_plan(request)
    if plan.steps == 0:
        return
    initial = draw(noise.INITIAL_STEP)
    x = birth_latent(request, plan, initial[0]).unsqueeze(0)
    for i in range(plan.steps):
        t = plan.times[i : i + 1].to(x)
        with torch.no_grad():
            v = padded_velocity(velocity, Rows(x, t, [request.condition]), rows)
            x = take_step(x, v, _inputs(request, plan, i, initial, draw))
        yield x[0]


def _keyed(request: Request, channels: int | None, device: torch.device | None) -> Draw:
    width = request.channels if request.channels is not None else channels
    if width is None:
        raise ValueError("channels: needed for a request without source and target")
    return lambda step: noise.normal([request.key], step, request.frames, width, device)


def _inputs(request: Request, plan: Plan, i: int, initial: Tensor, draw: Draw) -> StepInputs:
    state = request.step_cell.current
    source = initial if request.source is None else request.source.to(initial).unsqueeze(0)
    noisy = i + 1 < plan.steps and (request.solver == "sde" or state.adds_noise)
    return StepInputs(
        t=_cell(plan.times[i], initial),
        t_next=_cell(plan.times[i + 1], initial),
        fresh=draw(noise.FIRST_SOLVER_STEP + i) if noisy else None,
        velocity_scale=_curve(state.velocity, initial),
        morph=_morph(request, state, plan.gates[i], initial),
        stochastic=_stochastic(request, state, source),
        ode_noise=_curve(state.ode_noise, initial) if noisy else None,
        hold=_hold(plan, initial, source),
    )


def _morph(request: Request, state: StepState, gate: Tensor, like: Tensor) -> Morph | None:
    if request.target is None:
        return None
    strength = _curve(state.morph, like) * _cell(gate, like)
    return Morph(request.target.to(like).unsqueeze(0), strength)


def _stochastic(request: Request, state: StepState, source: Tensor) -> Stochastic | None:
    if request.solver == "ode":
        return None
    rows = torch.ones(1, 1, 1, dtype=torch.bool, device=source.device)
    blend = _curve(state.sde_blend, source)
    return Stochastic(rows, source, torch.ones_like(blend) if request.source is None else blend)


def _hold(plan: Plan, initial: Tensor, source: Tensor) -> Hold | None:
    if plan.frame_starts is None:
        return None
    return Hold(_curve(plan.frame_starts, initial), initial, source)


def _curve(values: Tensor, like: Tensor) -> Tensor:
    return values.to(like).view(1, -1, 1)


def _cell(value: Tensor, like: Tensor) -> Tensor:
    return value.to(like).view(1, 1, 1)

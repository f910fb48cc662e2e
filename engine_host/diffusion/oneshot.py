"""One generation by itself: the plain loop over the same step primitives as the ring's.

With the same ``rows`` it gives the stream's bits; it shares no batching code with the ring.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from engine_host.diffusion import noise
from engine_host.diffusion.conditions import blend
from engine_host.diffusion.forward import Rows, VelocityFn, padded_velocity
from engine_host.diffusion.guidance import MOMENTUM, Guidance, guide
from engine_host.diffusion.plan import Plan, birth_latent, make_plan, untouched
from engine_host.diffusion.request import Request
from engine_host.diffusion.solver import (
    DcwPart,
    Hold,
    Mask,
    Morph,
    StepInputs,
    Stochastic,
    enter,
    take_step,
)
from engine_host.diffusion.stacked import stack_dcw
from engine_host.diffusion.step_state import StepState

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
    run = _Run(request, plan, draw, initial, _mask(request, initial, draw))
    negative, running = initial, torch.zeros_like(initial)
    x = birth_latent(request, plan, initial[0]).unsqueeze(0)
    for i in range(plan.steps):
        state, t = request.step_cell.current, _cell(plan.times[i], initial)
        with torch.no_grad():
            x = enter(x, t, run.mask)
            hear = partial(_hear, velocity, rows, _gained(x, state), t.view(1), state.adapters)
            v = _wanted(run, i, hear)
            if request.runs_negative(i):
                negative = hear(request.negative)
            if request.guidance != "off":
                v, running = guide(v, negative, running, _guidance(state, x))
            x = take_step(x, v, _inputs(run, state, i))
        yield x[0]


@dataclass(frozen=True, eq=False)
class _Run:
    """What stays the same from step to step; ``initial`` is the initial noise ``[1, T, C]``."""

    request: Request
    plan: Plan
    draw: Draw
    initial: Tensor
    mask: Mask | None


def _keyed(request: Request, channels: int | None, device: torch.device | None) -> Draw:
    width = request.channels if request.channels is not None else channels
    if width is None:
        raise ValueError("channels: needed for a request without any latent")
    return lambda step: noise.normal([request.key], step, request.frames, width, device)


def _hear(
    velocity: VelocityFn,
    rows: int,
    x: Tensor,
    t: Tensor,
    adapters: Tensor | None,
    condition: object,
) -> Tensor:
    strengths = None if adapters is None else adapters.to(x).unsqueeze(0)
    return padded_velocity(velocity, Rows(x, t, [condition], strengths), rows)


def _gained(x: Tensor, state: StepState) -> Tensor:
    return x if state.channel_gain is None else x * state.channel_gain.to(x)


def _wanted(run: _Run, i: int, hear: Callable[[object], Tensor]) -> Tensor:
    """The blend of the conditions that are active at step ``i``; 0 where none is."""
    parts = [part for part in run.request.parts if part.active(i, run.plan.steps)]
    if not parts:
        return torch.zeros_like(run.initial)
    curves = [part.curve(run.request.frames) for part in parts]
    weights = [curve.to(run.initial).unsqueeze(0) for curve in curves]
    return blend([hear(part.condition) for part in parts], weights)


def _guidance(state: StepState, like: Tensor) -> Guidance:
    def curve(values: Tensor | None, neutral: float) -> Tensor:
        return _curve(torch.full((state.frames,), neutral) if values is None else values, like)

    return Guidance(
        scale=curve(state.guidance, 1.0),
        rescale=curve(state.guidance_rescale, 0.0),
        momentum=curve(state.apg_momentum, MOMENTUM),
    )


def _mask(request: Request, like: Tensor, draw: Draw) -> Mask | None:
    if request.mask is None or request.kept is None:
        return None
    original = request.kept.to(like).unsqueeze(0)
    return Mask(_curve(request.mask, like), original, draw(noise.MASK_STEP))


def _inputs(run: _Run, state: StepState, i: int) -> StepInputs:
    request, plan, initial = run.request, run.plan, run.initial
    source = initial if request.source is None else request.source.to(initial).unsqueeze(0)
    noisy = i + 1 < plan.steps and (request.solver == "sde" or state.adds_noise)
    return StepInputs(
        t=_cell(plan.times[i], initial),
        t_next=_cell(plan.times[i + 1], initial),
        fresh=run.draw(noise.FIRST_SOLVER_STEP + i) if noisy else None,
        mask=run.mask,
        velocity_scale=_curve(state.velocity, initial),
        morph=_morph(request, state, plan.gates[i], initial),
        stochastic=_stochastic(request, state, source),
        ode_noise=_curve(state.ode_noise, initial) if noisy else None,
        dcw=() if state.dcw is None else (DcwPart(None, stack_dcw([state.dcw], initial[0])),),
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

"""From a plan to the ring's request: sources encoded, conditions built. Encode thread; deterministic."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from engine_host.diffusion.noise import NoiseKey
from engine_host.diffusion.request import MorphGate, Request, StepCell, Weighted
from engine_host.models.interface import ConditionInput, Model
from engine_host.stream.encodes import Encodes
from engine_host.stream.hearing import frame_notes, grid_frames
from engine_host.stream.live_input import LiveWindow
from engine_host.stream.plan import Curve, Plan
from engine_host.stream.sources import Placement

SILENCE_DB = -90.0


def prepare(
    plan: Plan,
    model: Model,
    earlier: torch.Tensor | None = None,
    encodes: Encodes | None = None,
) -> Request:
    """The request of a plan, its tag and step cell still to be set at birth.

    ``earlier [T, C]`` is the finished latent that feedback mixes into the source; ``encodes`` keeps
    the model's encoded sources from one request to the next.
    """
    settings = plan.settings
    encodes = encodes or Encodes(model)
    source = _encoded(plan.source, plan, encodes)
    told = _told(plan, encodes, source)
    guidance = plan.choice("guidance_mode")
    return Request(
        tag=None,
        key=NoiseKey(int(plan.value("seed")), 0, plan.frames.places()),
        frames=plan.frames.count,
        condition=model.condition(told),
        step_cell=StepCell(plan.step_state(settings.state)),
        steps=int(plan.value("steps")),
        shift=plan.value("shift"),
        denoise=_number_or_curve(plan.denoise()),
        denoise_law=plan.choice("denoise_law"),  # type: ignore[arg-type]
        steps_law=plan.choice("steps_law"),  # type: ignore[arg-type]
        schedule=model.schedule,
        source=_with_feedback(source, earlier, plan.value("feedback")),
        target=_target(plan, encodes, source),
        initial_noise=_moving(plan, "initial_noise") if source is not None else None,
        solver=plan.choice("solver"),  # type: ignore[arg-type]
        gate=_gate(plan),
        conditions=_conditions(plan, model, told),
        guidance=guidance,  # type: ignore[arg-type]
        negative=_negative(plan, model, told) if guidance in ("full", "initialize") else None,
        mask=told.mask,
        original=source if told.mask is not None else None,
    )


def _told(plan: Plan, encodes: Encodes, source: torch.Tensor | None) -> ConditionInput:
    """What the model is told; its prompt is that of the settings."""
    settings, frames = plan.settings, plan.frames
    audio = _window_audio(plan.source, plan)
    blend = plan.curves["prompt_blend"]
    still = bool(np.all(blend == blend[0]))
    return ConditionInput(
        prompt=settings.prompt,
        grid=grid_frames(frames),
        seed=int(plan.value("seed")),
        notes=None if settings.notes is None else frame_notes(frames, settings.notes),
        source=source,
        source_level_db=None if audio is None else _level_db(audio),
        prompt_b=settings.prompt_b,
        blend=float(blend[0]) if still else 0.0,
        blend_law=plan.choice("prompt_blend_law"),  # type: ignore[arg-type]
        structure=_encoded(settings.structure, plan, encodes),
        structure_strength=plan.value("structure_strength"),
        timbre=_encoded(settings.timbre, plan, encodes),
        timbre_strength=plan.value("timbre_strength"),
        mask=_moving(plan, "mask") if source is not None else None,
        adapters=settings.adapters,
    )


def _conditions(plan: Plan, model: Model, told: ConditionInput) -> tuple[Weighted, ...]:
    """Several prompts with their weights; a blend that moves is two prompts, weighed by frame."""
    if plan.settings.conditions:
        return tuple(
            Weighted(
                model.condition(replace(told, prompt=entry.text, blend=0.0)),
                torch.from_numpy(weight),
                entry.start,
                entry.stop,
            )
            for entry, weight in zip(plan.settings.conditions, plan.weights, strict=True)
        )
    blend = plan.curves["prompt_blend"]
    if bool(np.all(blend == blend[0])):
        return ()
    second = model.condition(replace(told, prompt=plan.settings.prompt_b))
    first = model.condition(told)
    return (
        Weighted(first, torch.from_numpy(1 - blend)),
        Weighted(second, torch.from_numpy(blend)),
    )


def _negative(plan: Plan, model: Model, told: ConditionInput) -> object:
    words = plan.settings.negative
    return model.condition(replace(told, prompt=words, blend=0.0, negative=True))


def _gate(plan: Plan) -> MorphGate:
    if plan.choice("morph_gate") == "ramp":
        return MorphGate.ramp(plan.value("morph_gate_from"))
    return MorphGate.half()


def _with_feedback(
    source: torch.Tensor | None, earlier: torch.Tensor | None, amount: float
) -> torch.Tensor | None:
    if source is None or earlier is None or not amount:
        return source
    return (1 - amount) * source + amount * earlier


def _target(plan: Plan, encodes: Encodes, source: torch.Tensor | None) -> torch.Tensor | None:
    encoded = _encoded(plan.settings.target, plan, encodes)
    return source if encoded is None else encoded


def _moving(plan: Plan, name: str) -> torch.Tensor | None:
    """A curve, None where it is 1 throughout."""
    return None if bool(np.all(plan.curves[name] == 1.0)) else plan.tensor(name)


def _number_or_curve(values: Curve) -> float | torch.Tensor:
    still = bool(np.all(values == values[0]))
    return float(values[0]) if still else torch.from_numpy(values)


def _encoded(
    placement: Placement | LiveWindow | None, plan: Plan, encodes: Encodes
) -> torch.Tensor | None:
    audio = _window_audio(placement, plan)
    if placement is None or audio is None:
        return None
    return encodes.latents(placement, plan.frames, audio)


def _window_audio(placement: Placement | LiveWindow | None, plan: Plan) -> Curve | None:
    """``[count * samples_per_frame, 2]`` at the model's rate, following the window's runs."""
    if placement is None:
        return None
    if isinstance(placement, LiveWindow):
        return placement.window_audio()
    frames = plan.frames
    rate, per_frame = frames.geometry.sample_rate_hz, frames.geometry.samples_per_frame
    out = np.zeros((frames.count * per_frame, 2), dtype=np.float32)
    for begin, first_frame, end_frame in frames.runs():
        low, high = round(first_frame * per_frame), round(end_frame * per_frame)
        out[low:high] = placement.read(frames.grid, round(begin * rate), high - low, rate)
    return out


def _level_db(audio: Curve) -> float:
    power = float(np.mean(np.square(audio, dtype=np.float64)))
    return max(SILENCE_DB, 10 * float(np.log10(power + 1e-12)))

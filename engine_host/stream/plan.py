"""From a window and the settings to one generation's request.

A plan is everything a generation depends on, sampled; its digests tell which generations are the
same, so that what has been rendered is not rendered again.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch

from bridge_protocol.parameters import PARAMETERS, ParameterSpec, PropagationClass, parameter
from engine_host.diffusion.noise import NoiseKey
from engine_host.diffusion.request import Request, StepCell, StepState
from engine_host.models.interface import ConditionInput, Model
from engine_host.stream.hearing import frame_notes, grid_frames
from engine_host.stream.settings import Settings
from engine_host.stream.sources import Placement
from engine_host.stream.windows import Frames

Curve = npt.NDArray[np.float32]
SILENCE_DB = -90.0

_SUBMISSION_VALUES = tuple(
    spec for spec in PARAMETERS if spec.propagation is PropagationClass.SUBMISSION
)
_STEP_CURVES = tuple(spec for spec in PARAMETERS if spec.propagation is PropagationClass.STEP)
_SUBMISSION_CURVES = ("denoise", "initial_noise")


@dataclass(frozen=True, eq=False)
class Plan:
    """One generation to be: its frames, its settings and what the curves are in that window.

    ``submission`` and ``step`` are digests of what those two classes of parameter say here.
    """

    frames: Frames
    settings: Settings
    curves: dict[str, Curve]
    submission: bytes
    step: bytes

    def denoise(self) -> Curve:
        """``[T]``; 1 everywhere where there is no source to leave."""
        if self.settings.source is None:
            return np.ones(self.frames.count, dtype=np.float32)
        return self.curves["denoise"]

    def step_state(self, revision: int) -> StepState:
        """The step-class curves as the ring reads them."""
        return StepState(
            revision=revision,
            sde_blend=torch.from_numpy(self.curves["sde_blend"]),
            morph=torch.from_numpy(self.curves["morph"]),
            velocity=torch.from_numpy(self.curves["velocity"]),
            ode_noise=torch.from_numpy(self.curves["ode_noise"]),
        )


def make_plan(frames: Frames, settings: Settings) -> Plan:
    """Samples every lane at its exact frames: frame ``context`` has the bar line's own value."""
    seconds = frames.seconds()
    names = [spec.name for spec in _STEP_CURVES] + list(_SUBMISSION_CURVES)
    curves = {name: curve(parameter(name), settings, frames, seconds) for name in names}
    return Plan(
        frames,
        settings,
        curves,
        _submission_digest(frames, settings, curves),
        _digest([curves[spec.name].tobytes() for spec in _STEP_CURVES]),
    )


def curve(
    spec: ParameterSpec, settings: Settings, frames: Frames, seconds: npt.NDArray[np.float64]
) -> Curve:
    """A parameter's value at the given song times, clipped to its range."""
    return value_at(spec, settings, frames.grid, seconds)


def value_at(
    spec: ParameterSpec, settings: Settings, grid: object, seconds: npt.NDArray[np.float64]
) -> Curve:
    """See :func:`curve`; ``grid`` is the BarGrid whose tempo places the lanes."""
    entry = settings.lanes.get(spec.name)
    if entry is None:
        return np.full(len(seconds), settings.values[spec.name], dtype=np.float32)
    values = entry.lane.evaluate(grid.tempo, seconds)  # type: ignore[attr-defined]
    return np.clip(values, spec.minimum, spec.maximum).astype(np.float32)


def prepare(plan: Plan, model: Model, tag: object, cell: StepCell) -> Request:
    """Encodes the sources and builds the condition. Encode thread; deterministic."""
    settings, frames = plan.settings, plan.frames
    source_audio = _window_audio(settings.source, frames)
    source = None if source_audio is None else model.encode(torch.from_numpy(source_audio.T.copy()))
    target = _target(plan, model, source)
    condition = model.condition(
        ConditionInput(
            prompt=settings.prompt,
            grid=grid_frames(frames),
            seed=int(settings.values["seed"]),
            notes=None if settings.notes is None else frame_notes(frames, settings.notes),
            source=source,
            source_level_db=None if source_audio is None else _level_db(source_audio),
        )
    )
    values = settings.values
    return Request(
        tag=tag,
        key=NoiseKey(int(values["seed"]), frames.window.noise_generation),
        frames=frames.count,
        condition=condition,
        step_cell=cell,
        steps=int(values["steps"]),
        shift=float(values["shift"]),
        denoise=_scalar_or_curve(plan.denoise()),
        denoise_law="stepped" if values["denoise_law"] else "continuous",
        steps_law="proportional" if values["steps_law"] else "constant",
        source=source,
        target=target,
        initial_noise=_initial_noise(plan, source),
        solver=_solver(settings),
    )


def _solver(settings: Settings) -> Literal["ode", "sde"]:
    return "sde" if settings.values["solver"] else "ode"


def _target(plan: Plan, model: Model, source: torch.Tensor | None) -> torch.Tensor | None:
    audio = _window_audio(plan.settings.target, plan.frames)
    return source if audio is None else model.encode(torch.from_numpy(audio.T.copy()))


def _initial_noise(plan: Plan, source: torch.Tensor | None) -> torch.Tensor | None:
    values = plan.curves["initial_noise"]
    if source is None or bool(np.all(values == 1.0)):
        return None
    return torch.from_numpy(values)


def _scalar_or_curve(values: Curve) -> float | torch.Tensor:
    first = float(values[0])
    return first if bool(np.all(values == values[0])) else torch.from_numpy(values)


def _window_audio(placement: Placement | None, frames: Frames) -> Curve | None:
    """``[count * samples_per_frame, 2]`` at the model's rate, following the window's runs."""
    if placement is None:
        return None
    rate, per_frame = frames.geometry.sample_rate_hz, frames.geometry.samples_per_frame
    out = np.zeros((frames.count * per_frame, 2), dtype=np.float32)
    for begin, first_frame, end_frame in frames.runs():
        low, high = round(first_frame * per_frame), round(end_frame * per_frame)
        out[low:high] = placement.read(frames.grid, round(begin * rate), high - low, rate)
    return out


def _level_db(audio: Curve) -> float:
    power = float(np.mean(np.square(audio, dtype=np.float64)))
    return max(SILENCE_DB, 10 * float(np.log10(power + 1e-12)))


def _submission_digest(frames: Frames, settings: Settings, curves: dict[str, Curve]) -> bytes:
    parts = [repr(frames.window).encode(), settings.prompt.encode()]
    parts += [
        repr(settings.values[spec.name]).encode()
        for spec in _SUBMISSION_VALUES
        if spec.name not in _SUBMISSION_CURVES
    ]
    parts += [curves[name].tobytes() for name in _SUBMISSION_CURVES]
    for placement in (settings.source, settings.target):
        parts.append(repr(placement.key() if placement else None).encode())
    notes = settings.notes
    parts.append(repr(None if notes is None else frame_notes(frames, notes)).encode())
    return _digest(parts)


def _digest(parts: list[bytes]) -> bytes:
    hasher = hashlib.sha256()
    for part in parts:
        hasher.update(len(part).to_bytes(8, "little"))
        hasher.update(part)
    return hasher.digest()

"""What one generation is asked for: everything that is fixed at its birth."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from engine_host.diffusion.conditions import Weighted
from engine_host.diffusion.guidance import GuidanceMode
from engine_host.diffusion.noise import NoiseKey
from engine_host.diffusion.schedule import DenoiseLaw, Schedule, StepsLaw, Times
from engine_host.diffusion.step_state import StepCell, StepState

__all__ = ["MorphGate", "Request", "Solver", "StepCell", "StepState", "Weighted"]

Solver = Literal["ode", "sde"]

_LATENTS = ("source", "target", "original")


@dataclass(frozen=True)
class MorphGate:
    """When the morph pulls: ``MorphGate.half()`` or ``MorphGate.ramp(g0)`` (arXiv 2605.28657).

    ``ramp_from`` is None for the half gate, else ``g0`` in [0, 1). Raises ValueError outside.
    """

    ramp_from: float | None = None

    def __post_init__(self) -> None:
        if self.ramp_from is not None and not 0.0 <= self.ramp_from < 1.0:
            raise ValueError(f"ramp gate: want 0 <= g0 < 1, got {self.ramp_from}")

    @classmethod
    def half(cls) -> MorphGate:
        """0 before step S/2, 1 from there."""
        return cls()

    @classmethod
    def ramp(cls, g0: float) -> MorphGate:
        """``max(0, p - g0) / (1 - g0)`` with ``p = i / (S - 1)``: 1 at the last step."""
        return cls(ramp_from=g0)

    def values(self, steps: int) -> Times:
        """The gate at each of ``steps`` steps, float64 ``[steps]``."""
        if self.ramp_from is None:
            return (2 * np.arange(steps) >= steps).astype(np.float64)
        progress = np.linspace(0.0, 1.0, steps) if steps > 1 else np.ones(1)
        return np.maximum(0.0, progress - self.ramp_from) / (1.0 - self.ramp_from)


@dataclass(frozen=True, eq=False)
class Request:
    """One generation of ``frames`` latent frames (``T``). Immutable; compared by identity.

    ``tag`` and ``condition`` are opaque: the first comes back in reports, the second goes to the
    velocity. ``denoise`` in [0, 1] is a number or a curve ``[T]``, where each frame joins at its
    own start; it needs a ``source [T, C]`` and is ignored without one. 0 everywhere returns the
    source untouched. ``target [T, C]`` is what the morph pulls to. ``initial_noise [T]`` replaces
    the start's own mixture of noise and source. ``step_cell`` is read anew at every step.
    ``schedule`` is the model's own; None is the shifted one.

    ``conditions``, where there are any, take the place of ``condition``. ``guidance`` says where the
    negative velocity comes from; ``negative`` is its condition in the modes that run one. ``mask
    [T]`` (1 = generate, 0 = keep) keeps ``original [T, C]``, or the source where that is None.

    Raises ValueError on a value outside its range or a tensor of another shape. Any thread.
    """

    tag: object
    key: NoiseKey
    frames: int
    condition: object
    step_cell: StepCell
    steps: int = 8
    shift: float = 3.0
    denoise: float | Tensor = 1.0
    denoise_law: DenoiseLaw = "continuous"
    steps_law: StepsLaw = "constant"
    schedule: Schedule | None = None
    source: Tensor | None = None
    target: Tensor | None = None
    initial_noise: Tensor | None = None
    solver: Solver = "ode"
    gate: MorphGate = field(default_factory=MorphGate.half)
    conditions: tuple[Weighted, ...] = ()
    guidance: GuidanceMode = "off"
    negative: object = None
    mask: Tensor | None = None
    original: Tensor | None = None

    def __post_init__(self) -> None:
        _check(self.frames >= 1, "frames", "at least 1", self.frames)
        _check(self.steps >= 1, "steps", "at least 1", self.steps)
        _check(0.0 < self.shift < math.inf, "shift", "a positive number", self.shift)
        _check_unit("denoise", self.denoise, self.frames)
        for name in ("initial_noise", "mask"):
            if getattr(self, name) is not None:
                _check_unit(name, getattr(self, name), self.frames)
        kept = self.mask is None or self.kept is not None
        _check(kept, "original", "an original or a source where there is a mask", None)
        for part in self.conditions:
            shape = list(torch.as_tensor(part.weight).shape)
            fits = shape in ([], [self.frames])
            _check(fits, "conditions", f"weights that are numbers or [{self.frames}]", shape)
        _check_latents(self)
        state = self.step_cell.current
        _check(state.frames == self.frames, "step_cell", f"{self.frames} frames", state.frames)

    @property
    def kept(self) -> Tensor | None:
        """What the mask keeps ``[T, C]``."""
        return self.source if self.original is None else self.original

    @property
    def parts(self) -> tuple[Weighted, ...]:
        """All conditions with their weights."""
        return self.conditions or (Weighted(self.condition),)

    def runs_negative(self, step: int) -> bool:
        """Whether this step needs a forward of the negative condition."""
        return self.guidance == "full" or (self.guidance == "initialize" and step == 0)

    @property
    def channels(self) -> int | None:
        """``C`` as its latents say it; None where it carries none."""
        given = [getattr(self, name) for name in _LATENTS if getattr(self, name) is not None]
        return given[0].shape[-1] if given else None


def _check(holds: bool, name: str, want: str, got: object) -> None:
    if not holds:
        raise ValueError(f"{name}: want {want}, got {got}")


def _check_unit(name: str, value: float | Tensor, frames: int) -> None:
    """Refuse a number or a curve that leaves [0, 1] (NaN does) or a curve of another length."""
    curve = torch.as_tensor(value)
    shape = list(curve.shape)
    _check(shape in ([], [frames]), name, f"a number or [{frames}]", shape)
    inside = bool(((curve >= 0.0) & (curve <= 1.0)).all())
    _check(inside, name, "values in [0, 1]", value)


def _check_latents(request: Request) -> None:
    for name in _LATENTS:
        latent = getattr(request, name)
        if latent is None:
            continue
        shape = list(latent.shape)
        _check(shape == [request.frames, request.channels], name, f"[{request.frames}, C]", shape)

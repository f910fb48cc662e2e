"""The parameters that are heard at the very next tick, and the cell through which they arrive."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

_CURVES = ("sde_blend", "morph", "velocity", "ode_noise")


@dataclass(frozen=True, eq=False)
class StepState:
    """One revision of a slot's step-class curves, each ``[T]`` float32 over latent frames.

    ``sde_blend``: 1 = the model's own estimate, 0 = the source. ``morph``: strength of the pull to
    the target. ``velocity``: scale, 1 = as the model says. ``ode_noise``: noise added per step.
    Immutable; the three flags are worked out here, by the thread that makes the state, so that the
    tick thread never has to look into a tensor. Raises ValueError on a curve of another shape.
    """

    revision: int
    sde_blend: Tensor
    morph: Tensor
    velocity: Tensor
    ode_noise: Tensor
    morphs: bool = field(init=False)
    scales_velocity: bool = field(init=False)
    adds_noise: bool = field(init=False)

    def __post_init__(self) -> None:
        for name in _CURVES:
            _check_curve(name, getattr(self, name), self.frames)
        object.__setattr__(self, "morphs", bool((self.morph != 0.0).any()))
        object.__setattr__(self, "scales_velocity", bool((self.velocity != 1.0).any()))
        object.__setattr__(self, "adds_noise", bool((self.ode_noise != 0.0).any()))

    @classmethod
    def plain(cls, frames: int, revision: int = 0) -> StepState:
        """The state that changes nothing, for ``frames`` latent frames."""
        zero, one = torch.zeros(frames), torch.ones(frames)
        return cls(revision, sde_blend=one, morph=zero, velocity=one, ode_noise=zero)

    @property
    def frames(self) -> int:
        """``T`` of every curve."""
        return self.sde_blend.shape[0]


def _check_curve(name: str, curve: Tensor, frames: int) -> None:
    if curve.shape != (frames,) or curve.dtype != torch.float32:
        raise ValueError(f"{name}: want float32 [{frames}], got {curve.dtype} {[*curve.shape]}")


class StepCell:
    """Where a slot reads its step state at each tick. Any thread may replace it, whole.

    Assigning ``current`` is one reference swap: a tick sees the old state or the new one, never a
    mixture, and neither side waits.
    """

    __slots__ = ("current",)

    def __init__(self, current: StepState) -> None:
        self.current = current

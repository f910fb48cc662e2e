"""The parameters that are heard at the very next tick, and the cell through which they arrive."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from engine_host.diffusion.dcw import Dcw

_CURVES = ("sde_blend", "morph", "velocity", "ode_noise")
_OPTIONAL_CURVES = ("guidance", "guidance_rescale", "apg_momentum")


@dataclass(frozen=True, eq=False)
class StepState:
    """One revision of a slot's step-class curves, each ``[T]`` float32 over latent frames.

    ``sde_blend``: 1 = the model's own estimate, 0 = the source. ``morph``: strength of the pull to
    the target. ``velocity``: scale, 1 = as the model says. ``ode_noise``: noise added per step.
    The rest may be None, which changes nothing: ``guidance`` (scale, 1 = unguided),
    ``guidance_rescale`` (0 = none) and ``apg_momentum`` are curves, heard by guided requests only;
    ``channel_gain [C]`` or ``[T, C]`` acts on the model's input; ``dcw`` as in ``dcw.py``;
    ``adapters [P, T]`` are the strengths of the condition's adapters, place by place.
    Immutable; the three flags are worked out here, by the thread that makes the state, so that the
    tick thread never has to look into a tensor. Raises ValueError on a curve of another shape.
    """

    revision: int
    sde_blend: Tensor
    morph: Tensor
    velocity: Tensor
    ode_noise: Tensor
    guidance: Tensor | None = None
    guidance_rescale: Tensor | None = None
    apg_momentum: Tensor | None = None
    channel_gain: Tensor | None = None
    dcw: Dcw | None = None
    adapters: Tensor | None = None
    morphs: bool = field(init=False)
    scales_velocity: bool = field(init=False)
    adds_noise: bool = field(init=False)

    def __post_init__(self) -> None:
        for name in _CURVES:
            _check_curve(name, getattr(self, name), self.frames)
        for name in _OPTIONAL_CURVES:
            if getattr(self, name) is not None:
                _check_curve(name, getattr(self, name), self.frames)
        _check_gain(self.channel_gain, self.frames)
        _check_dcw(self.dcw, self.frames)
        for place, strength in enumerate(() if self.adapters is None else self.adapters):
            _check_curve(f"adapters[{place}]", strength, self.frames)
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


def _check_gain(gain: Tensor | None, frames: int) -> None:
    if gain is not None and not (gain.ndim == 1 or (gain.ndim == 2 and len(gain) == frames)):
        raise ValueError(f"channel_gain: want [C] or [{frames}, C], got {[*gain.shape]}")


def _check_dcw(dcw: Dcw | None, frames: int) -> None:
    for scale in () if dcw is None else (dcw.scale, dcw.high_scale):
        if isinstance(scale, Tensor) and list(scale.shape) not in ([], [frames]):
            raise ValueError(f"dcw: want a number or [{frames}], got {[*scale.shape]}")


class StepCell:
    """Where a slot reads its step state at each tick. Any thread may replace it, whole.

    Setting ``current`` is one reference swap: a tick sees the old state or the new one, never a
    mixture, and neither side waits. Raises ValueError, in the thread that sets it, on a state that
    would not fit the slots that read it: other frames, or a gain of other channels once ``fit``
    has said how many there are.
    """

    __slots__ = ("_channels", "_current")

    def __init__(self, current: StepState) -> None:
        self._channels: int | None = None
        self._current = current

    @property
    def current(self) -> StepState:
        """The newest state."""
        return self._current

    @current.setter
    def current(self, state: StepState) -> None:
        if state.frames != self._current.frames:
            raise ValueError(f"state: want {self._current.frames} frames, got {state.frames}")
        _check_channels(state, self._channels)
        self._current = state

    def fit(self, channels: int) -> None:
        """Accept only states for ``channels`` from now on; ValueError if the current one isn't."""
        _check_channels(self._current, channels)
        self._channels = channels


def _check_channels(state: StepState, channels: int | None) -> None:
    gain = state.channel_gain
    if gain is not None and channels is not None and gain.shape[-1] != channels:
        raise ValueError(f"channel_gain: want {channels} channels, got {gain.shape[-1]}")

"""Everything one generation depends on, sampled from the settings for one window.

Its digests tell which generations are the same, so that what has been rendered is not rendered
again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from bridge_protocol.bars import BarGrid
from bridge_protocol.parameters import (
    GAIN_GROUPS,
    LORA_PLACES,
    PARAMETERS,
    ParameterSpec,
    PropagationClass,
    gain_channel,
    parameter,
)
from engine_host.diffusion.dcw import Dcw
from engine_host.diffusion.request import StepState
from engine_host.stream.hearing import frame_notes
from engine_host.stream.live_input import LivePlacement, LiveWindow
from engine_host.stream.playline import Leg
from engine_host.stream.settings import Settings
from engine_host.stream.sources import Placement
from engine_host.stream.windows import Frames

Curve = npt.NDArray[np.float32]

_STEP = tuple(s for s in PARAMETERS if s.propagation is PropagationClass.STEP)
_SUBMISSION = tuple(s for s in PARAMETERS if s.propagation is PropagationClass.SUBMISSION)
_CURVES = tuple(spec for spec in (*_STEP, *_SUBMISSION) if spec.lane)
_STRENGTHS = tuple(f"lora_{place}" for place in range(1, LORA_PLACES + 1))


@dataclass(frozen=True, eq=False)
class Plan:
    """One generation to be: its frames, its settings and what the curves are in that window.

    ``submission`` and ``step`` are digests of what those two classes of parameter say here. ``lap``
    tells the passes of a loop apart where feedback makes each one another; else it is 0.
    """

    frames: Frames
    settings: Settings
    curves: dict[str, Curve]
    gains: dict[int, Curve]  # single channels (from 0) whose gain is not 1 throughout
    weights: tuple[Curve, ...]  # of the settings' conditions
    lap: int
    source: Placement | LiveWindow | None
    submission: bytes
    step: bytes

    def denoise(self) -> Curve:
        """``[T]``; 1 everywhere where there is no source to leave; 0 where a live input was silent."""
        if self.source is None:
            return np.ones(self.frames.count, dtype=np.float32)
        if isinstance(self.source, LiveWindow) and self.source.silent:
            return np.zeros(self.frames.count, dtype=np.float32)
        return self.curves["denoise"]

    @property
    def waits(self) -> bool:
        """Whether what it is made from has not all been played yet."""
        return isinstance(self.source, LiveWindow) and not self.source.complete

    def value(self, name: str) -> float:
        """A parameter that is no curve."""
        return self.settings.value(parameter(name))

    def choice(self, name: str) -> str:
        """A choice, by its word."""
        spec = parameter(name)
        return spec.choices[int(self.settings.value(spec))]

    def tensor(self, name: str) -> torch.Tensor:
        """A curve, as the ring reads it."""
        return torch.from_numpy(self.curves[name])

    def step_state(self, revision: int) -> StepState:
        """The step-class curves as the ring reads them."""
        return StepState(
            revision=revision,
            sde_blend=self.tensor("sde_blend"),
            morph=self.tensor("morph"),
            velocity=self.tensor("velocity"),
            ode_noise=self.tensor("ode_noise"),
            guidance=self.tensor("guidance"),
            guidance_rescale=self.tensor("guidance_rescale"),
            apg_momentum=self.tensor("apg_momentum"),
            channel_gain=self._channel_gain(),
            dcw=self._dcw(),
            adapters=self._strengths(),
        )

    def _strengths(self) -> torch.Tensor | None:
        """``[P, T]`` of all places; None where no LoRA is in any."""
        if not self.settings.adapters:
            return None
        return torch.from_numpy(np.stack([self.curves[name] for name in _STRENGTHS]))

    def _channel_gain(self) -> torch.Tensor | None:
        """``[T, C]``: each eighth of the channels by its group's gain, times each channel's own."""
        groups = [self.curves[f"channel_gain_group_{g}"] for g in range(1, GAIN_GROUPS + 1)]
        if not self.gains and all(bool(np.all(curve == 1)) for curve in groups):
            return None
        channels = self.frames.geometry.latent_channels
        of_group = np.arange(channels) * GAIN_GROUPS // channels
        gain = np.stack([groups[group] for group in of_group], axis=1)
        for channel, curve in self.gains.items():
            gain[:, channel] *= curve
        return torch.from_numpy(gain)

    def _dcw(self) -> Dcw | None:
        mode = self.choice("dcw_mode")
        if mode == "off":
            return None
        return Dcw(
            mode=mode,  # type: ignore[arg-type]
            wavelet=self.choice("dcw_wavelet"),
            scale=self.tensor("dcw_scale"),
            high_scale=self.tensor("dcw_high_scale"),
            soft_threshold=self.value("dcw_soft_threshold"),
            multiplicative=self.value("dcw_multiplicative"),
            magnitude_phase=self.value("dcw_magnitude_phase"),
        )


def make_plan(frames: Frames, settings: Settings, leg: Leg | None = None) -> Plan:
    """Samples every lane at its exact frames: frame ``context`` has the bar line's own value.

    ``leg``: where on the path it is heard, for what is another sound in every pass.
    """
    seconds = frames.seconds()
    curves = {spec.name: value_at(spec, settings, frames.grid, seconds) for spec in _CURVES}
    gains = _single_gains(frames, settings, seconds)
    weights = tuple(
        np.full(frames.count, c.weight, dtype=np.float32)
        if c.lane is None
        else c.lane.evaluate(frames.grid.tempo, seconds).astype(np.float32)
        for c in settings.conditions
    )
    told_lap = leg.lap if leg and settings.value(parameter("feedback")) else 0
    source = settings.source
    heard = source.bound(frames, leg) if leg and isinstance(source, LivePlacement) else source
    assert not isinstance(heard, LivePlacement)
    submission = _submission_parts(frames, settings, heard, curves, weights)
    return Plan(
        frames=frames,
        settings=settings,
        curves=curves,
        gains=gains,
        weights=weights,
        lap=told_lap,
        source=heard,
        submission=_digest([*submission, repr(told_lap).encode()]),
        step=_digest(_step_parts(settings, curves, gains)),
    )


def value_at(
    spec: ParameterSpec, settings: Settings, grid: BarGrid, seconds: npt.NDArray[np.float64]
) -> Curve:
    """A parameter's value at the given song times, clipped to its range."""
    lane = settings.lane(spec)
    if lane is None:
        return np.full(len(seconds), settings.value(spec), dtype=np.float32)
    values = lane.evaluate(grid.tempo, seconds)
    return np.clip(values, spec.minimum, spec.maximum).astype(np.float32)


def _single_gains(
    frames: Frames, settings: Settings, seconds: npt.NDArray[np.float64]
) -> dict[int, Curve]:
    found: dict[int, Curve] = {}
    for name in {*settings.values, *settings.lanes}:
        channel = gain_channel(name)
        if channel is not None and channel <= frames.geometry.latent_channels:
            curve = value_at(parameter(name), settings, frames.grid, seconds)
            if not bool(np.all(curve == 1)):
                found[channel - 1] = curve
    return dict(sorted(found.items()))


def _step_parts(
    settings: Settings, curves: dict[str, Curve], gains: dict[int, Curve]
) -> Iterable[bytes]:
    for spec in _STEP:
        yield curves[spec.name].tobytes() if spec.lane else repr(settings.value(spec)).encode()
    for channel, curve in gains.items():
        yield channel.to_bytes(4, "little") + curve.tobytes()


def _submission_parts(
    frames: Frames,
    settings: Settings,
    source: Placement | LiveWindow | None,
    curves: dict[str, Curve],
    weights: tuple[Curve, ...],
) -> Iterable[bytes]:
    yield repr(frames.window).encode()
    yield repr((settings.prompt, settings.prompt_b, settings.negative)).encode()
    yield repr(settings.adapters).encode()
    for spec in _SUBMISSION:
        yield curves[spec.name].tobytes() if spec.lane else repr(settings.value(spec)).encode()
    for condition, weight in zip(settings.conditions, weights, strict=True):
        yield repr((condition.text, condition.start, condition.stop)).encode() + weight.tobytes()
    for placement in (source, settings.target, settings.structure, settings.timbre):
        yield repr(placement.key() if placement else None).encode()
    notes = settings.notes
    yield repr(None if notes is None else frame_notes(frames, notes)).encode()


def _digest(parts: Iterable[bytes]) -> bytes:
    hasher = hashlib.sha256()
    for part in parts:
        hasher.update(len(part).to_bytes(8, "little"))
        hasher.update(part)
    return hasher.digest()

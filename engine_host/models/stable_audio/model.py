"""Stable Audio 3 behind the engine's interface."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch
from diffusers import StableAudio3DiTModel
from diffusers.pipelines.stable_audio_3.modeling_stable_audio_3 import StableAudio3DurationEmbedder
from torch import Tensor

from engine_host.accel.runner import thread_words
from engine_host.models.blend import lerp, slerp
from engine_host.models.interface import (
    Capability,
    ConditionInput,
    Geometry,
    PromptReading,
    Schedule,
)
from engine_host.models.stable_audio.codec import Codec
from engine_host.models.stable_audio.inpainting import kept_frames, stacked_local
from engine_host.models.stable_audio.schedule import logsnr_times
from engine_host.models.stable_audio.text import PromptEncoder

CAPABILITIES: frozenset[Capability] = frozenset({"text", "source", "inpaint"})
_BLENDS = {"slerp": slerp, "lerp": lerp}


@dataclass(frozen=True, eq=False)
class StableAudioCondition:
    """One slot's condition: ``context [S, D]``, ``duration [D]``, ``local [1 + C + 1, T]`` or None."""

    context: Tensor
    duration: Tensor
    local: Tensor | None


@dataclass(frozen=True, eq=False)
class Network:
    """What runs at every step, on its device. ``time_scale``: what the transformer counts to for 1."""

    transformer: StableAudio3DiTModel
    duration_embedder: StableAudio3DurationEmbedder
    time_scale: float = 1.0

    @property
    def patch_frames(self) -> int:
        """Latent frames that the transformer hears as one."""
        return int(self.transformer.config.patch_size)

    @property
    def longest_seconds(self) -> float:
        """The longest duration that it can be told."""
        return float(self.duration_embedder.config.max_val)


@dataclass(frozen=True)
class _Stack:
    """The conditions of a batch, stacked; kept while the batch stays the same."""

    of: tuple[object, ...]
    context: Tensor
    duration: Tensor
    local: Tensor | None

    def is_of(self, conditions: Sequence[object]) -> bool:
        return len(self.of) == len(conditions) and all(
            mine is theirs for mine, theirs in zip(self.of, conditions, strict=True)
        )


@dataclass(eq=False)
class StableAudioModel:
    """A `engine_host.models.interface.Model`. Build it with `load_stable_audio`."""

    name: str
    codec: Codec
    text: PromptEncoder
    network: Network
    defaults: Mapping[str, float]
    _stack: _Stack | None = field(default=None, init=False)

    @property
    def geometry(self) -> Geometry:
        """From the checkpoint: 44.1 kHz stereo and 256 channels at 10.77 Hz where it is the published one."""
        codec = self.codec
        frames = self.network.longest_seconds * codec.sample_rate_hz / codec.samples_per_frame
        return Geometry(
            sample_rate_hz=codec.sample_rate_hz,
            audio_channels=codec.audio_channels,
            samples_per_frame=codec.samples_per_frame,
            latent_channels=codec.latent_channels,
            frame_multiple=self.network.patch_frames,
            decode_halo_frames=codec.halo_frames,
            longest_window_frames=int(frames),
        )

    @property
    def capabilities(self) -> frozenset[Capability]:
        """A prompt and a source, of which parts can be kept; neither the grid nor notes."""
        return CAPABILITIES

    @property
    def schedule(self) -> Schedule:
        """Even in log-SNR."""
        return logsnr_times

    @property
    def accelerator(self) -> str:
        """The device, and on a CPU its threads."""
        device = self.network.transformer.device
        threads = f", {thread_words(torch.get_num_threads())}" if device.type == "cpu" else ""
        return f"torch eager {device}{threads}"

    def read_prompt(self, prompt: str) -> PromptReading:
        """All of it is heard; RefusedError (LIMIT, ``text``) where it is too long. Any thread."""
        self.text.check(prompt)
        return PromptReading((prompt,) if prompt else (), ())

    def encode(self, audio: Tensor) -> Tensor:
        """``[A, N]`` -> ``[T, C]``, float32. Deterministic. Encode thread."""
        return self.codec.encode(audio)

    def decode(self, latents: Tensor, absolute_start_frame: int) -> Tensor:
        """``[T, C]`` -> ``[A, N]``, exact to rounding a halo away from the edges, wherever it lies in
        the song. Decode thread."""
        return self.codec.decode(latents)

    @torch.no_grad()
    def condition(self, given: ConditionInput) -> StableAudioCondition:
        """Text, the window's own length, and what is kept of the source. Deterministic. Encode thread."""
        states = self.text.states(given.prompt)
        if given.blend:
            other = self.text.states(given.prompt_b)
            states = _BLENDS[given.blend_law](states, other, given.blend)
        duration = self._duration(given.frames)
        context = torch.cat([states, duration[None].to(states)])
        return StableAudioCondition(context, duration, self._local(given))

    def _duration(self, frames: int) -> Tensor:
        seconds = torch.tensor([frames / self.geometry.frame_rate_hz], dtype=torch.float32)
        embedder = self.network.duration_embedder
        told: Tensor = embedder(seconds.to(embedder.device))[0]
        return told

    def _local(self, given: ConditionInput) -> Tensor | None:
        """None where nothing is kept, and where the transformer can't be told (it hears frames in
        patches; the solver keeps the source there all the same)."""
        if given.mask is None or self.network.patch_frames > 1:
            return None
        if given.source is None or given.source.shape[0] != given.frames:
            raise ValueError("a mask needs the source that it keeps, frame by frame")
        transformer = self.network.transformer
        kept = kept_frames(given.source, given.mask)
        return kept.to(transformer.device, transformer.dtype)

    @torch.no_grad()
    def velocity(
        self,
        x: Tensor,
        t: Tensor,
        conditions: Sequence[object],
        strengths: Tensor | None = None,
    ) -> Tensor:
        """``x [B, T, C]``, ``t [B]``, B conditions of T frames -> ``[B, T, C]`` as ``x`` is. Tick thread."""
        stack = self._stacked(conditions)
        transformer = self.network.transformer
        velocity: Tensor = transformer(
            x.transpose(1, 2).to(transformer.device, transformer.dtype).contiguous(),
            t.to(transformer.device, torch.float32) * self.network.time_scale,
            encoder_hidden_states=stack.context,
            global_hidden_states=stack.duration,
            local_add_cond=stack.local,
            return_dict=False,
        )[0]
        return velocity.transpose(1, 2).to(x).contiguous()

    def _stacked(self, conditions: Sequence[object]) -> _Stack:
        if self._stack is None or not self._stack.is_of(conditions):
            self._stack = _stack_of(conditions)
        return self._stack


def _stack_of(conditions: Sequence[object]) -> _Stack:
    own = [condition for condition in conditions if isinstance(condition, StableAudioCondition)]
    if len(own) != len(conditions):
        raise TypeError("these conditions were not made by Stable Audio")
    return _Stack(
        tuple(conditions),
        torch.stack([condition.context for condition in own]),
        torch.stack([condition.duration for condition in own]),
        stacked_local([condition.local for condition in own]),
    )

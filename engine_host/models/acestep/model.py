"""ACE-Step 1.5 behind the engine's interface.

What of it is not used: the tasks extract, lego and complete; semantic tokens written as text, and
the language model that plans them; a guidance that holds in a part of the schedule only; a cover's
second forward under the other instruction (``structure_strength`` blends the hints with silence
instead, at the cost of one). Guidance is for the base models: turbo has it in its weights.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import torch
from torch import Tensor

from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.parameters import parameter
from engine_host.accel.runner import thread_words
from engine_host.models.acestep.codec import Codec
from engine_host.models.acestep.conditions import (
    AceStepCondition,
    Words,
    blended,
    context_of,
    task_of,
)
from engine_host.models.acestep.config import AceStepConfig
from engine_host.models.acestep.prompt_text import read_text
from engine_host.models.acestep.prompts import Prompts
from engine_host.models.acestep.structure import Structure
from engine_host.models.acestep.template import metas_of
from engine_host.models.acestep.timbre import Timbre
from engine_host.models.acestep.velocity import Velocity
from engine_host.models.interface import (
    Adapters,
    Capability,
    ConditionInput,
    Geometry,
    PromptReading,
)
from engine_host.models.lora.shelf import LoraShelf

CAPABILITIES: frozenset[Capability] = frozenset(
    {"text", "lyrics", "timbre", "source", "inpaint", "lora"}
)
TURBO_DEFAULTS: Final[Mapping[str, float]] = MappingProxyType({"shift": 3.0, "steps": 8.0})
BASE_DEFAULTS: Final[Mapping[str, float]] = MappingProxyType(
    {
        "shift": 3.0,
        "steps": 32.0,
        "guidance": 7.0,
        "guidance_mode": float(parameter("guidance_mode").choices.index("full")),
    }
)


@dataclass(frozen=True, eq=False)
class AceStepParts:
    """What a model is made of. ``structure`` is None where the checkpoint has no audio tokenizer.

    ``silence [S, C]`` is float32 on the CPU, ``null_token [1, H]`` what guidance leads away from.
    """

    codec: Codec
    prompts: Prompts
    timbre: Timbre
    structure: Structure | None
    velocity: Velocity
    silence: Tensor
    null_token: Tensor
    loras: LoraShelf


class AceStepModel:
    """A `engine_host.models.interface.Model`. Build it with `load_acestep`."""

    def __init__(self, config: AceStepConfig, parts: AceStepParts) -> None:
        self._config, self._parts = config, parts

    @property
    def name(self) -> str:
        """The name of its folder."""
        return self._config.name

    @property
    def geometry(self) -> Geometry:
        """From the configs; the longest window is as long as the silence that it was trained on."""
        config = self._config
        return Geometry(
            sample_rate_hz=config.sample_rate_hz,
            audio_channels=config.audio_channels,
            samples_per_frame=config.samples_per_frame,
            latent_channels=config.latent_channels,
            frame_multiple=config.patch_size,
            decode_halo_frames=self._parts.codec.decode_halo_frames,
            longest_window_frames=len(self._parts.silence),
        )

    @property
    def capabilities(self) -> frozenset[Capability]:
        """Tempo, signature, key and length reach it as words of the prompt."""
        return CAPABILITIES if self._parts.structure is None else CAPABILITIES | {"structure"}

    @property
    def adapters(self) -> Adapters:
        """The LoRAs of the library."""
        return self._parts.loras

    def merge(self, loras: Sequence[tuple[str, float]], field: str) -> None:
        """See `engine_host.models.interface.MergeableModel`."""
        shelf = self._parts.loras
        self._parts.velocity.merge([(shelf.adapter(name, field), s) for name, s in loras])

    @property
    def defaults(self) -> Mapping[str, float]:
        """The schedule it was trained with; a base model's guidance."""
        return TURBO_DEFAULTS if self._config.turbo else BASE_DEFAULTS

    @property
    def schedule(self) -> None:
        """The shifted one: it comes from this model."""
        return None

    @property
    def accelerator(self) -> str:
        """How velocities are run, in words."""
        device, dtype = self._parts.velocity.device, self._parts.velocity.dtype
        words = f"torch eager {device}, {str(dtype).removeprefix('torch.')}"
        if device.type != "cpu":
            return words
        return f"{words}, {thread_words(torch.get_num_threads())}"

    def read_prompt(self, prompt: str) -> PromptReading:
        """Every word is heard. Any thread.

        RefusedError about ``prompt``: OUT_OF_RANGE for a language it doesn't know, WRONG_LENGTH
        beyond the encoder's length.
        """
        text = read_text(prompt)
        self._parts.prompts.check(text)
        lyrics = f"lyrics ({text.language})" if text.lyrics else None
        return PromptReading(tuple(t for t in (text.caption, text.key, lyrics) if t), ())

    def encode(self, audio: Tensor) -> Tensor:
        """``[A, T * samples_per_frame]`` at its rate -> ``[T, C]``, T > 0. Encode thread."""
        return self._parts.codec.encode(audio)

    def condition(self, given: ConditionInput) -> AceStepCondition:
        """Text, lyrics, the host's tempo in words, timbre, structure, source, mask. Encode thread.

        RefusedError as `read_prompt`, and LIMIT for a window beyond the longest.
        """
        self._check(given)
        parts, velocity = self._parts, self._parts.velocity
        tokens, weights = self._tokens(given)
        context = context_of(given, parts.structure, parts.silence[: given.frames])
        placed = context.to(velocity.device, velocity.dtype)
        return AceStepCondition(tokens, weights, placed, parts.loras.take(given.adapters))

    def _tokens(self, given: ConditionInput) -> tuple[Tensor, Tensor]:
        """``[L, H]`` and ``[L]``; the null condition where guidance leads away from nothing."""
        if given.negative and not given.prompt.strip():
            null = self._parts.null_token
            return null, torch.ones(1, device=null.device)
        first = self._words(given, given.prompt)
        second = self._words(given, given.prompt_b) if given.blend else first
        return blended(first, second, given.blend, given.blend_law)

    def _words(self, given: ConditionInput, prompt: str) -> Words:
        parts, text = self._parts, read_text(prompt)
        task = task_of(given, parts.structure)
        metas = metas_of(given.grid, self._config.frame_rate_hz)
        return Words(
            lyrics=parts.prompts.lyrics(text),
            timbre=parts.timbre.token(given.timbre, given.timbre_strength),
            caption=parts.prompts.caption(task, text, metas),
        )

    def _check(self, given: ConditionInput) -> None:
        longest = len(self._parts.silence)
        if given.frames > longest:
            seconds = longest / self._config.frame_rate_hz
            raise RefusedError(
                ErrorCode.LIMIT,
                "window_bars",
                f"{self.name} makes at most {seconds:g} s at once, and this window has "
                f"{given.frames / self._config.frame_rate_hz:g} s; take fewer bars.",
            )
        want = (given.frames, self._config.latent_channels)
        for field in ("source", "structure"):
            latents = getattr(given, field)
            if latents is not None and latents.shape != want:
                raise ValueError(f"{field} must be {list(want)}, not {list(latents.shape)}")

    def velocity(
        self,
        x: Tensor,
        t: Tensor,
        conditions: Sequence[object],
        strengths: Tensor | None = None,
    ) -> Tensor:
        """``x [B, T, C]``, ``t [B]``, B conditions of T frames -> ``[B, T, C]`` float32.

        T is a multiple of the patch. No bit of a row hangs on the other rows. Tick thread.
        """
        if x.shape[1] % self._config.patch_size:
            raise ValueError(
                f"frames must be a multiple of {self._config.patch_size}, not {x.shape[1]}"
            )
        return self._parts.velocity(x, t, conditions, strengths)

    def decode(self, latents: Tensor, absolute_start_frame: int) -> Tensor:
        """``[T, C]`` -> ``[A, T * samples_per_frame]``, wherever in the song. Decode thread."""
        return self._parts.codec.decode(latents)

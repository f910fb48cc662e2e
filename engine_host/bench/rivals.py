"""The stock pipeline as a rival: `diffusers.AceStepPipeline`, one generation after the other.

The pipeline's own ``__call__`` runs, with its schedule, its scheduler and its loop, and with the
house transformer inside. What surrounds the loop is given to it ready made, so that it costs the
rival nothing: three methods of the instance are replaced (``encode_prompt``,
``prepare_src_latents``, ``_build_chunk_mask``: they return tensors that exist already), the
condition encoder is a module that returns the house model's tokens, there is no text encoder,
tokenizer or VAE, and the call ends at the latents. All that was left out would only slow it down.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from engine_host.bench.workload import SHIFT, STEPS
from engine_host.models.house.model import HouseCondition

_FRAME_RATE_HZ = 25
_TIMBRE_FRAMES = 750  # what the pipeline cuts from the silence before it asks for the condition


class GivenCondition(nn.Module):
    """Stands where the condition encoder is and returns ready tokens ``[1, S, 256]``."""

    silence_latent: Tensor
    device = torch.device("cpu")  # the pipeline asks its modules where they are

    def __init__(self, tokens: Tensor, channels: int) -> None:
        super().__init__()
        self._answer = tokens.unsqueeze(0), torch.ones(1, len(tokens), dtype=torch.bool)
        self.register_buffer("silence_latent", torch.zeros(1, _TIMBRE_FRAMES, channels))

    def forward(self, **_given: object) -> tuple[Tensor, Tensor]:
        """States and mask, whatever is asked."""
        return self._answer


class DiffusersRival:
    """See the module."""

    def __init__(self, transformer: nn.Module, condition: HouseCondition) -> None:
        self._frames = len(condition.context)
        self._pipe = _pipeline(transformer, condition)

    def generate(self, noise: Tensor | None = None, seed: int = 0) -> Tensor:
        """The latents ``[T, C]`` of one generation, from ``noise [T, C]`` or from its own draw."""
        latents: Tensor = self._pipe(
            prompt="",
            audio_duration=self._frames / _FRAME_RATE_HZ,
            num_inference_steps=STEPS,
            guidance_scale=1.0,
            shift=SHIFT,
            latents=None if noise is None else noise.unsqueeze(0),
            generator=torch.Generator().manual_seed(seed),
            output_type="latent",
            return_dict=False,
        )[0]
        return latents[0]


def _pipeline(transformer: nn.Module, condition: HouseCondition) -> Any:
    diffusers: Any = importlib.import_module("diffusers")  # takes seconds; has no types
    channels = condition.context.shape[1] // 2
    source, mask = condition.context[None, :, :channels], condition.context[None, :, channels:]
    pipe = diffusers.AceStepPipeline(
        vae=None,
        text_encoder=None,
        tokenizer=None,
        transformer=transformer,
        condition_encoder=GivenCondition(condition.tokens, channels),
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(num_train_timesteps=1, shift=1.0),
    )
    pipe.set_progress_bar_config(disable=True)
    pipe.encode_prompt = _always((None, None, None, None))
    pipe.prepare_src_latents = _always((source, len(condition.context)))
    pipe._build_chunk_mask = _always(mask)
    return pipe


def _always(answer: object) -> Callable[..., object]:
    return lambda **_given: answer

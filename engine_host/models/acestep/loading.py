"""A checkpoint folder in diffusers' layout, made a model; of safetensors, and of nothing else.

The folder is checked before (`engine_host.models.catalogue`); here nothing is ever unpickled and
nothing is fetched.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, TypeVar

import torch
from diffusers import AceStepTransformer1DModel, AutoencoderOobleck, ModelMixin
from diffusers.pipelines.ace_step.modeling_ace_step import (
    AceStepAudioTokenDetokenizer,
    AceStepAudioTokenizer,
    AceStepConditionEncoder,
)
from diffusers.utils import is_accelerate_available
from transformers import AutoModel, AutoTokenizer

from engine_host.accel.threads import fix_threads
from engine_host.models.acestep.codec import Codec
from engine_host.models.acestep.config import AceStepConfig, load_config
from engine_host.models.acestep.model import AceStepModel, AceStepParts
from engine_host.models.acestep.prompts import Prompts
from engine_host.models.acestep.structure import Structure
from engine_host.models.acestep.timbre import Timbre
from engine_host.models.acestep.velocity import Velocity
from engine_host.models.lora.library import LoraLibrary
from engine_host.models.lora.shelf import LoraShelf
from engine_host.models.quiet import quiet_libraries

_LOCAL: Final = {"local_files_only": True, "use_safetensors": True}
Part = TypeVar("Part", bound=ModelMixin)


def load_acestep(
    folder: Path,
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.float32,
    threads: int = 2,
    loras: LoraLibrary | None = None,
) -> AceStepModel:
    """Loads every part in ``dtype`` on ``device``; takes seconds to minutes.

    ``loras`` None: those of the user's own library. Sets PyTorch's thread count for the process.
    The folder was checked before; RefusedError as `load_config`, and whatever the libraries raise
    over weights they can't take.
    """
    fix_threads(threads)
    config = load_config(folder)
    with quiet_libraries():
        placed = _Placed(folder, torch.device(device), dtype)
        return AceStepModel(config, _parts(config, placed, loras or LoraLibrary()))


def _parts(config: AceStepConfig, placed: _Placed, library: LoraLibrary) -> AceStepParts:
    encoder = placed.part(AceStepConditionEncoder, "condition_encoder")
    velocity = Velocity(placed.part(AceStepTransformer1DModel, "transformer"))
    return AceStepParts(
        codec=Codec(placed.part(AutoencoderOobleck, "vae")),
        prompts=_prompts(config, placed, encoder),
        timbre=Timbre(encoder, config.reference_frames),
        structure=_structure(config, placed, encoder),
        velocity=velocity,
        silence=encoder.silence_latent[0].float().cpu(),
        null_token=encoder.null_condition_emb[0].detach(),
        loras=LoraShelf(library, config.name, velocity.layer_sizes, velocity.like),
    )


class _Placed:
    """A checkpoint's parts, each on the device and in the dtype, and never trained again."""

    def __init__(self, folder: Path, device: torch.device, dtype: torch.dtype) -> None:
        self._folder, self._device, self._dtype = folder, device, dtype

    def part(self, kind: type[Part], name: str) -> Part:
        loaded: Part = kind.from_pretrained(
            self._folder / name,
            torch_dtype=self._dtype,
            low_cpu_mem_usage=is_accelerate_available(),
            **_LOCAL,
        )
        placed: Part = loaded.to(self._device).eval().requires_grad_(False)
        return placed

    def text_encoder(self) -> Any:
        loaded = AutoModel.from_pretrained(
            self._folder / "text_encoder", dtype=self._dtype, **_LOCAL
        )
        return loaded.to(self._device).eval().requires_grad_(False)

    def tokenizer(self) -> Any:
        return AutoTokenizer.from_pretrained(self._folder / "tokenizer", local_files_only=True)


def _prompts(config: AceStepConfig, placed: _Placed, encoder: AceStepConditionEncoder) -> Prompts:
    return Prompts(
        placed.tokenizer(),
        placed.text_encoder(),
        encoder,
        text_tokens=config.text_tokens,
        lyric_tokens=config.lyric_tokens,
    )


def _structure(
    config: AceStepConfig, placed: _Placed, encoder: AceStepConditionEncoder
) -> Structure | None:
    if config.token_frames is None:
        return None
    return Structure(
        placed.part(AceStepAudioTokenizer, "audio_tokenizer"),
        placed.part(AceStepAudioTokenDetokenizer, "audio_token_detokenizer"),
        encoder.silence_latent[0].float().cpu(),
    )

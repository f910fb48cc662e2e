"""Stable Audio 3 from a folder in diffusers' layout, as `StableAudio3Pipeline` saves one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch
from diffusers import AutoencoderSAME, FlowMatchEulerDiscreteScheduler, StableAudio3DiTModel
from diffusers.pipelines.stable_audio_3.modeling_stable_audio_3 import StableAudio3DurationEmbedder
from diffusers.utils import is_accelerate_available
from transformers import AutoTokenizer, PreTrainedTokenizerBase, T5GemmaEncoderModel

from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.parameters import parameter
from engine_host.accel.threads import fix_threads
from engine_host.models.quiet import quiet_libraries
from engine_host.models.stable_audio.codec import Codec
from engine_host.models.stable_audio.inpainting import make_rowwise
from engine_host.models.stable_audio.model import Network, StableAudioModel
from engine_host.models.stable_audio.text import PromptEncoder

DISTILLED_STEPS, BASE_STEPS = 8, 100  # as the pipeline chooses them
AUDIO_CHANNELS = 2  # the engine is stereo throughout


def load_stable_audio(
    folder: Path,
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.float32,
    threads: int = 2,
) -> StableAudioModel:
    """Loads a checked folder onto ``device``, by nothing but safetensors; sets PyTorch's thread count.

    RefusedError (FILE_BROKEN, ``model``) where its parts don't fit together or it isn't stereo.
    """
    fix_threads(threads)
    with quiet_libraries():
        parts = _loaded(folder, dtype)
    _check_fit(folder.name, parts)
    make_rowwise(parts.transformer)
    for part in (parts.vae, parts.transformer, parts.embedder, parts.encoder):
        part.to(device).eval().requires_grad_(False)
    padding = parts.transformer.prompt_padding_embedding
    scale = float(parts.sampling["num_train_timesteps"])
    return StableAudioModel(
        name=folder.name,
        codec=Codec(parts.vae),
        text=PromptEncoder(parts.tokenizer, parts.encoder, padding),
        network=Network(parts.transformer, parts.embedder, scale),
        defaults=_defaults(parts.sampling),
    )


@dataclass(frozen=True, eq=False)
class _Parts:
    """What lies in a folder's subfolders; ``sampling`` is the scheduler's settings."""

    vae: AutoencoderSAME
    transformer: StableAudio3DiTModel
    embedder: StableAudio3DurationEmbedder
    encoder: T5GemmaEncoderModel
    tokenizer: PreTrainedTokenizerBase
    sampling: Mapping[str, Any]


def _loaded(folder: Path, dtype: torch.dtype) -> _Parts:
    where: dict[str, Any] = {"local_files_only": True, "use_safetensors": True}
    typed = where | {"torch_dtype": dtype, "low_cpu_mem_usage": is_accelerate_available()}
    return _Parts(
        AutoencoderSAME.from_pretrained(folder / "vae", **typed),
        StableAudio3DiTModel.from_pretrained(folder / "transformer", **typed),
        StableAudio3DurationEmbedder.from_pretrained(folder / "duration_embedder", **typed),
        T5GemmaEncoderModel.from_pretrained(folder / "text_encoder", dtype=dtype, **where),
        AutoTokenizer.from_pretrained(folder / "tokenizer", local_files_only=True),
        FlowMatchEulerDiscreteScheduler.from_pretrained(folder / "scheduler").config,
    )


def _defaults(sampling: Mapping[str, Any]) -> Mapping[str, float]:
    """How the pipeline samples it: in ping-pong steps where it is distilled, else in Euler steps."""
    distilled = bool(sampling["stochastic_sampling"])
    steps = DISTILLED_STEPS if distilled else BASE_STEPS
    return MappingProxyType(
        {
            "solver": float(parameter("solver").choices.index("sde" if distilled else "ode")),
            "steps": min(float(steps), parameter("steps").maximum),
            "shift": float(sampling["shift"]),
        }
    )


def _check_fit(name: str, parts: _Parts) -> None:
    heard, vae = parts.transformer.config, parts.vae.config
    told = parts.embedder.config
    widths = {
        "audio channels of the vae": (vae.audio_channels, AUDIO_CHANNELS),
        "channels of the vae": (vae.latent_dim, heard.io_channels),
        "width of the text encoder": (
            parts.encoder.config.encoder.hidden_size,
            heard.cond_token_dim,
        ),
        "width of the duration embedder": (told.output_dim, heard.global_cond_dim),
        "width of a duration as a token": (told.output_dim, heard.cond_token_dim),
        "channels of what is kept": (1 + vae.latent_dim, heard.local_add_cond_dim),
    }
    for part, (there, wanted) in widths.items():
        if there != wanted:
            raise RefusedError(
                ErrorCode.FILE_BROKEN,
                "model",
                f"The parts of {name} don't belong together: the {part} must be {wanted}, not "
                f"{there}. Download it again.",
            )

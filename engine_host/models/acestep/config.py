"""The sizes of a checkpoint in diffusers' layout, all read from its configs."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bridge_protocol.errors import ErrorCode, RefusedError

TEXT_TOKENS: Final = 256
"""The longest text that the model was trained with, template and all."""

LYRIC_TOKENS: Final = 2048
REFERENCE_SECONDS: Final = 30
"""How much of a timbre reference is heard, in three pieces."""

_TURBO = "turbo"


@dataclass(frozen=True)
class AceStepConfig:
    """What differs from one checkpoint to the next.

    ``encoder_hidden_size`` is the width of the condition's tokens; in the XL models it is not the
    transformer's own ``hidden_size``. ``patch_size`` latent frames are one token of the
    transformer. ``token_frames`` latent frames share one semantic token; None where the checkpoint
    has no audio tokenizer, and so hears no structure.
    """

    name: str
    sample_rate_hz: int
    audio_channels: int
    downsampling_ratios: tuple[int, ...]
    latent_channels: int
    hidden_size: int
    encoder_hidden_size: int
    text_hidden_size: int
    patch_size: int
    turbo: bool
    token_frames: int | None
    text_tokens: int = TEXT_TOKENS
    lyric_tokens: int = LYRIC_TOKENS

    @property
    def samples_per_frame(self) -> int:
        """Samples of one latent frame."""
        return math.prod(self.downsampling_ratios)

    @property
    def frame_rate_hz(self) -> float:
        """Latent frames per second."""
        return self.sample_rate_hz / self.samples_per_frame

    @property
    def reference_frames(self) -> int:
        """Latent frames that the timbre encoder takes."""
        return math.ceil(REFERENCE_SECONDS * self.frame_rate_hz)


def load_config(folder: Path) -> AceStepConfig:
    """Reads the configs of a checkpoint's parts, and no weights.

    RefusedError FILE_MISSING or FILE_BROKEN about ``model`` where one is not there, is no JSON or
    lacks a size.
    """
    index = _read(folder, "model_index.json")
    structure = all(_listed(index, part) for part in ("audio_tokenizer", "audio_token_detokenizer"))
    transformer = _read(folder, "transformer/config.json")
    vae = _read(folder, "vae/config.json")
    tokenizer = _read(folder, "audio_tokenizer/config.json") if structure else None
    try:
        return AceStepConfig(
            name=folder.resolve().name,
            sample_rate_hz=int(vae["sampling_rate"]),
            audio_channels=int(vae["audio_channels"]),
            downsampling_ratios=tuple(int(ratio) for ratio in vae["downsampling_ratios"]),
            latent_channels=int(transformer["audio_acoustic_hidden_dim"]),
            hidden_size=int(transformer["hidden_size"]),
            encoder_hidden_size=int(
                transformer.get("encoder_hidden_size") or transformer["hidden_size"]
            ),
            text_hidden_size=int(_read(folder, "text_encoder/config.json")["hidden_size"]),
            patch_size=int(transformer["patch_size"]),
            turbo=_is_turbo(transformer),
            token_frames=int(tokenizer["pool_window_size"]) if tokenizer else None,
        )
    except (KeyError, TypeError, ValueError) as error:
        words = f"a config of {folder} lacks a size or says nonsense ({error}); download it again."
        raise RefusedError(ErrorCode.FILE_BROKEN, "model", words) from error


def _is_turbo(transformer: Mapping[str, Any]) -> bool:
    return bool(transformer.get("is_turbo")) or transformer.get("model_version") == _TURBO


def _listed(index: Mapping[str, Any], part: str) -> bool:
    """Whether the index names a class for an optional part."""
    entry = index.get(part)
    return isinstance(entry, list) and any(entry)


def _read(folder: Path, name: str) -> Mapping[str, Any]:
    path = folder / name
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        words = f"{path} is missing; download the model again."
        raise RefusedError(ErrorCode.FILE_MISSING, "model", words) from None
    except (OSError, ValueError) as error:
        words = f"{path} is no JSON ({error}); download it again."
        raise RefusedError(ErrorCode.FILE_BROKEN, "model", words) from error
    if not isinstance(found, dict):
        words = f"{path} is no JSON object; download it again."
        raise RefusedError(ErrorCode.FILE_BROKEN, "model", words)
    return found

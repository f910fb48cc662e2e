"""The families of models that are kept as folders: what such a folder holds, and whose it is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from bridge_protocol.errors import ErrorCode, RefusedError

INDEX = "model_index.json"
FamilyName = Literal["acestep", "stable-audio"]
Framework = Literal["diffusers", "transformers"]


@dataclass(frozen=True)
class Part:
    """One subfolder of a model; ``classes`` that may fill it. One without weights holds files that
    ``needs`` names, any one of which will do."""

    folder: str
    framework: Framework
    classes: tuple[str, ...]
    optional: bool = False
    weights: bool = True
    needs: tuple[str, ...] = ("config.json",)


@dataclass(frozen=True)
class Family:
    """A family: its pipelines by diffusers' names, its parts, and whether our code of it plays LoRAs."""

    name: FamilyName
    words: str
    pipelines: tuple[str, ...]
    parts: tuple[Part, ...]
    plays_loras: bool = False


def _tokenizer(*classes: str) -> Part:
    needs = ("tokenizer.json", "tokenizer.model", "vocab.json")
    return Part("tokenizer", "transformers", classes, weights=False, needs=needs)


def _scheduler(*, optional: bool) -> Part:
    needs = ("scheduler_config.json",)
    classes = ("FlowMatchEulerDiscreteScheduler",)
    return Part("scheduler", "diffusers", classes, optional, weights=False, needs=needs)


FAMILIES = (
    Family(
        "acestep",
        "ACE-Step 1.5",
        ("AceStepPipeline",),
        (
            Part("transformer", "diffusers", ("AceStepTransformer1DModel",)),
            Part("condition_encoder", "diffusers", ("AceStepConditionEncoder",)),
            Part("audio_tokenizer", "diffusers", ("AceStepAudioTokenizer",), optional=True),
            Part(
                "audio_token_detokenizer",
                "diffusers",
                ("AceStepAudioTokenDetokenizer",),
                optional=True,
            ),
            Part("vae", "diffusers", ("AutoencoderOobleck",)),
            Part("text_encoder", "transformers", ("Qwen3Model",)),
            _tokenizer(),
            _scheduler(optional=True),
        ),
        plays_loras=True,
    ),
    Family(
        "stable-audio",
        "Stable Audio 3",
        (
            "StableAudio3Pipeline",
            "StableAudio3AudioToAudioPipeline",
            "StableAudio3InpaintPipeline",
        ),
        (
            Part("transformer", "diffusers", ("StableAudio3DiTModel",)),
            Part("duration_embedder", "diffusers", ("StableAudio3DurationEmbedder",)),
            Part("vae", "diffusers", ("AutoencoderSAME",)),
            Part("text_encoder", "transformers", ("T5GemmaEncoderModel",)),
            _tokenizer(),
            _scheduler(optional=False),
        ),
    ),
)


def family_named(name: str) -> Family:
    """The family of that name; KeyError where there is none."""
    return {family.name: family for family in FAMILIES}[name]  # type: ignore[index]


def family_of(folder: Path) -> Family:
    """The family of a folder in diffusers' layout.

    RefusedError FILE_MISSING where it has no model_index.json, FILE_BROKEN where that is no JSON,
    BAD_FIELD where it is of a family that this engine does not play.
    """
    told = read_json(folder / INDEX, "model").get("_class_name")
    for family in FAMILIES:
        if told in family.pipelines:
            return family
    known = ", ".join(name for family in FAMILIES for name in family.pipelines[:1])
    raise RefusedError(
        ErrorCode.BAD_FIELD,
        "model",
        f"{folder} holds a {told!r}, which this engine does not play; it plays {known}.",
    )


def read_json(path: Path, field: str) -> Mapping[str, Any]:
    """A JSON object. RefusedError FILE_MISSING or FILE_BROKEN, which name the file."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RefusedError(
            ErrorCode.FILE_MISSING, field, f"{path} is missing; download the model again."
        ) from None
    except (OSError, ValueError) as error:
        raise RefusedError(
            ErrorCode.FILE_BROKEN, field, f"{path} is no JSON ({error}); download it again."
        ) from None
    if not isinstance(found, dict):
        raise RefusedError(
            ErrorCode.FILE_BROKEN, field, f"{path} is no JSON object; download it again."
        )
    return found

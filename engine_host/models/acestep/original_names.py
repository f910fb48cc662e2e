"""How the original ACE-Step 1.5 names its tensors and settings, and how diffusers does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bridge_protocol.errors import ErrorCode, RefusedError

PARTS = {
    "decoder": "transformer",
    "encoder": "condition_encoder",
    "tokenizer": "audio_tokenizer",
    "detokenizer": "audio_token_detokenizer",
}
CLASSES = {
    "transformer": "AceStepTransformer1DModel",
    "condition_encoder": "AceStepConditionEncoder",
    "audio_tokenizer": "AceStepAudioTokenizer",
    "audio_token_detokenizer": "AceStepAudioTokenDetokenizer",
}
NULL_CONDITION = "null_condition_emb"
SILENCE = "silence_latent"
_WORDS = {
    "q_proj": "to_q",
    "k_proj": "to_k",
    "v_proj": "to_v",
    "o_proj": "to_out.0",
    "q_norm": "norm_q",
    "k_norm": "norm_k",
}
_CONVOLUTIONS = {"proj_in.1.": "proj_in_conv.", "proj_out.1.": "proj_out_conv."}
_QUANTIZER_KEEPS = ("quantizer.project_in.", "quantizer.project_out.")
_EVERYWHERE = (
    "head_dim",
    "attention_bias",
    "attention_dropout",
    "rms_norm_eps",
    "sliding_window",
)
_POOLED = ("audio_acoustic_hidden_dim", "pool_window_size", "num_attention_pooler_hidden_layers")
_WIDTHS = ("hidden_size", "intermediate_size", "num_attention_heads", "num_key_value_heads")


def renamed(name: str) -> tuple[str, str] | None:
    """The part that a tensor goes to, and its name there; None for what diffusers computes."""
    if name == NULL_CONDITION:
        return PARTS["encoder"], NULL_CONDITION
    head, _, rest = name.partition(".")
    if head not in PARTS:
        return None
    if rest.startswith("quantizer.") and not rest.startswith(_QUANTIZER_KEEPS):
        return None
    for old, new in _CONVOLUTIONS.items():
        if head == "decoder" and rest.startswith(old):
            rest = new + rest.removeprefix(old)
    return PARTS[head], ".".join(_WORDS.get(word, word) for word in rest.split("."))


def part_configs(original: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The config of each part. In XL the encoders keep widths of their own (``encoder_*``).

    RefusedError BAD_FIELD names the setting that is missing.
    """
    try:
        return {part: _config(part, original) for part in CLASSES}
    except KeyError as error:
        raise RefusedError(
            ErrorCode.BAD_FIELD,
            "path",
            f"The checkpoint's config.json has no {error.args[0]}; it is of another version.",
        ) from None


def _config(part: str, original: Mapping[str, Any]) -> dict[str, Any]:
    told = {name: original[name] for name in _EVERYWHERE}
    told["rope_theta"] = _rope_theta(original)
    own = {
        "transformer": _transformer,
        "condition_encoder": _condition_encoder,
        "audio_tokenizer": _audio_tokenizer,
        "audio_token_detokenizer": _pooled,
    }
    return {"_class_name": CLASSES[part], **told, **own[part](original)}


def _transformer(original: Mapping[str, Any]) -> dict[str, Any]:
    names = ("num_hidden_layers", "in_channels", "audio_acoustic_hidden_dim", "patch_size")
    return {
        **{name: original[name] for name in (*_WIDTHS, *names, "layer_types")},
        "encoder_hidden_size": _encoder_widths(original)["hidden_size"],
        "is_turbo": bool(original.get("is_turbo", False)),
        "model_version": original.get("model_version"),
    }


def _condition_encoder(original: Mapping[str, Any]) -> dict[str, Any]:
    names = (
        "text_hidden_dim",
        "timbre_hidden_dim",
        "num_lyric_encoder_hidden_layers",
        "num_timbre_encoder_hidden_layers",
    )
    return {**_encoder_widths(original), **{name: original[name] for name in names}}


def _audio_tokenizer(original: Mapping[str, Any]) -> dict[str, Any]:
    names = ("fsq_dim", "fsq_input_levels", "fsq_input_num_quantizers")
    return {**_pooled(original), **{name: original[name] for name in names}}


def _pooled(original: Mapping[str, Any]) -> dict[str, Any]:
    return {**_encoder_widths(original), **{name: original[name] for name in _POOLED}}


def _encoder_widths(original: Mapping[str, Any]) -> dict[str, Any]:
    return {name: original.get(f"encoder_{name}") or original[name] for name in _WIDTHS}


def _rope_theta(original: Mapping[str, Any]) -> float:
    """transformers 5 keeps it in a table of its own."""
    table = original.get("rope_parameters") or {}
    return float(original.get("rope_theta") or table["rope_theta"])

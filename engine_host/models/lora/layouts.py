"""The names under which LoRA files keep their tensors, and the layer of a model that each means.

Read here: PEFT (``base_model.model.``, with or without ``.default``), diffusers (``transformer.``),
ComfyUI (``diffusion_model.``), the original decoder (``decoder.``), and kohya (``lora_down``,
``lora_up``, ``alpha``, dots as underscores), with diffusers' or the original's names of layers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bridge_protocol.errors import ErrorCode, RefusedError

_PARTS = (
    ("down", re.compile(r"(.+)\.(?:lora_A|lora_down|lora\.down)(?:\.[^.]+)?\.weight")),
    ("up", re.compile(r"(.+)\.(?:lora_B|lora_up|lora\.up)(?:\.[^.]+)?\.weight")),
    ("alpha", re.compile(r"(.+)\.alpha")),
)
_UNSUPPORTED = (
    ("LoKr", re.compile(r"\.lokr_")),
    ("LoHa", re.compile(r"\.hada_")),
    ("DoRA", re.compile(r"\.(lora_magnitude_vector|dora_scale)\b")),
    ("OFT", re.compile(r"\.b?oft_")),
    ("LoCon with a middle tensor", re.compile(r"\.lora_mid\b")),
    ("LoRA of embeddings", re.compile(r"\.lora_embedding_")),
    ("LoRA with biases", re.compile(r"\.lora_B(\.[^.]+)?\.bias$")),
    ("whole weight differences", re.compile(r"\.diff(_b)?$")),
)
_WRAPPERS = ("base_model.model", "diffusion_model", "transformer", "decoder", "model", "dit")
_KOHYA = ("lora_unet_", "lora_transformer_", "lycoris_")
_PREFIXES = (*(f"{name}{joint}" for name in _WRAPPERS for joint in "._"), *_KOHYA)
_ORIGINAL = ((".to_q", ".q_proj"), (".to_k", ".k_proj"), (".to_v", ".v_proj"))
_OUT, _ORIGINAL_OUT = ".to_out.0", (".o_proj", ".to_out")


@dataclass(frozen=True)
class Keys:
    """One layer's tensors by their keys in the file; ``alpha`` is None where the file has none."""

    down: str
    up: str
    alpha: str | None


def read_keys(keys: Iterable[str], what: str, field: str) -> dict[str, Keys]:
    """Layer as the file calls it -> its tensors. ``what`` names the file in a refusal.

    `RefusedError`: CANNOT_HEAR for kinds that are no plain LoRA (LoKr, DoRA and others, by name),
    FILE_BROKEN where a tensor is no LoRA's, or half of a pair is missing.
    """
    keys = list(keys)
    _refuse_other_kinds(keys, what, field)
    found: dict[str, dict[str, str]] = {}
    for key in keys:
        layer, part = _part_of(key, what, field)
        if part in found.setdefault(layer, {}):
            raise _broken(field, f"{what} has two LoRAs for {layer}; give one in each file.")
        found[layer][part] = key
    if not found:
        raise _broken(field, f"{what} holds no tensors.")
    return {layer: _pair(layer, parts, what, field) for layer, parts in found.items()}


def _refuse_other_kinds(keys: Sequence[str], what: str, field: str) -> None:
    for kind, pattern in _UNSUPPORTED:
        if any(pattern.search(key) for key in keys):
            text = f"{what} is a {kind}, which can't be played; only plain LoRAs can."
            raise RefusedError(ErrorCode.CANNOT_HEAR, field, text)


def _part_of(key: str, what: str, field: str) -> tuple[str, str]:
    for part, pattern in _PARTS:
        match = pattern.fullmatch(key)
        if match:
            return match[1], part
    raise _broken(field, f"{what} is no LoRA: it has a tensor {key[:80]!r}.")


def _pair(layer: str, parts: Mapping[str, str], what: str, field: str) -> Keys:
    for part in ("down", "up"):
        if part not in parts:
            raise _broken(field, f"{what} lacks the {part} half of {layer}.")
    return Keys(parts["down"], parts["up"], parts.get("alpha"))


def layer_names(layers: Iterable[str]) -> dict[str, str]:
    """Every way in which a file may spell one of a model's ``layers`` -> that layer."""
    spelled = {}
    for layer in layers:
        for name in (layer, *_in_the_original(layer)):
            spelled[name] = layer
            spelled[name.replace(".", "_")] = layer
    return spelled


def _in_the_original(layer: str) -> tuple[str, ...]:
    if layer.endswith(_OUT):
        return tuple(layer.removesuffix(_OUT) + other for other in _ORIGINAL_OUT)
    return tuple(layer.removesuffix(own) + other for own, other in _ORIGINAL if layer.endswith(own))


def find_layer(name: str, names: Mapping[str, str]) -> str | None:
    """The model's layer that a file's ``name`` means, by `layer_names`; None where it has none."""
    while name not in names:
        prefix = next((prefix for prefix in _PREFIXES if name.startswith(prefix)), None)
        if prefix is None:
            return None
        name = name.removeprefix(prefix)
    return names[name]


def _broken(field: str, text: str) -> RefusedError:
    return RefusedError(ErrorCode.FILE_BROKEN, field, text)

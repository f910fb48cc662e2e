"""LoRAs made for the tests: one small transformer, random halves, and every layout they come in."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from diffusers import AceStepTransformer1DModel
from safetensors.torch import save_file

RANK, ALPHA = 4, 10.0
SCALE = ALPHA / RANK
TARGETS = ("self_attn.to_q", "self_attn.to_out.0", "cross_attn.to_k", "cross_attn.to_v")
Halves = Mapping[str, tuple[torch.Tensor, torch.Tensor]]
_ORIGINAL = {".to_q": ".q_proj", ".to_k": ".k_proj", ".to_v": ".v_proj", ".to_out.0": ".o_proj"}
LAYOUTS = (
    "peft",
    "peft with default",
    "diffusers",
    "comfyui",
    "comfyui with alpha",
    "decoder",
    "kohya",
    "kohya with diffusers names",
)


@functools.cache
def transformer(hidden: int = 32, layers: int = 2) -> AceStepTransformer1DModel:
    """Don't write to it."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        return AceStepTransformer1DModel(
            hidden_size=hidden,
            intermediate_size=48,
            num_hidden_layers=layers,
            num_attention_heads=4,
            num_key_value_heads=2,
            head_dim=8,
            in_channels=24,
            audio_acoustic_hidden_dim=8,
            sliding_window=8,
        ).eval()


def halves(
    model: torch.nn.Module,
    seed: int = 0,
    rank: int = RANK,
    targets: Sequence[str] = TARGETS,
    size: float = 0.2,
) -> dict[str, tuple[torch.Tensor, torch.Tensor]]:
    """Layer -> (down, up), large enough to be heard."""
    generator = torch.Generator().manual_seed(seed)
    found = {}
    for name, layer in model.named_modules():
        if isinstance(layer, torch.nn.Linear) and name.endswith(tuple(targets)):
            down = torch.randn(rank, layer.in_features, generator=generator)
            up = torch.randn(layer.out_features, rank, generator=generator)
            found[name] = (size * down, size * up)
    assert found
    return found


def in_the_original(layer: str) -> str:
    for own, other in _ORIGINAL.items():
        layer = layer.removesuffix(own) + other if layer.endswith(own) else layer
    return layer


def write(folder: Path, layout: str, pairs: Halves, alpha: float | None = ALPHA) -> Path:
    """A file in ``layout``; where the layout has no alpha of its own, with adapter_config.json."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {}
    for layer, (down, up) in pairs.items():
        for key, tensor in _named(layout, layer, down, up, alpha).items():
            tensors[key] = tensor.contiguous()
    path = folder / "adapter_model.safetensors"
    save_file(tensors, path)
    rank = next(iter(pairs.values()))[0].shape[0]
    if alpha is not None and not _carries_alpha(layout):
        told = {"r": rank, "lora_alpha": alpha, "peft_type": "LORA", "target_modules": ["q_proj"]}
        (folder / "adapter_config.json").write_text(json.dumps(told))
    return path


def _carries_alpha(layout: str) -> bool:
    return layout.startswith("kohya") or layout == "comfyui with alpha"


def _named(
    layout: str, layer: str, down: torch.Tensor, up: torch.Tensor, alpha: float | None
) -> dict[str, torch.Tensor]:
    original = in_the_original(layer)
    if layout.startswith("kohya"):
        flat = (layer if "diffusers" in layout else original).replace(".", "_")
        name, first, second = f"lora_unet_{flat}", "lora_down", "lora_up"
    else:
        name = {
            "peft": f"base_model.model.{original}",
            "peft with default": f"base_model.model.{original}",
            "diffusers": f"transformer.{layer}",
            "comfyui": f"diffusion_model.{original}",
            "comfyui with alpha": f"diffusion_model.decoder.{original}",
            "decoder": f"decoder.{original}",
        }[layout]
        infix = ".default" if layout == "peft with default" else ""
        first, second = f"lora_A{infix}", f"lora_B{infix}"
    named = {f"{name}.{first}.weight": down, f"{name}.{second}.weight": up}
    if alpha is not None and _carries_alpha(layout):
        named[f"{name}.alpha"] = torch.tensor(alpha)
    return named


def inputs(rows: int = 1, frames: int = 24, seed: int = 1) -> dict[str, torch.Tensor]:
    """What the small transformer takes."""
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator)

    t = torch.linspace(0.9, 0.2, rows)
    return {
        "hidden_states": draw(rows, frames, 8),
        "timestep": t,
        "timestep_r": t,
        "encoder_hidden_states": draw(rows, 5, 32),
        "context_latents": draw(rows, frames, 16),
    }


def part(given: Mapping[str, torch.Tensor], rows: slice) -> dict[str, torch.Tensor]:
    return {name: tensor[rows] for name, tensor in given.items()}


@torch.no_grad()
def velocity(given: Mapping[str, torch.Tensor], model: torch.nn.Module | None = None):
    return (model or transformer())(**given, return_dict=False)[0]

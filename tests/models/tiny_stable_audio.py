"""Checkpoints of Stable Audio 3's true classes, small enough to make in a second, in diffusers' layout.

The autoencoder keeps its real rate, 4096 samples a frame at 44.1 kHz; every other width differs from
the real ones. The weights are random and the same on every run. What the classes initialise with
zeros, so that a new layer does nothing, is filled too: else the decoder would hear no latent and the
transformer no inpainting. ``save_tiny_stable_audio(folder)`` writes one (about 2 MB).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from diffusers import (
    AutoencoderSAME,
    FlowMatchEulerDiscreteScheduler,
    StableAudio3DiTModel,
    StableAudio3Pipeline,
)
from diffusers.pipelines.stable_audio_3.modeling_stable_audio_3 import StableAudio3DurationEmbedder
from torch import nn
from transformers import GemmaTokenizer, T5GemmaConfig, T5GemmaEncoderModel, T5GemmaModuleConfig

_SPECIAL = ("<pad>", "<eos>", "<bos>", "<unk>", "<mask>")


@dataclass(frozen=True)
class TinySizes:
    """``same_layers`` is the halo of the autoencoder, in latent frames."""

    latent: int = 6
    hidden: int = 48
    layers: int = 2
    text_hidden: int = 40
    same_layers: int = 2
    patch: int = 1
    longest_s: float = 60.0


def save_tiny_stable_audio(
    folder: Path, sizes: TinySizes = TinySizes(), *, distilled: bool = True, seed: int = 0
) -> Path:
    """``distilled``: sampled in eight ping-pong steps; else the base model's Euler steps."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        parts = _parts(sizes, distilled)
    StableAudio3Pipeline(**parts).save_pretrained(folder, safe_serialization=True)
    return folder


def _parts(sizes: TinySizes, distilled: bool) -> dict[str, object]:
    """The pipeline's parts by their names; draws from torch's global generator."""
    tokenizer = _tokenizer()
    scheduler = FlowMatchEulerDiscreteScheduler(
        num_train_timesteps=1, shift=1.0, stochastic_sampling=distilled
    )
    return {
        "vae": _autoencoder(sizes),
        "text_encoder": _text_encoder(sizes, len(tokenizer)),
        "tokenizer": tokenizer,
        "duration_embedder": StableAudio3DurationEmbedder(
            output_dim=sizes.text_hidden, fourier_dim=16, max_val=sizes.longest_s
        ),
        "transformer": _filled(_transformer(sizes)),
        "scheduler": scheduler,
    }


def _tokenizer() -> GemmaTokenizer:
    """Gemma's own class; it knows single letters, and bytes for the rest."""
    letters = [chr(code) for code in range(ord("a"), ord("z") + 1)]
    tokens = [*_SPECIAL, "▁", *letters, *(f"<0x{octet:02X}>" for octet in range(256))]
    return GemmaTokenizer(vocab={token: place for place, token in enumerate(tokens)}, merges=[])


def _text_encoder(sizes: TinySizes, vocabulary: int) -> T5GemmaEncoderModel:
    module = T5GemmaModuleConfig(
        hidden_size=sizes.text_hidden,
        intermediate_size=2 * sizes.text_hidden,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=10,
        vocab_size=vocabulary,
        query_pre_attn_scalar=10,
        sliding_window=16,
    )
    config = T5GemmaConfig(
        encoder=module, decoder=module, is_encoder_decoder=False, vocab_size=vocabulary
    )
    return T5GemmaEncoderModel(config)


def _transformer(sizes: TinySizes) -> StableAudio3DiTModel:
    return StableAudio3DiTModel(
        io_channels=sizes.latent,
        patch_size=sizes.patch,
        embed_dim=sizes.hidden,
        depth=sizes.layers,
        num_heads=4,
        cond_token_dim=sizes.text_hidden,
        global_cond_dim=sizes.text_hidden,
        local_add_cond_dim=1 + sizes.latent,
        timestep_features_dim=16,
        ff_mult=2.0,
        num_memory_tokens=4,
    )


def _autoencoder(sizes: TinySizes) -> AutoencoderSAME:
    made = AutoencoderSAME(
        encoder_channels=8,
        encoder_transformer_depths=(sizes.same_layers,),
        latent_dim=sizes.latent,
        dim_heads=16,
        ff_mult=2,
        decoder_sinusoidal_blocks=(2,),
    )
    made.bottleneck.running_std.fill_(0.7)
    with torch.no_grad():
        made.bottleneck.scale.uniform_(5.0, 8.0)
        made.bottleneck.bias.uniform_(-0.3, 0.3)
    return _filled(made)


def _filled(module: nn.Module) -> nn.Module:
    with torch.no_grad():
        for values in module.parameters():
            if not values.any():
                values.normal_(std=1.0 / max(values.shape) ** 0.5)
    return module

"""Checkpoints of ACE-Step's true classes, small enough to make in a second, in diffusers' layout.

Every width differs from the real ones and, where it may, from its neighbours. The weights are
random and the same on every run; the silence latent is a slow random walk, so that silence is heard
as something. ``save_tiny_acestep(folder)`` writes one (about 4 MB) and gives the folder back.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from diffusers import (
    AceStepPipeline,
    AceStepTransformer1DModel,
    AutoencoderOobleck,
    FlowMatchEulerDiscreteScheduler,
)
from diffusers.pipelines.ace_step.modeling_ace_step import (
    AceStepAudioTokenDetokenizer,
    AceStepAudioTokenizer,
    AceStepConditionEncoder,
)
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3Model

from engine_host.models.quiet import quiet_libraries

SILENCE_FRAMES = 15_000  # from_pretrained takes no other length
_END = "<|endoftext|>"
_TEXTS = (
    "# Instruction\nFill the audio semantic mask based on the given conditions:\n\n# Caption\n",
    "# Metas\n- bpm: 120\n- timesignature: 4\n- keyscale: C major\n- duration: 60 seconds\n",
    "# Languages\nen\n\n# Lyric\n",
)


@dataclass(frozen=True)
class TinySizes:
    """``encoder_hidden`` None: as wide as the transformer, and not told in its config."""

    latent: int = 8
    hidden: int = 64
    layers: int = 4
    encoder_hidden: int | None = None
    text_hidden: int = 48
    heads: int = 4
    kv_heads: int = 2
    head_dim: int = 16
    sliding_window: int = 16


XL = TinySizes(hidden=96, encoder_hidden=64, heads=6)


def save_tiny_acestep(
    folder: Path,
    sizes: TinySizes = TinySizes(),
    *,
    turbo: bool = True,
    structure: bool = True,
    seed: int = 0,
) -> Path:
    """``structure``: with the audio tokenizer and detokenizer. ``turbo``: guidance distilled."""
    with torch.random.fork_rng(devices=[]), quiet_libraries():
        torch.manual_seed(seed)
        parts = tiny_parts(sizes, turbo=turbo, structure=structure)
        AceStepPipeline(**parts).save_pretrained(folder, safe_serialization=True)
    return folder


def tiny_parts(sizes: TinySizes, *, turbo: bool, structure: bool) -> dict[str, object]:
    """The pipeline's parts by their names; draws from torch's global generator."""
    tokenizer = tiny_tokenizer()
    return {
        "vae": _vae(sizes),
        "text_encoder": _text_encoder(sizes, tokenizer),
        "tokenizer": tokenizer,
        "transformer": _transformer(sizes, turbo),
        "condition_encoder": _condition_encoder(sizes),
        "scheduler": FlowMatchEulerDiscreteScheduler(num_train_timesteps=1, shift=1.0),
        "audio_tokenizer": _audio_tokenizer(sizes) if structure else None,
        "audio_token_detokenizer": _detokenizer(sizes) if structure else None,
    }


def tiny_tokenizer() -> PreTrainedTokenizerFast:
    """A byte-level one, trained here on a few lines: every text has tokens, none is unknown."""
    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=512,
        special_tokens=[_END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    raw.train_from_iterator(_TEXTS, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=raw, pad_token=_END, eos_token=_END)


def _layer_sizes(sizes: TinySizes, hidden: int) -> dict[str, int]:
    return {
        "hidden_size": hidden,
        "intermediate_size": 2 * hidden,
        "num_attention_heads": sizes.heads,
        "num_key_value_heads": sizes.kv_heads,
        "head_dim": sizes.head_dim,
        "sliding_window": sizes.sliding_window,
    }


def _encoder_sizes(sizes: TinySizes) -> dict[str, int]:
    return _layer_sizes(sizes, sizes.encoder_hidden or sizes.hidden)


def _transformer(sizes: TinySizes, turbo: bool) -> AceStepTransformer1DModel:
    return AceStepTransformer1DModel(
        **_layer_sizes(sizes, sizes.hidden),
        num_hidden_layers=sizes.layers,
        in_channels=3 * sizes.latent,
        audio_acoustic_hidden_dim=sizes.latent,
        patch_size=2,
        encoder_hidden_size=sizes.encoder_hidden,
        is_turbo=turbo,
        model_version="turbo" if turbo else "base",
    )


def _condition_encoder(sizes: TinySizes) -> AceStepConditionEncoder:
    encoder = AceStepConditionEncoder(
        **_encoder_sizes(sizes),
        text_hidden_dim=sizes.text_hidden,
        timbre_hidden_dim=sizes.latent,
        num_lyric_encoder_hidden_layers=2,
        num_timbre_encoder_hidden_layers=2,
    )
    walk = torch.randn(1, SILENCE_FRAMES, sizes.latent).cumsum(1)
    encoder.silence_latent.copy_(torch.sin(0.3 * walk))
    return encoder


def _audio_tokenizer(sizes: TinySizes) -> AceStepAudioTokenizer:
    widths = _encoder_sizes(sizes)
    return AceStepAudioTokenizer(
        **widths,
        audio_acoustic_hidden_dim=sizes.latent,
        fsq_dim=widths["hidden_size"],
        num_attention_pooler_hidden_layers=1,
    )


def _detokenizer(sizes: TinySizes) -> AceStepAudioTokenDetokenizer:
    return AceStepAudioTokenDetokenizer(
        **_encoder_sizes(sizes),
        audio_acoustic_hidden_dim=sizes.latent,
        num_attention_pooler_hidden_layers=1,
    )


def _vae(sizes: TinySizes) -> AutoencoderOobleck:
    """The real ratios, 1920 samples a frame; its encoder can't be thinner than twice the latent."""
    return AutoencoderOobleck(
        encoder_hidden_size=2 * sizes.latent,
        downsampling_ratios=[2, 4, 4, 6, 10],
        channel_multiples=[1, 1, 1, 1, 1],
        decoder_channels=4,
        decoder_input_channels=sizes.latent,
        audio_channels=2,
        sampling_rate=48_000,
    )


def _text_encoder(sizes: TinySizes, tokenizer: PreTrainedTokenizerFast) -> Qwen3Model:
    config = Qwen3Config(
        hidden_size=sizes.text_hidden,
        intermediate_size=2 * sizes.text_hidden,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=16,
        vocab_size=len(tokenizer),
        max_position_embeddings=4096,
    )
    return Qwen3Model(config)

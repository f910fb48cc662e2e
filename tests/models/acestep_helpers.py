"""ACE-Step models of small checkpoints, and what diffusers' own pipeline makes of the same."""

from __future__ import annotations

import functools
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from diffusers import AceStepPipeline
from diffusers.models.autoencoders.autoencoder_oobleck import OobleckDiagonalGaussianDistribution
from house_helpers import steady_grid
from tiny_acestep import XL, TinySizes, save_tiny_acestep

from engine_host.diffusion import noise
from engine_host.diffusion.noise import NoiseKey
from engine_host.diffusion.oneshot import generate
from engine_host.diffusion.request import Request, StepCell, StepState
from engine_host.models.acestep.loading import load_acestep
from engine_host.models.acestep.model import AceStepModel
from engine_host.models.interface import ConditionInput
from engine_host.models.quiet import quiet_libraries

FRAMES = 100  # 4 s
LATENT = TinySizes().latent
KINDS = {"turbo": TinySizes(), "xl": XL, "base": TinySizes(), "textonly": TinySizes()}


@functools.cache
def folder(kind: str = "turbo") -> Path:
    root = Path(_root().name) / kind
    turbo, structure = kind != "base", kind != "textonly"
    return save_tiny_acestep(root, KINDS[kind], turbo=turbo, structure=structure)


@functools.cache
def _root() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="tiny-acestep-")


@functools.cache
def tiny(kind: str = "turbo", dtype: torch.dtype = torch.float32) -> AceStepModel:
    return load_acestep(folder(kind), dtype=dtype, threads=1)  # two spin where cores are shared


@functools.cache
def stock(kind: str = "turbo") -> AceStepPipeline:
    with quiet_libraries():
        pipeline = AceStepPipeline.from_pretrained(
            folder(kind), local_files_only=True, use_safetensors=True
        )
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def given(prompt: str = "", frames: int = FRAMES, bpm: float = 120.0, **others) -> ConditionInput:
    grid = steady_grid(frames, bpm)
    return ConditionInput(prompt=prompt, grid=grid, seed=others.pop("seed", 0), **others)


def latents(frames: int = FRAMES, seed: int = 0, channels: int = LATENT) -> torch.Tensor:
    return torch.randn(frames, channels, generator=torch.Generator().manual_seed(seed))


def audio(frames: int, seed: int = 0) -> torch.Tensor:
    """[2, 1920 * frames]: noise under a slow swell, different on both sides."""
    generator = torch.Generator().manual_seed(seed)
    wave = 0.3 * torch.randn(2, 1920 * frames, generator=generator)
    return wave * torch.linspace(0.1, 1.0, 1920 * frames)


def ring(
    model: AceStepModel, condition: object, frames: int = FRAMES, seed: int = 5, **others: Any
) -> tuple[torch.Tensor, torch.Tensor]:
    """Our own loop's finished latents ``[T, C]``, and the noise ``[1, T, C]`` it began with."""
    key = NoiseKey(seed, 0)
    wanted = {"step_cell": StepCell(StepState.plain(frames)), "steps": 8, "shift": 3.0, **others}
    request = Request(tag=None, key=key, frames=frames, condition=condition, **wanted)
    channels = model.geometry.latent_channels
    started = noise.normal([key], noise.INITIAL_STEP, frames, channels)
    return generate(model.velocity, request, 1, channels=channels), started


def stock_latents(kind: str, started: torch.Tensor, **call: Any) -> torch.Tensor:
    """[T, C] of diffusers' own pipeline, from the same noise."""
    frames = started.shape[1]
    call = {"audio_duration": frames / 25, "bpm": 120, "timesignature": "4", **call}
    made = stock(kind)(latents=started, output_type="latent", **call)
    return made.audios[0]


@contextmanager
def sampling_the_mean():
    """Stock code draws its encodings from the global generator; here it takes their mean."""
    drawn = OobleckDiagonalGaussianDistribution.sample
    OobleckDiagonalGaussianDistribution.sample = lambda self, generator=None: self.mode()
    try:
        yield
    finally:
        OobleckDiagonalGaussianDistribution.sample = drawn


def greatest(difference: torch.Tensor) -> float:
    return float(difference.abs().max())

"""Shared by the tests of the house model: one loaded model, made-up grids, and reference numbers.

``tests/data/house_reference.npz`` holds numbers of the compact reference implementation that the
weights were trained with (PyTorch 2.13, CPU, 2 threads), made once and kept:

* ``encoded [60, 64]``: latents of `made_up_audio`.
* ``decoded [2, 19200]``: its first 10 latents, decoded with the first at absolute frame 250.
* ``roll_NAME``, ``tags_NAME``, ``args_NAME`` (bpm, key, is major, frames, seed): four plans in 4/4.
* ``grid_133 [160, 8]``: the beat grid at 133 bpm in 4/4.
* ``tokens [12, 256]``: jazz, piano, acoustic_drums, drums in Eb major at 133 bpm.
* ``context_cover [60, 128]``: source ``encoded``, mask 0.5, that grid, level +3 dB.
* ``velocity_plan``, ``velocity_cover [60, 64]``: of `made_up_noise` under these tokens, at t 0.7 with
  the jazz roll and level 0, and at t 0.35 with ``context_cover``.
"""

from __future__ import annotations

import functools
import itertools
import math
from pathlib import Path

import numpy as np
import torch

from engine_host.models.house.model import HouseModel, load_house_model
from engine_host.models.house.tables import hash01
from engine_host.models.interface import BarSpan, ConditionInput, GridFrames

FRAMES_PER_SECOND = 25
REFERENCE_PATH = Path(__file__).parent.parent / "data" / "house_reference.npz"


@functools.cache
def house(accelerator: str = "auto") -> HouseModel:
    return load_house_model(accelerator=accelerator)


@functools.cache
def reference() -> dict[str, np.ndarray]:
    with np.load(REFERENCE_PATH, allow_pickle=False) as archive:
        return dict(archive)


def made_up_audio(frames: int = 60) -> torch.Tensor:
    """[2, 1920 * frames]: a saw chord and noise hits at 120 bpm."""
    n = 1920 * frames
    t = np.arange(n) / 48_000
    chord = sum(((t * 440 * 2 ** ((k - 69) / 12)) % 1 - 0.5) for k in (48, 55, 60, 63)) * 0.08
    hits = (hash01(np.arange(n)) * 2 - 1) * np.exp(-(t * 2 % 1) * 40) * 0.15
    left = chord + hits
    return torch.from_numpy(
        np.stack([left, left * 0.8 + 0.1 * np.roll(left, 300)]).astype(np.float32)
    )


def made_up_noise(frames: int = 60) -> torch.Tensor:
    flat = hash01(np.arange(frames * 64) + 99).reshape(frames, 64).astype(np.float32)
    return torch.from_numpy(flat * np.float32(3.4) - np.float32(1.7))


def random_latents(frames: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(frames, 64, generator=torch.Generator().manual_seed(seed))


def grid_of(
    frames: int, seconds_of_quarter, *, quarters: float = 4.0, bpm_of_quarter, first_bar: int = 0
) -> GridFrames:
    """A grid whose song position is quarter 0 of ``first_bar`` at frame 0.

    ``seconds_of_quarter`` maps quarters to seconds and must rise.
    """
    last = 0.0
    while seconds_of_quarter(last) * FRAMES_PER_SECOND < frames:
        last += quarters
    bars = tuple(
        BarSpan(
            index=first_bar + bar,
            quarters=quarters,
            sixteenth_frames=tuple(
                seconds_of_quarter(bar * quarters + step / 4) * FRAMES_PER_SECOND
                for step in range(round(quarters * 4) + 1)
            ),
        )
        for bar in range(round(last / quarters))
    )
    fine = np.arange(0, last + 1 / 512, 1 / 512)
    at = np.interp(
        (np.arange(frames) + 0.5) / FRAMES_PER_SECOND,
        [seconds_of_quarter(q) for q in fine],
        fine,
    )
    return GridFrames(
        bpm=np.array([bpm_of_quarter(q) for q in at]),
        quarter_in_bar=at % quarters,
        bar_quarters=np.full(frames, quarters),
        bar_index=(at // quarters).astype(np.int64) + first_bar,
        bars=bars,
    )


def steady_grid(
    frames: int, bpm: float = 120.0, *, quarters: float = 4.0, first_bar: int = 0
) -> GridFrames:
    return grid_of(
        frames,
        lambda quarter: quarter * 60 / bpm,
        quarters=quarters,
        bpm_of_quarter=lambda _: bpm,
        first_bar=first_bar,
    )


def ramp_grid(frames: int, bpm: float, bpm_per_quarter: float) -> GridFrames:
    """Tempo linear in quarters, in 4/4."""

    def seconds(quarter: float) -> float:
        return 60 / bpm_per_quarter * math.log1p(quarter * bpm_per_quarter / bpm)

    return grid_of(frames, seconds, bpm_of_quarter=lambda quarter: bpm + bpm_per_quarter * quarter)


def given(frames: int = 60, prompt: str = "", bpm: float = 120.0, **others) -> ConditionInput:
    return ConditionInput(
        prompt=prompt, grid=steady_grid(frames, bpm), seed=others.pop("seed", 0), **others
    )


def euler(
    model: HouseModel,
    condition: object,
    noise: torch.Tensor,
    *,
    source: torch.Tensor | None = None,
    denoise: float = 1.0,
    steps: int = 8,
) -> torch.Tensor:
    """The simplest sampler: [T, 64] from noise, or from a source made noisy up to ``denoise``."""
    times = torch.linspace(1, 0, steps + 1)
    times = 1.5 * times / (1 + 0.5 * times) * denoise
    x = noise if source is None else times[0] * noise + (1 - times[0]) * source
    for now, then in itertools.pairwise(times):
        x = x + (then - now) * model.velocity(x[None], now[None], [condition])[0]
    return x

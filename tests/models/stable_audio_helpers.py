"""The stock pipelines on the same checkpoint and with the same noise as the engine's own solver."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import DiffusionPipeline
from diffusers.schedulers import scheduling_flow_match_euler_discrete as stock_scheduler
from torch import Tensor

from engine_host.diffusion import noise
from engine_host.diffusion.noise import NoiseKey
from engine_host.diffusion.request import Request, StepCell, StepState
from engine_host.models.interface import ConditionInput, GridFrames
from engine_host.models.stable_audio.model import StableAudioModel

KEY = NoiseKey(seed=7, generation=0)
FRAMES = 24
PROMPT = "soft strings in a concert hall"


def stock(kind: type[DiffusionPipeline], folder: Path) -> DiffusionPipeline:
    """A stock pipeline, without its progress bar."""
    pipeline = kind.from_pretrained(folder, local_files_only=True)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def told(model: StableAudioModel, prompt: str = PROMPT, **given: Any) -> ConditionInput:
    """What the engine would tell a model of ``frames`` frames."""
    frames = given.pop("frames", FRAMES)
    still = torch.zeros(frames, dtype=torch.float64).numpy()
    grid = GridFrames(still + 120.0, still, still + 4.0, still.astype("int64"), ())
    return ConditionInput(prompt=prompt, grid=grid, seed=0, **given)


def seconds(model: StableAudioModel, frames: int = FRAMES) -> float:
    """The duration that the stock pipeline makes just so many frames of."""
    return (frames - 1e-6) / model.geometry.frame_rate_hz


def wanted(model: StableAudioModel, condition: object, **given: Any) -> Request:
    """A request as the engine makes it of the model's own defaults."""
    frames = given.pop("frames", FRAMES)
    settings = {
        "steps": int(model.defaults["steps"]),
        "shift": model.defaults["shift"],
        "solver": "sde" if model.defaults["solver"] else "ode",
        "schedule": model.schedule,
    }
    return Request(
        tag=None,
        key=KEY,
        frames=frames,
        condition=condition,
        step_cell=StepCell(StepState.plain(frames)),
        **settings | given,
    )


def drawn(step: int, frames: int, channels: int) -> Tensor:
    """``[1, C, T]``: the engine's own noise as the stock pipeline has it."""
    return noise.normal([KEY], step, frames, channels).transpose(1, 2).contiguous()


def same_noise(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """Has the stock scheduler draw the engine's noise, step by step; tells how often it drew."""
    steps = 0

    def draw(shape: torch.Size, **_: Any) -> Tensor:
        nonlocal steps
        _, channels, frames = shape
        steps += 1
        return drawn(noise.FIRST_SOLVER_STEP + steps - 1, frames, channels)

    monkeypatch.setattr(stock_scheduler, "randn_tensor", draw)
    return lambda: steps

"""A whole window decoded against one bar of it, which is what playing needs."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from bridge_protocol.clock import Clock
from engine_host.bench.measure import Contender, Spread, Tell, interleave, ratio
from engine_host.bench.workload import Engine

BAR_FRAMES = 50  # 2 s


@dataclass(frozen=True)
class WindowedDecode:
    """How many times dearer the whole is, both costs in ms, and how far the samples differ."""

    ratio: Spread
    full_ms: Spread
    bar_ms: Spread
    largest_difference: float


def windowed_decode(
    engine: Engine, frames: int, rounds: int, clock: Clock, tell: Tell
) -> WindowedDecode:
    """Decode ``frames`` frames, and the bar in their middle with its halo, by turns."""
    model, halo = engine.model, engine.model.geometry.decode_halo_frames
    channels = model.geometry.latent_channels
    latents = torch.randn(frames, channels, generator=torch.Generator().manual_seed(0))
    first = (frames - BAR_FRAMES) // 2
    low, high = max(0, first - halo), min(frames, first + BAR_FRAMES + halo)
    whole = Contender("full", engine.torch_threads, lambda: model.decode(latents, 0))
    bar = Contender("bar", engine.torch_threads, lambda: model.decode(latents[low:high], low))
    blocks = interleave([whole, bar], rounds, clock, tell)
    return WindowedDecode(
        ratio=ratio(blocks["full"], blocks["bar"]),
        full_ms=Spread.of([block.wall_ns / 1e6 for block in blocks["full"]]),
        bar_ms=Spread.of([block.wall_ns / 1e6 for block in blocks["bar"]]),
        largest_difference=_difference(engine, latents, first, low, high),
    )


def _difference(engine: Engine, latents: torch.Tensor, first: int, low: int, high: int) -> float:
    size = engine.model.geometry.samples_per_frame
    full = engine.model.decode(latents, 0)[:, first * size : (first + BAR_FRAMES) * size]
    part = engine.model.decode(latents[low:high], low)[:, (first - low) * size :]
    return float((full - part[:, : full.shape[1]]).abs().max())

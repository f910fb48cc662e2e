"""What a model's ticks and decodes cost here, measured before anything hangs on them."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from bridge_protocol.bars import BarGrid
from bridge_protocol.clock import Clock
from bridge_protocol.meter import MeterMap
from bridge_protocol.tempo import TempoMap
from engine_host.models.interface import Model
from engine_host.stream.plan import make_plan
from engine_host.stream.prepare import prepare
from engine_host.stream.settings import Settings
from engine_host.stream.windows import frames_of, window_of

REPEATS = 5


@dataclass(frozen=True)
class MeasuredCosts:
    """Nanoseconds of ticks and decodes; ``decode_factor``: seconds of decoding for one of sound."""

    ticks_ns: tuple[int, ...]
    decodes_ns: tuple[int, ...]
    decode_factor: float


def measure_costs(model: Model, clock: Clock, rows: int, seconds: float = 8.0) -> MeasuredCosts:
    """A few forwards of ``rows`` rows and decodes of silence. No other thread may use the model
    yet. Raises what the model raises.
    """
    geometry = model.geometry
    frames = int(seconds * geometry.frame_rate_hz)
    frames += -frames % geometry.frame_multiple
    grid = BarGrid(TempoMap.constant(120.0), MeterMap.constant(4, 4), geometry.sample_rate_hz)
    window = window_of(0, 4, grid, 0, geometry)
    request = prepare(make_plan(frames_of(window, grid, geometry), Settings()), model)
    x = torch.zeros(rows, request.frames, geometry.latent_channels)
    ticks, decodes = [], []
    for _ in range(REPEATS):
        started = clock.now_ns()
        model.velocity(x, torch.full((rows,), 0.5), [request.condition] * rows)
        ticked = clock.now_ns()
        model.decode(x[0, :frames], 0)
        ticks.append(ticked - started)
        decodes.append(clock.now_ns() - ticked)
    factor = decodes[-1] / 1e9 / (frames / geometry.frame_rate_hz)
    return MeasuredCosts(tuple(ticks[1:]), tuple(decodes[1:]), factor)  # the first of all is slow

"""What a model of any family costs on this machine: forwards by rows, and decoding. No rivals."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from bridge_protocol.clock import Clock
from engine_host.bench.measure import Tell
from engine_host.models.interface import Model
from engine_host.stream.warming import measure_costs

STEPS = 8
SECONDS = 8.0


def run_any(model: Model, depths: Sequence[int], clock: Clock, tell: Tell) -> dict[str, object]:
    """Ticks at each depth, for a window of four bars at 120 bpm, and the share of real time that
    decoding takes. Plain values; medians of four."""
    ticks, factor = {}, 0.0
    for depth in depths:
        tell(f"{model.name}: forwards of {depth} rows, and decodes")
        costs = measure_costs(model, clock, depth, SECONDS)
        ticks[str(depth)] = statistics.median(costs.ticks_ns) / 1e6
        factor = statistics.median(costs.decodes_ns) / 1e9 / SECONDS
    return {
        "setup": {"model": model.name, "accelerator": model.accelerator, "steps": STEPS},
        "tick_ms": ticks,
        "generations_per_s": {
            depth: int(depth) * 1000 / (tick_ms * STEPS) for depth, tick_ms in ticks.items()
        },
        "decode_realtime_factor": factor,
    }

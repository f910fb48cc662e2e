"""What one more slot costs in host memory."""

from __future__ import annotations

import gc
import statistics
from dataclasses import replace
from pathlib import Path

import torch

from engine_host.bench.workload import STEPS, Engine, Workload
from engine_host.diffusion.request import Request
from engine_host.diffusion.ring import Ring
from engine_host.models.house.model import HouseCondition

_SLOTS = 8
_REPEATS = 3
_PAGES = Path("/proc/self/statm")
_PAGE_BYTES = 4096


def memory_per_slot(engine: Engine, workload: Workload) -> dict[str, float | None]:
    """Bytes of tensors alive, and growth of the resident set, for each of 8 slots in flight.

    Every slot has a condition of its own, counted in, as is its row in the model's stack of them.
    The forwards are dry: their working memory belongs to the tick, not to a slot. The resident set
    is None where the system doesn't tell.
    """
    live, resident = [], []
    rings: list[Ring] = []
    for _ in range(_REPEATS):
        _forget_stack(engine, workload)
        gc.collect()
        live_before, resident_before = _live_bytes(), _resident_bytes()
        ring = _filled(engine, workload)
        gc.collect()
        live.append((_live_bytes() - live_before) / _SLOTS)
        if resident_before is not None:
            resident.append(((_resident_bytes() or 0) - resident_before) / _SLOTS)
        rings.append(ring)  # kept, so that the next one can't reuse its pages
    return {
        "tensors": statistics.median(live),
        "resident": statistics.median(resident) if resident else None,
    }


def _filled(engine: Engine, workload: Workload) -> Ring:
    """A ring with 8 slots in flight: twice the usual steps, so that none is finished."""

    def take() -> Request:
        shared = workload.condition
        own = HouseCondition(shared.tokens.clone(), shared.context.clone())
        return replace(workload.request(), condition=own, steps=2 * STEPS)

    ring = Ring(engine.model.velocity, take, channels=64, depth=_SLOTS, rows=_SLOTS)
    engine.runner.dry = True
    try:
        while len(ring.active) < _SLOTS:
            ring.tick()
    finally:
        engine.runner.dry = False
    return ring


def _forget_stack(engine: Engine, workload: Workload) -> None:
    """Make the model keep one row's conditions, not those of the ring before."""
    engine.runner.dry = True
    x = torch.zeros(1, workload.frames, 64)
    engine.model.velocity(x, torch.ones(1), [workload.condition])
    engine.runner.dry = False


def _live_bytes() -> int:
    """Bytes of every tensor that Python can reach, shared storage counted once."""
    tensors = [o for o in gc.get_objects() if issubclass(type(o), torch.Tensor)]
    storages = {t.untyped_storage().data_ptr(): t.untyped_storage().nbytes() for t in tensors}
    return sum(storages.values())


def _resident_bytes() -> int | None:
    try:
        return int(_PAGES.read_text(encoding="ascii").split()[1]) * _PAGE_BYTES
    except OSError:
        return None

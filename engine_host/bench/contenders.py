"""The contenders of the main measurement. A block of each is one generation's worth of rows.

At depth ``d`` that is ``S/d`` ticks of ``d`` rows, with one birth and one hand-out among them in
our ring; for the others it is one generation of ``S`` forwards of one row.
"""

from __future__ import annotations

from collections.abc import Callable

from engine_host.bench.measure import Contender
from engine_host.bench.rivals import DiffusersRival
from engine_host.bench.upstream_ring import UpstreamRing
from engine_host.bench.workload import STEPS, Engine, Engines, Workload
from engine_host.diffusion.oneshot import generate
from engine_host.diffusion.ring import Ring

CHANNELS = 64
DIFFUSERS = "diffusers"


def ours_name(engine: Engine, depth: int) -> str:
    """Our ring's."""
    return f"ours_{engine.name}@{depth}"


def upstream_name(engine: Engine, depth: int) -> str:
    """The upstream ring's, on our forward."""
    return f"upstream_ring_{engine.name}@{depth}"


def bare_name(engine: Engine, depth: int) -> str:
    """Forwards and nothing else."""
    return f"bare_{engine.name}@{depth}"


def sequential_name(engine: Engine) -> str:
    """Our one-shot loop's."""
    return f"sequential_{engine.name}"


def all_contenders(
    engines: Engines, workload: Workload, depths: tuple[int, ...]
) -> list[Contender]:
    """Everyone, rivals beside what they are compared with: diffusers leads those on PyTorch."""
    rival = DiffusersRival(engines.transformer, workload.condition)
    found: list[Contender] = []
    for engine in engines.both:
        if engine is engines.eager:
            found.append(Contender(DIFFUSERS, engine.torch_threads, rival.generate))
        found.append(_metered(engine, sequential_name(engine), _sequential(engine, workload)))
        for depth in depths:
            found += [
                _metered(engine, bare_name(engine, depth), _bare(engine, workload, depth)),
                _metered(engine, ours_name(engine, depth), _ours(engine, workload, depth)),
                _metered(engine, upstream_name(engine, depth), _upstream(engine, workload, depth)),
            ]
    return found


def _metered(engine: Engine, name: str, run: Callable[[], object]) -> Contender:
    return Contender(name, engine.torch_threads, run, engine.spent_ns)


def _sequential(engine: Engine, workload: Workload) -> Callable[[], object]:
    return lambda: generate(engine.model.velocity, workload.request(), 1, channels=CHANNELS)


def _bare(engine: Engine, workload: Workload, depth: int) -> Callable[[], object]:
    rows = workload.rows(depth)

    def block() -> None:
        for _ in range(STEPS // depth):
            engine.runner(*rows)

    return block


def _ours(engine: Engine, workload: Workload, depth: int) -> Callable[[], object]:
    ring = Ring(engine.model.velocity, workload.request, channels=CHANNELS, depth=depth, rows=depth)
    return _turning(engine, ring.tick, depth)


def _upstream(engine: Engine, workload: Workload, depth: int) -> Callable[[], object]:
    ring = UpstreamRing(engine.model.velocity, channels=CHANNELS, depth=depth)

    def tick() -> None:
        ring.submit(workload.request())
        ring.tick()

    return _turning(engine, tick, depth)


def _turning(engine: Engine, tick: Callable[[], object], depth: int) -> Callable[[], object]:
    """Bring a ring into its steady state at no cost; then blocks of ``S/d`` ticks."""
    engine.runner.dry = True
    for _ in range(2 * STEPS):
        tick()
    engine.runner.dry = False

    def block() -> None:
        for _ in range(STEPS // depth):
            tick()

    return block

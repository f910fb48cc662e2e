"""The engine's benchmark as one measurement, and its result as plain JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass

from bridge_protocol.clock import Clock
from engine_host.accel.threads import fix_threads
from engine_host.bench import contenders as who
from engine_host.bench import timetable
from engine_host.bench.contenders import all_contenders
from engine_host.bench.decoding import BAR_FRAMES, windowed_decode
from engine_host.bench.measure import (
    Block,
    Spread,
    Tell,
    interleave,
    of_fastest,
    outside,
    per_second,
    ratio,
    rounded,
)
from engine_host.bench.memory import memory_per_slot
from engine_host.bench.timetable import Timetable
from engine_host.bench.workload import PROMPT, STEPS, Engine, Engines, Workload, load_engines

DEPTHS = (1, 2, 4, 8)
GOALS = {"overhead": 0.03, "windowed_decode_ratio": 8.0}

Blocks = Mapping[str, Sequence[Block]]
Json = dict[str, object]


@dataclass(frozen=True)
class Settings:
    """What is measured: generations of ``frames`` frames, ``rounds`` blocks of every contender."""

    frames: int = 1500
    threads: int = 2
    rounds: int = 7
    decode_frames: int = 1500
    decode_rounds: int = 9

    @classmethod
    def quick(cls, frames: int = 100, threads: int = 2) -> Settings:
        """A look that takes seconds: short generations, two rounds."""
        return cls(frames, threads, rounds=2, decode_frames=300, decode_rounds=2)


def run(settings: Settings, clock: Clock, tell: Tell) -> Json:
    """Measure everything; ``tell`` hears about progress. Leaves PyTorch's thread count changed."""
    tell("loading the model, onnxruntime and diffusers")
    engines = load_engines(settings.threads, clock)
    fix_threads(1)
    workload = Workload(engines.onnx.model, settings.frames)
    memory = memory_per_slot(engines.onnx, workload)
    tell("decoding a whole window and one bar of it, by turns")
    decode = windowed_decode(
        engines.onnx, settings.decode_frames, settings.decode_rounds, clock, tell
    )
    tell(f"generations of {settings.frames} frames in {STEPS} steps: warming up")
    everyone = all_contenders(engines, workload, DEPTHS)
    blocks = interleave(everyone, settings.rounds, clock, tell)
    tables = {depth: (timetable.ours(depth), timetable.upstream(depth)) for depth in DEPTHS}
    return {
        "setup": _setup(settings, engines),
        "goals": dict(GOALS),
        "age_ticks": _by_depth(lambda d: _pair(tables[d], lambda table: table.age)),
        "completion_gaps": _by_depth(lambda d: _pair(tables[d], lambda table: [*table.gaps])),
        "overhead": _each_engine(engines, lambda e: _by_depth(lambda d: _overhead(blocks, e, d))),
        "overhead_upstream_ring": _each_engine(
            engines, lambda e: _outside(blocks, lambda d: who.upstream_name(e, d))
        ),
        "generations_per_s": _rates(blocks, engines),
        "ratio_diffusers": _against(blocks, engines, lambda e, d: who.DIFFUSERS),
        "ratio_sequential": _against(blocks, engines, lambda e, d: who.sequential_name(e)),
        "ratio_upstream_ring": _against(blocks, engines, who.upstream_name),
        "windowed_decode_ratio": decode.ratio.as_json(),
        "windowed_decode": {
            "full_ms": decode.full_ms.as_json(),
            "bar_ms": decode.bar_ms.as_json(),
            "largest_difference": rounded(decode.largest_difference),
        },
        "latency": _each_engine(
            engines, lambda e: _by_depth(lambda d: _latency(blocks, tables[d], e, d))
        ),
        "tick_ms": _each_engine(
            engines, lambda e: _by_depth(lambda d: _tick_ms(blocks, e, d).as_json())
        ),
        "memory_per_slot_bytes": memory,
    }


def _setup(settings: Settings, engines: Engines) -> Json:
    return {
        **asdict(settings),
        "steps": STEPS,
        "depths": [*DEPTHS],
        "bar_frames": BAR_FRAMES,
        "prompt": PROMPT,
        "model": engines.onnx.model.name,
        "accelerator": {engine.name: engine.runner.words for engine in engines.both},
        "torch_threads": {engine.name: engine.torch_threads for engine in engines.both},
    }


def _by_depth(read: Callable[[int], object]) -> Json:
    return {str(depth): read(depth) for depth in DEPTHS}


def _each_engine(engines: Engines, read: Callable[[Engine], object]) -> Json:
    return {f"ours_{engine.name}": read(engine) for engine in engines.both}


def _pair(tables: tuple[Timetable, Timetable], read: Callable[[Timetable], object]) -> Json:
    return {"ours": read(tables[0]), "upstream_ring": read(tables[1])}


def _overhead(blocks: Blocks, engine: Engine, depth: int) -> Json:
    """Inside our ticks, and as ticks against bare forwards measured apart, which is noisier."""
    ours, bare = blocks[who.ours_name(engine, depth)], blocks[who.bare_name(engine, depth)]
    apart = ratio(ours, bare)
    return {
        **outside(ours).as_json(),
        "against_bare": Spread(apart.median - 1, apart.low - 1, apart.high - 1).as_json(),
    }


def _outside(blocks: Blocks, name: Callable[[int], str]) -> Json:
    return _by_depth(lambda depth: outside(blocks[name(depth)]).as_json())


def _rates(blocks: Blocks, engines: Engines) -> Json:
    def rates(name: Callable[[int], str]) -> Json:
        return _by_depth(lambda depth: per_second(blocks[name(depth)]).as_json())

    found: Json = {who.DIFFUSERS: per_second(blocks[who.DIFFUSERS]).as_json()}
    for engine in engines.both:
        sequential = blocks[who.sequential_name(engine)]
        found[f"ours_{engine.name}"] = rates(lambda d, e=engine: who.ours_name(e, d))  # type: ignore[misc]
        found[f"upstream_ring_{engine.name}"] = rates(
            lambda d, e=engine: who.upstream_name(e, d)  # type: ignore[misc]
        )
        found[f"sequential_{engine.name}"] = per_second(sequential).as_json()
    return found


def _against(blocks: Blocks, engines: Engines, rival: Callable[[Engine, int], str]) -> Json:
    """How many times as many generations ours makes as the rival."""

    def compared(engine: Engine, depth: int) -> dict[str, float]:
        theirs, ours = blocks[rival(engine, depth)], blocks[who.ours_name(engine, depth)]
        return {**ratio(theirs, ours).as_json(), "of_fastest": rounded(of_fastest(theirs, ours))}

    return _each_engine(engines, lambda e: _by_depth(lambda d: compared(e, d)))


def _tick_ms(blocks: Blocks, engine: Engine, depth: int) -> Spread:
    ticks = STEPS // depth
    ours = blocks[who.ours_name(engine, depth)]
    return Spread.of([block.wall_ns / 1e6 / ticks for block in ours])


def _latency(
    blocks: Blocks, tables: tuple[Timetable, Timetable], engine: Engine, depth: int
) -> Json:
    """From the first tick that can hear a change to the end of the tick that hands it out.

    ``ticks`` is the difference of the two ticks' numbers; in ms both ticks count. The upstream
    ring's ticks are taken to last as long as ours.
    """
    tick_ms = _tick_ms(blocks, engine, depth).median

    def told(waits: Sequence[int]) -> Json:
        mean = sum(waits) / len(waits)
        return {
            "ticks_worst": max(waits),
            "ticks_mean": rounded(mean),
            "ms_worst": rounded((max(waits) + 1) * tick_ms),
            "ms_mean": rounded((mean + 1) * tick_ms),
        }

    return {
        "step": _pair(tables, lambda table: told(table.step_waits)),
        "submission": _pair(tables, lambda table: told(table.submission_waits)),
    }

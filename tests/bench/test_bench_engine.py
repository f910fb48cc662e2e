"""The whole benchmark, tiny: every key is there and every number is finite. No timing is asserted."""

import json
import math

import pytest
import torch
from typer.testing import CliRunner

from bridge_protocol.clock import MonotonicClock
from bridge_protocol.errors import RefusedError
from engine_host.bench.engine import DEPTHS, Settings, run
from engine_host.bench.measure import (
    Block,
    Spread,
    interleave,
    of_fastest,
    outside,
    per_second,
    ratio,
)
from engine_host.bench.measure import Contender as Work
from engine_host.cli import bench

DEPTH_KEYS = {str(depth) for depth in DEPTHS}
BY_ENGINE = [
    "overhead",
    "overhead_upstream_ring",
    "ratio_diffusers",
    "ratio_sequential",
    "ratio_upstream_ring",
    "latency",
    "tick_ms",
]
RATES = {
    f"{who}_{on}" for who in ("ours", "sequential", "upstream_ring") for on in ("onnx", "eager")
}
TINY = Settings(frames=16, threads=2, rounds=1, decode_frames=80, decode_rounds=1)


@pytest.fixture(scope="module")
def told():
    return []


@pytest.fixture(scope="module")
def found(told):
    before = torch.get_num_threads()
    yield run(TINY, MonotonicClock(), told.append)
    torch.set_num_threads(before)


def numbers(value):
    if isinstance(value, dict):
        return [n for part in value.values() for n in numbers(part)]
    if isinstance(value, list):
        return [n for part in value for n in numbers(part)]
    return [value] if isinstance(value, int | float) else []


def test_every_number_is_finite_and_it_is_json(found):
    assert len(numbers(found)) > 200
    assert all(math.isfinite(number) for number in numbers(found))
    assert json.loads(json.dumps(found)) == found


def test_every_key_is_there_by_depth(found):
    for key in ("age_ticks", "completion_gaps"):
        assert found[key].keys() == DEPTH_KEYS
        assert all(pair.keys() == {"ours", "upstream_ring"} for pair in found[key].values())
    for key in BY_ENGINE:
        assert found[key].keys() == {"ours_onnx", "ours_eager"}
        assert all(part.keys() == DEPTH_KEYS for part in found[key].values())
    assert found["generations_per_s"].keys() == RATES | {"diffusers"}
    for depth in DEPTH_KEYS:
        assert found["latency"]["ours_onnx"][depth].keys() == {"step", "submission"}
    assert {"windowed_decode_ratio", "memory_per_slot_bytes", "setup", "goals"} <= found.keys()


def test_the_ticks_are_exact(found):
    assert [found["age_ticks"][str(d)]["ours"] for d in DEPTHS] == [7, 7, 7, 7]
    assert [found["age_ticks"][str(d)]["upstream_ring"] for d in DEPTHS] == [8, 9, 11, 8]
    assert found["completion_gaps"]["4"] == {"ours": [2, 2, 2, 2], "upstream_ring": [1, 1, 1, 5]}


def test_the_bar_sounds_as_it_does_in_the_whole(found):
    assert found["windowed_decode"]["largest_difference"] < 1e-4


def test_a_slot_holds_its_noise_its_latent_and_its_condition(found):
    """Two latents, a context twice as wide, once more in the model's stack; curves and tokens."""
    least = TINY.frames * 4 * (2 * 64 + 2 * 128)
    assert least < found["memory_per_slot_bytes"]["tensors"] < 4 * least


def test_progress_is_told(found, told):
    assert told[-1].startswith("round 1 of 1: 27 contenders")


def test_the_command_writes_the_result_and_prints_a_table(found, monkeypatch, tmp_path):
    monkeypatch.setattr(bench, "run", lambda settings, clock, tell: found)
    path = tmp_path / "new" / "engine.json"
    ran = CliRunner().invoke(bench.bench_app, ["engine", "--quick", "--json", str(path)])
    assert ran.exit_code == 0, ran.output
    assert "depth 8" in ran.output
    assert "7 (11)" in ran.output
    written = json.loads(path.read_text())
    assert {"machine", "versions", "date"} <= written.keys()
    assert found.items() <= written.items()


@pytest.mark.parametrize("frames", ["101", "0", "1502"])
def test_frames_that_the_model_cannot_do_are_refused(frames):
    ran = CliRunner().invoke(bench.bench_app, ["engine", "--frames", frames])
    assert isinstance(ran.exception, RefusedError)


def test_contenders_take_turns_and_the_order_turns_round():
    ran = []
    work = [Work(name, torch.get_num_threads(), lambda n=name: ran.append(n)) for name in "ab"]
    blocks = interleave(work, 3, MonotonicClock(), lambda line: None)
    assert "".join(ran) == "ab" + "ab" + "ba" + "ab"
    assert {name: len(taken) for name, taken in blocks.items()} == {"a": 3, "b": 3}


def test_ratios_are_paired_by_round_and_spreads_are_quartiles():
    slow = [Block(wall, wall) for wall in (200, 900)]
    fast = [Block(wall, 80 * wall // 100) for wall in (100, 300)]
    assert ratio(slow, fast) == Spread(2.5, 2.25, 2.75)
    assert of_fastest(slow, fast) == 2.0
    assert outside(fast) == Spread(0.25, 0.25, 0.25)
    assert per_second([Block(500_000_000, 0)]) == Spread(2.0, 2.0, 2.0)

"""The model of the upstream ring against that ring's own recorded timing, and what ours promises."""

import json
from pathlib import Path

import pytest
import torch

from engine_host.bench import timetable
from engine_host.bench.upstream_ring import UpstreamRing
from engine_host.diffusion.noise import NoiseKey
from engine_host.diffusion.request import Request, StepCell, StepState
from engine_host.diffusion.schedule import timesteps

RECORDED = json.loads((Path(__file__).parent.parent / "data" / "ring.json").read_text())["depth"]
DEPTHS = [1, 2, 4, 8]


@pytest.mark.parametrize("depth", DEPTHS)
def test_the_model_gives_the_recorded_births_and_completions(depth):
    recorded = RECORDED[str(depth)]
    table = timetable.upstream(depth, ticks=64)
    assert [[*birth] for birth in table.births] == recorded["births"]
    assert [[c.tick, c.submitted] for c in table.completions] == recorded["completions"]


@pytest.mark.parametrize(("depth", "age", "gaps"), [(1, 8, {8}), (2, 9, {1, 7}), (4, 11, {1, 5})])
def test_its_ages_and_bursts(depth, age, gaps):
    table = timetable.upstream(depth)
    assert (table.age, set(table.gaps)) == (age, gaps)
    assert (len(table.gaps), sum(table.gaps)) == (depth, 8)


@pytest.mark.parametrize("depth", DEPTHS)
def test_ours_is_seven_ticks_old_evenly_spaced_and_hears_sooner(depth):
    ours, upstream = timetable.ours(depth), timetable.upstream(depth)
    assert ours.age == 7
    assert set(ours.gaps) == {8 // depth}
    assert max(ours.step_waits) == 8 // depth - 1
    assert max(ours.submission_waits) == 8 + 8 // depth - 2
    assert max(upstream.step_waits) > max(ours.step_waits)
    assert max(upstream.submission_waits) > max(ours.submission_waits)


def test_it_solves_the_same_equation():
    """dx/dt = x has x(0) = n * prod(1 + dt) for Euler's steps."""
    ring = UpstreamRing(lambda x, t, conditions: x, channels=3, depth=2)
    for number in range(2):
        cell = StepCell(StepState.plain(4))
        ring.submit(Request(number, NoiseKey(5, number), 4, None, cell))
    done = [out for _ in range(12) for out in ring.tick().handed_out]
    times = torch.from_numpy(timesteps(8, 3.0, 1.0)).float()
    for out in done:
        noise = torch.randn(4, 3, generator=torch.Generator().manual_seed(5 + out.request.tag))
        expected = noise * torch.prod(1 + times.diff())
        assert torch.allclose(out.latents, expected, atol=1e-6)
    assert [out.request.tag for out in done] == [0, 1]

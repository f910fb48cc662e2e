"""The upstream ring's timing faults, shown absent, and Table 12 of the paper in ticks."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
import torch
from diffusion_helpers import (
    CHANNELS,
    DATA,
    FRAMES,
    ClosedForm,
    cell,
    completions,
    feed,
    pull,
    request,
    submit_each_tick,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from engine_host.diffusion.mailbox import Mailbox
from engine_host.diffusion.oneshot import generate
from engine_host.diffusion.request import Request
from engine_host.diffusion.ring import Ring

STEPS = 8
UPSTREAM = json.loads((DATA / "ring.json").read_text())["depth"]


def gaps(finished: list[tuple[int, Any]]) -> set[int]:
    return {after - before for (before, _), (after, _) in pairwise(finished)}


@pytest.mark.parametrize("depth", [1, 2, 4, 8])
def test_parameters_are_seven_ticks_old_at_hand_out_at_every_depth(depth: int) -> None:
    ours = completions(submit_each_tick(depth, 64))
    assert {tick - submitted for tick, submitted in ours} == {STEPS - 1}
    upstream = max(tick - submitted for tick, submitted in UPSTREAM[str(depth)]["completions"])
    assert upstream == {1: 8, 2: 9, 4: 11, 8: 8}[depth]


@pytest.mark.parametrize("depth", [2, 4])
def test_completions_come_evenly_where_upstreams_come_in_bursts(depth: int) -> None:
    assert gaps(completions(submit_each_tick(depth, 64))) == {STEPS // depth}
    upstream = gaps(UPSTREAM[str(depth)]["completions"])
    assert max(upstream) - min(upstream) > 1


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 8), st.integers(1, 12))
def test_gaps_differ_by_at_most_one_tick_at_any_depth_and_number_of_steps(
    depth: int, steps: int
) -> None:
    depth = min(depth, steps)
    reports = submit_each_tick(depth, 50, lambda tick: request(tick, frames=2, steps=steps))
    found = gaps(completions(reports))
    assert max(found) - min(found) <= 1
    assert all(len(report.births) <= 1 for report in reports)


@pytest.mark.parametrize("depth", [1, 2, 3, 4, 8])
def test_a_change_is_in_the_first_generation_born_after_it(depth: int) -> None:
    """The worst phase of the change: S + S/depth - 2 ticks to hand-out, and never more."""
    ours = completions(submit_each_tick(depth, 64))
    waits = [
        min(tick for tick, submitted in ours if submitted >= changed) - changed
        for changed in range(8, 40)
    ]
    assert max(waits) == STEPS + -(-STEPS // depth) - 2


@settings(max_examples=30, deadline=None)
@given(st.lists(st.booleans(), min_size=10, max_size=50), st.integers(1, 8))
def test_whatever_the_arrivals_a_slot_is_born_with_the_newest_request(
    arrivals: list[bool], depth: int
) -> None:
    mailbox: Mailbox[Request] = Mailbox()
    under_test = Ring(pull, mailbox.take, channels=2, depth=depth, rows=8)
    newest = None
    for tick, arrives in enumerate(arrivals):
        if arrives:
            newest = tick
            mailbox.put(request(tick, frames=2))
        idle = under_test.idle
        report = under_test.tick()
        assert report.births in ((), (newest,))
        if idle and newest is not None:
            assert report.births == (newest,)  # an idle ring starts at once
        if report.births:
            newest = None


# --- a denoise slider that moves at every tick


def slider(tick: int, source: Tensor) -> Request:
    return request(tick, source=source, denoise=0.5 + 0.4 * ((7 * tick) % 60) / 60)


def test_a_moving_denoise_slider_gives_one_completion_a_tick() -> None:
    source = torch.zeros(FRAMES, 2)
    reports = submit_each_tick(8, 67, lambda tick: slider(tick, source))
    assert [len(report.finished) for report in reports[7:]] == [1] * 60


def test_a_global_schedule_that_every_move_rebuilds_gives_one_of_sixty() -> None:
    """The baseline: slots share one schedule, so a new one starts them all anew."""
    source = torch.zeros(FRAMES, 2)
    position = iter([0] * 8 + list(range(1, 60)))
    now = 0
    ring = Ring(pull, lambda: slider(now, source), channels=2, depth=8, rows=8)
    finished = []
    for _ in range(67):
        moved = next(position)
        if moved != now:
            ring.drop(lambda _: True)
        now = moved
        finished.append(len(ring.tick().finished))
    assert sum(finished[7:]) == 1


# --- Table 12: how many ticks until a step-class change is heard


def after_change(given: ClosedForm, before: Any, after: Any, **wanted: Any) -> list[float]:
    """Relative distance to the converged result of each hand-out from the change on."""
    shared = cell()
    shared.current = before.current
    common = {"condition": given.heard, "source": given["source"], "target": given["target"]}
    asked = [request(tag, step_cell=shared, **common, **wanted) for tag in range(20)]
    ring = Ring(given, feed(asked), channels=CHANNELS, depth=8, rows=8)
    for _ in range(7):
        ring.tick()
    shared.current = after.current
    finished = [ring.tick().finished[0] for _ in range(10)]
    return [distance(given, done.latents, done.request) for done in finished]


def distance(given: ClosedForm, latents: Tensor, asked: Request) -> float:
    converged = generate(given, asked, 8)
    return float((latents - converged).norm() / converged.norm())


def test_the_morph_is_heard_after_one_tick_and_converged_by_tick_four(
    closed_form: ClosedForm,
) -> None:
    found = after_change(closed_form, cell(), cell(morph=0.7))
    assert all(off > 0 for off in found[:3])
    assert all(off == 0 for off in found[3:])
    assert found[0] < 1 - 0.25  # already a good part of the way


def test_the_sde_curve_is_heard_after_one_tick_and_converged_by_tick_eight(
    closed_form: ClosedForm,
) -> None:
    found = after_change(closed_form, cell(), cell(sde_blend=0.5), solver="sde")
    unheard = after_change(closed_form, cell(), cell(), solver="sde")
    assert unheard == [0.0] * 10
    assert all(off > 0 for off in found[:7])
    assert all(off == 0 for off in found[7:])
    first_below_1_percent = next(tick for tick, off in enumerate(found, 1) if off < 0.01)
    assert first_below_1_percent <= 5

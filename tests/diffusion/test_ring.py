from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
import torch
from diffusion_helpers import (
    CHANNELS,
    FRAMES,
    ClosedForm,
    cell,
    completions,
    drain,
    feed,
    pull,
    request,
    submit_each_tick,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from engine_host.diffusion import batch, noise
from engine_host.diffusion.noise import NoiseKey
from engine_host.diffusion.oneshot import generate
from engine_host.diffusion.request import Request, StepCell
from engine_host.diffusion.ring import Ring


def ring(take: Any, depth: int = 8, rows: int = 8, **wanted: Any) -> Ring:
    return Ring(wanted.pop("velocity", pull), take, channels=2, depth=depth, rows=rows, **wanted)


# --- life of a slot


def test_one_request_takes_one_forward_a_tick_and_is_handed_out_by_its_last() -> None:
    under_test = ring(feed([request("only")]))
    reports = [under_test.tick() for _ in range(9)]
    assert [report.forwards for report in reports] == [1] * 8 + [0]
    assert reports[0].births == ("only",)
    (done,) = reports[7].finished
    assert (done.born_tick, done.finished_tick) == (0, 7)
    assert under_test.idle


def test_active_tells_each_request_and_its_step_oldest_first() -> None:
    first, second = request("first", frames=24), request("second", frames=12)
    under_test = ring(feed([first, second]))
    under_test.tick()
    under_test.tick()
    assert under_test.active == ((first, 2), (second, 1))


def test_denoise_zero_is_finished_in_its_birth_tick_without_a_forward() -> None:
    source = torch.randn(FRAMES, 2, generator=torch.Generator().manual_seed(1))
    under_test = ring(feed([request("same", source=source, denoise=0.0)]))
    report = under_test.tick()
    assert report.forwards == 0
    assert report.births == ("same",)
    assert torch.equal(report.finished[0].latents, source)
    assert under_test.idle


def test_a_stream_of_denoise_zero_does_not_hang_the_tick() -> None:
    source = torch.zeros(FRAMES, 2)
    under_test = ring(lambda: request("same", source=source, denoise=0.0), depth=2)
    assert [len(under_test.tick().finished) for _ in range(5)] == [1] * 5


def test_drop_cancels_only_the_slots_that_are_unwanted() -> None:
    under_test = ring(feed(request(tag) for tag in range(4)))
    for _ in range(4):
        under_test.tick()
    assert under_test.drop(lambda wanted: wanted.tag in {1, 3}) == 2
    assert [done.request.tag for done in drain(under_test)] == [0, 2]


def test_latents_handed_out_do_not_change_afterwards() -> None:
    under_test = ring(feed(request(tag) for tag in range(12)))
    finished = drain(under_test)
    kept = finished[0].latents.clone()
    drain(ring(feed(request(tag) for tag in range(3))))
    assert torch.equal(finished[0].latents, kept)


@pytest.mark.parametrize("field", ["channels", "depth", "rows", "nominal_steps"])
def test_numbers_below_one_are_refused_by_name(field: str) -> None:
    options = {"channels": 2, "depth": 8, "rows": 8, "nominal_steps": 8} | {field: 0}
    with pytest.raises(ValueError, match=field):
        Ring(pull, feed([]), **options)


# --- depth


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 8), min_size=1, max_size=12), st.integers(1, 6))
def test_changing_the_depth_live_throws_nothing_away(depths: list[int], every: int) -> None:
    tags = iter(range(10_000))
    under_test = ring(lambda: request(next(tags)))
    born: dict[object, int] = {}
    done: dict[object, int] = {}
    for tick in range(len(depths) * every + 8):
        wanted = depths[min(tick // every, len(depths) - 1)]
        under_test.set_depth(wanted)
        before = len(under_test.active)
        report = under_test.tick()
        born |= dict.fromkeys(report.births, tick)
        done |= {finished.request.tag: tick for finished in report.finished}
        assert before + len(report.births) <= max(before, wanted)
    assert all(tick == born[tag] + 7 for tag, tick in done.items())
    last = len(depths) * every + 7
    assert {tag for tag, tick in born.items() if tick + 7 <= last} == set(done)


def test_a_deeper_ring_starts_the_next_slot_at_once() -> None:
    under_test = ring(request, depth=1)
    for _ in range(5):
        under_test.tick()
    under_test.set_depth(8)
    assert [len(under_test.tick().births) for _ in range(3)] == [1, 1, 1]


# --- several lengths and sessions


def test_more_slots_than_rows_run_in_several_forwards(closed_form: ClosedForm) -> None:
    asked = [request(tag, condition=closed_form.heard) for tag in range(6)]
    small = Ring(closed_form, feed(asked), channels=CHANNELS, depth=6, rows=4)
    for one in drain(small):
        alone = generate(closed_form, one.request, 4, channels=CHANNELS)
        assert torch.equal(one.latents, alone)


def session_requests(given: ClosedForm, name: str, frames: int, encoder: str) -> list[Request]:
    session_cell = cell(frames, velocity=0.9 if name == "a" else 1.1)
    return [
        request(
            (name, number),
            frames=frames,
            key=NoiseKey(7, number),
            condition=given.hear(encoder),
            step_cell=session_cell,
            solver="sde" if name == "a" else "ode",
        )
        for number in range(5)
    ]


@pytest.mark.parametrize("frames", [24, 16])
def test_sessions_that_share_a_ring_sound_as_each_does_alone(
    frames: int, closed_form: ClosedForm
) -> None:
    a = session_requests(closed_form, "a", 24, "encoder_1")
    b = session_requests(closed_form, "b", frames, "encoder_2")

    def results(requests: list[Request]) -> dict[object, Tensor]:
        shared = Ring(closed_form, feed(requests), channels=CHANNELS, depth=8, rows=8)
        return {done.request.tag: done.latents for done in drain(shared)}

    together = results([one for pair in zip(a, b, strict=True) for one in pair])
    alone = results(a) | results(b)
    assert together.keys() == alone.keys()
    for tag, latents in alone.items():
        assert torch.equal(together[tag], latents)


# --- step states


def test_revisions_are_those_that_the_first_and_the_last_step_read() -> None:
    moving = StepCell(replace(cell().current, revision=10))
    under_test = ring(feed([request(step_cell=moving)]))
    for tick in range(8):
        moving.current = replace(moving.current, revision=10 + tick)
        report = under_test.tick()
    (done,) = report.finished
    assert (done.first_revision, done.last_revision) == (10, 17)


def test_a_step_state_is_heard_at_the_next_tick_in_every_slot(closed_form: ClosedForm) -> None:
    shared = cell()
    asked = [request(tag, condition=closed_form.heard, step_cell=shared) for tag in range(8)]
    under_test = Ring(closed_form, feed(asked), channels=CHANNELS, depth=8, rows=8)
    for _ in range(7):
        under_test.tick()
    shared.current = cell(velocity=0.5).current
    (done,) = under_test.tick().finished
    before, *_ = asked
    plain = replace(before, step_cell=cell())
    assert not torch.equal(done.latents, generate(closed_form, plain, 8, channels=CHANNELS))


def test_states_may_be_replaced_from_another_thread_while_the_ring_ticks() -> None:
    shared, stop = cell(), threading.Event()

    def turn_the_knob() -> None:
        revision = 0
        while not stop.is_set():
            revision += 1
            shared.current = replace(shared.current, revision=revision)

    knob = threading.Thread(target=turn_the_knob)
    knob.start()
    try:
        finished = drain(ring(feed(request(tag, step_cell=shared) for tag in range(20))))
    finally:
        stop.set()
        knob.join()
    assert len(finished) == 20
    assert all(done.first_revision <= done.last_revision for done in finished)


# --- work that is not done


def test_curves_are_stacked_again_only_when_a_state_was_replaced(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls: list[str] = []
    for name in ("stack_fixed", "stack_curves"):
        real = getattr(batch, name)

        def counted(*given: Any, _real: Any = real, _name: str = name) -> Any:
            calls.append(_name)
            return _real(*given)

        monkeypatch.setattr(batch, name, counted)
    shared = cell()
    under_test = ring(feed([request(step_cell=shared)]))
    for _ in range(4):
        under_test.tick()
    assert sorted(calls) == ["stack_curves", "stack_fixed"]
    shared.current = cell(velocity=0.5).current
    under_test.tick()
    assert calls[2:] == ["stack_curves"]


def count_draws(monkeypatch: pytest.MonkeyPatch, asked: list[Request]) -> list[int]:
    """How many rows each draw of noise had, births apart."""
    drawn: list[int] = []
    real = noise.normal

    def counted(keys: Sequence[NoiseKey], step: Any, *size: Any) -> Tensor:
        if step != noise.INITIAL_STEP:
            drawn.append(len(keys))
        return real(keys, step, *size)

    monkeypatch.setattr(noise, "normal", counted)
    drain(ring(feed(asked)))
    return drawn


def test_no_noise_is_drawn_that_is_multiplied_by_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    assert count_draws(monkeypatch, [request(), request(1)]) == []


def test_noise_is_drawn_only_for_the_rows_that_use_it(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = [request(0, solver="sde"), request(1), request(2, step_cell=cell(ode_noise=0.1))]
    assert sum(count_draws(monkeypatch, asked)) == 2 * 7


# --- failures


def test_a_raising_model_ends_only_its_own_slot(closed_form: ClosedForm) -> None:
    def fragile(x: Tensor, t: Tensor, conditions: Sequence[object]) -> Tensor:
        if any(
            condition == "bad" and time < 0.8 for condition, time in zip(conditions, t, strict=True)
        ):
            raise RuntimeError("no such prompt")
        return closed_form(x, t, [closed_form.heard] * len(x))

    asked = [request(tag, condition="bad" if tag == 2 else "good") for tag in range(6)]
    under_test = Ring(fragile, feed(asked), channels=CHANNELS, depth=8, rows=8)
    reports = [under_test.tick() for _ in range(14)]
    failed = [entry for report in reports for entry in report.failed]
    assert [(entry.request.tag, str(entry.error)) for entry in failed] == [(2, "no such prompt")]
    assert [tag for _, tag in completions(reports)] == [0, 1, 3, 4, 5]
    for report in reports:
        for done in report.finished:
            assert torch.equal(done.latents, generate(fragile, done.request, 8, channels=CHANNELS))


def test_a_request_of_other_channels_fails_at_birth_and_the_ring_goes_on() -> None:
    wrong = request("wrong", source=torch.zeros(FRAMES, 5))
    under_test = ring(feed([wrong, request("right")]))
    report = under_test.tick()
    assert [entry.request.tag for entry in report.failed] == ["wrong"]
    assert [done.request.tag for done in drain(under_test)] == ["right"]


def test_a_model_that_always_raises_leaves_an_idle_ring() -> None:
    def broken(*_: object) -> Tensor:
        raise RuntimeError("out of memory")

    reports = submit_each_tick(4, 6, velocity=broken)
    assert [len(report.failed) for report in reports] == [1] * 6
    assert completions(reports) == []

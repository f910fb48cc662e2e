"""Work begins at the latest safe moment, and an engine that is too slow plays on in time."""

import numpy as np
import pytest
from live_setup import Setup
from stream_helpers import RATE

from bridge_protocol.errors import ErrorCode
from bridge_protocol.schema import Notice, Pulse, When
from engine_host.stream.pace import MAX_EVERY, every_window, must_begin

STEPS = 64  # many short ticks: the virtual host waits for the tick in progress


def test_the_share_that_is_rendered_is_the_largest_that_fits():
    for making in (0.1, 0.99, 1.5, 2.5, 3.9, 7.0):
        every = every_window(1, making, 1.0)
        assert making <= every
        assert every == 1 or making > every // 2
    assert every_window(1, 1000.0, 1.0) == MAX_EVERY


def test_more_is_rendered_again_only_with_room_to_spare():
    assert every_window(2, 0.9, 1.0) == 2
    assert every_window(2, 0.7, 1.0) == 1
    assert every_window(8, 0.1, 1.0) == 1


def test_work_must_begin_when_its_own_time_is_up_or_that_of_one_behind_it():
    assert not must_begin([], 1.0, 0.5)
    assert not must_begin([1.1], 1.0, 0.5)
    assert must_begin([1.0], 1.0, 0.5)
    assert must_begin([1.2, 1.4], 1.0, 0.5)
    assert not must_begin([1.2, 1.6], 1.0, 0.5)


def _births(setup: Setup) -> int:
    return setup.host.engine.generations


def test_resting_renders_nothing_before_it_must_and_is_never_late():
    """At the latest safe moment a window is asked for, and still every bar is there in time."""
    setup = Setup("1:120", "1:4/4", tick_ms=20.0)
    setup.client.param("spare_ticks", "rest")
    setup.client.prompt("0.25")
    setup.start()
    births = []
    for bar in range(2, 18):
        setup.until_bar(bar)
        births.append(_births(setup))
    setup.assert_exact()
    report = setup.daw.report()
    assert (report.late_bars, report.gaps) == (0, [])
    window_seconds, lead_seconds = 8.0, setup.daw.buffer_frames / RATE
    cost = setup.host.engine.cost()
    ahead = cost.request_to_sound_ns / 1e9 + lead_seconds + 2.0  # and the bar it is looked at
    for index, made in enumerate(births):
        played = 2.0 * (index + 1)
        assert made <= np.ceil((played + ahead) / window_seconds)


def test_refining_makes_the_next_window_ready_and_not_the_one_after_it():
    setup = Setup("1:120", "1:4/4", tick_ms=20.0)
    setup.client.prompt("0.25")
    setup.start()
    setup.until_bar(2)
    assert _births(setup) == 2
    setup.until_bar(4)
    assert _births(setup) == 2


def _slow(window_bars: int, making_windows: float) -> Setup:
    """An engine that needs so many windows' time to make one."""
    tick_ms = making_windows * window_bars * 1000.0 / STEPS
    setup = Setup("1:240", "1:4/4", tick_ms=tick_ms, window_bars=window_bars, buffer_seconds=1.0)
    setup.client.prompt("0.25")
    setup.client.param("steps", STEPS)
    return setup


@pytest.mark.parametrize(("making", "every"), [(0.7, 1), (1.5, 2), (3.0, 4)])
def test_an_engine_too_slow_for_every_bar_renders_every_2nd_or_4th_and_plays_no_gap(making, every):
    setup = _slow(1, making)
    setup.start()
    setup.until_bar(40, max_blocks=12_000)
    setup.assert_exact()
    report = setup.daw.report()
    assert report.gaps == []
    assert np.allclose(setup.played(), 0.25, atol=1e-3)
    setup.host.hub.service()
    setup.client.poll()
    pulse = setup.client.kept(Pulse)[-1]
    assert pulse.every == every
    said = [n for n in setup.client.kept(Notice) if n.code == ErrorCode.ENGINE_SLOW.value]
    assert bool(said) == (every > 1)
    marked = sum(bar.late for bar in report.bars)
    assert abs(pulse.repeated_bars + pulse.late_bars - marked) <= 2  # some are not heard yet
    assert abs(marked - len(report.bars) * (1 - 1 / every)) <= 4


def test_what_was_promised_is_kept_where_an_earlier_window_is_repeated():
    setup = _slow(1, 1.5)
    setup.start()
    setup.until_bar(12, max_blocks=8_000)
    change = setup.daw.prompt("-0.5", When(kind="bar", bar=20))
    setup.until_bar(30, max_blocks=12_000)
    assert (change.promise.status, change.promise.bar) == ("kept", 20)
    line = setup.daw.grid.sample(19)
    heard = setup.played()
    assert np.allclose(heard[line : line + 8 * RATE], -0.5, atol=1e-3)


def test_a_machine_that_is_quick_again_renders_every_window_again():
    setup = _slow(1, 1.5)
    setup.start()
    setup.until_bar(12, max_blocks=8_000)
    setup.host.model.tick_ns //= 10
    setup.until_bar(40, max_blocks=12_000)
    setup.host.hub.service()
    setup.client.poll()
    assert setup.client.kept(Pulse)[-1].every == 1
    assert not any(bar.late for bar in setup.daw.report().bars[-8:])

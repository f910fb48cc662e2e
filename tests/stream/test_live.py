"""A simulated DAW plays the real engine (toy model, virtual clock): what is promised is heard."""

import numpy as np
import pytest
from engine_in_process import InProcess
from live_setup import METER, TEMPO, Setup
from stream_helpers import RATE, render, song

from bridge_protocol.errors import RefusedError
from bridge_protocol.notation import parse_lane, parse_meter, parse_tempo
from bridge_protocol.schema import Audio, Credit, Notice, PromiseMessage, Render, When
from daw_clients.client.client import Client
from daw_clients.client.core import AudioBlock
from engine_host.stream.settings import Change, LaneEntry, propagation_of, set_lane, set_prompt


def test_bars_start_on_their_samples_through_a_ramp_and_odd_signatures():
    setup = Setup()
    setup.client.prompt("0.25")
    setup.start()
    setup.until_bar(8)
    setup.assert_exact()
    assert [bar.bar for bar in setup.daw.report().bars] == list(range(1, 9))
    assert np.allclose(setup.played(), 0.25, atol=1e-3)


def test_live_with_enough_lead_is_the_offline_render_bit_for_bit():
    setup = Setup(rows=2, depth=2)
    lane = parse_lane("1:0, 3:1, 5:0.2", setup.daw.grid.meter)
    setup.client.prompt("0.25")
    setup.client.lane("ode_noise", lane)
    setup.client.prompt("-0.5", When(kind="bar", bar=4))
    setup.start()
    setup.until_bar(8)
    live = setup.played()

    made = song(TEMPO, METER)
    for name, edit, bar in (
        ("prompt", set_prompt("0.25"), None),
        ("ode_noise", set_lane("ode_noise", LaneEntry(lane, 1)), None),
        ("prompt", set_prompt("-0.5"), 4),
    ):
        change = Change(made.next_state(), name, propagation_of(name), edit)
        if bar is None:
            made.apply(change, change.number)
        else:
            made.place(float(made.grid.ppq(bar - 1)), change, change.number)
    offline = render(made, 1, 9, rows=2, depth=2)
    assert len(live) > 10 * RATE
    assert np.array_equal(live, offline[: len(live)])


def test_a_loop_keeps_its_length_to_the_sample_and_its_blocks_are_there_before_it_wraps():
    setup = Setup()
    setup.client.prompt("0.25")
    grid = setup.daw.grid
    setup.daw.set_loop(float(grid.ppq(1)), float(grid.ppq(4)))
    setup.start()
    setup.until_bar(2, lap=3)
    setup.assert_exact()
    starts = [b.timeline_sample for b in setup.daw.report().bars if b.bar == 2]
    assert len(starts) == 4
    assert set(np.diff(starts)) == {grid.sample(4) - grid.sample(1)}


def test_a_loop_let_go_is_left_without_a_gap():
    setup = Setup()
    setup.client.prompt("0.25")
    grid = setup.daw.grid
    setup.daw.set_loop(float(grid.ppq(1)), float(grid.ppq(3)))
    setup.start()
    setup.until_bar(2, lap=1)
    setup.daw.clear_loop()
    setup.until_bar(6)
    setup.assert_exact()
    assert [b.bar for b in setup.daw.report().bars] == [1, 2, 3, 2, 3, 4, 5, 6]


def test_an_announced_jump_is_heard_without_a_gap_in_its_new_epoch():
    setup = Setup()
    setup.client.prompt("0.25")
    setup.start()
    grid = setup.daw.grid
    setup.until_bar(3)
    setup.daw.announce_jump(float(grid.ppq(5)), float(grid.ppq(1)))
    setup.until(lambda d: d.head.epoch == 2 and d.head.sample >= grid.sample(3))
    setup.assert_exact()
    assert [b.bar for b in setup.daw.report().bars] == [1, 2, 3, 4, 5, 2, 3, 4]


def test_an_unannounced_locate_drops_every_block_of_the_old_epoch():
    setup = Setup()
    setup.client.prompt("0.25")
    setup.start()
    setup.until_bar(3)
    setup.daw.locate(float(setup.daw.grid.ppq(6)))
    setup.until_bar(9)
    report = setup.daw.report()
    assert report.stale_frames_heard == 0
    assert [b.bar for b in report.bars if b.epoch == 2] == [8, 9]
    assert all(b.error_samples == 0 for b in report.bars)
    waiting = sum(s.frames for s in setup.daw.heard if s.kind == "waiting")
    assert waiting < RATE  # the new place was rendered and sent within a second


def test_a_prompt_promised_for_a_bar_is_heard_from_that_bars_sample_on():
    setup = Setup("1:120", "1:4/4")
    setup.client.prompt("0.25")
    setup.start()
    setup.until_bar(2)
    change = setup.daw.prompt("-0.5", When(kind="bar", bar=5))
    setup.until_bar(7)
    assert change.promised_sample == change.promise.sample == setup.daw.grid.sample(4)
    assert change.promise.status == "kept"
    audio, line = setup.played()[:, 0], setup.daw.grid.sample(4)
    assert audio[line] == pytest.approx(-0.5, abs=1e-4)
    assert audio[line - RATE // 10] == pytest.approx(0.25, abs=1e-4)


def test_a_bar_that_can_not_be_met_is_too_late_and_the_next_one_is_named():
    setup = Setup("1:120", "1:4/4")
    setup.client.prompt("0.25")
    setup.start()
    setup.until_bar(3)
    with pytest.raises(RefusedError) as caught:
        setup.client.prompt("0.5", When(kind="bar", bar=3))
    assert caught.value.code == "TOO_LATE"
    assert caught.value.next_bar in (4, 5)
    assert caught.value.next_sample == setup.daw.grid.sample(caught.value.next_bar - 1)
    reply = setup.client.prompt("0.5", When(kind="bar", bar=caught.value.next_bar))
    setup.until_bar(7)
    assert setup.played()[reply.sample, 0] == pytest.approx(0.5, abs=1e-4)


@pytest.mark.parametrize("kind", ["now", "next_beat", "next_bar"])
def test_a_knob_is_heard_on_the_promised_sample(kind):
    setup = Setup("1:120", "1:4/4")
    setup.client.prompt("0.25")
    setup.start()
    setup.until_bar(2)
    change = setup.daw.prompt("-0.5", When(kind=kind))
    setup.until_bar(6)
    assert change.promise.status == "kept"
    assert change.promise.sample == change.promised_sample
    audio, sample = setup.played()[:, 0], change.promised_sample
    assert audio[sample] == pytest.approx(-0.5, abs=1e-4)
    assert audio[sample - RATE // 10] == pytest.approx(0.25, abs=1e-4)
    if kind == "next_beat":
        assert sample % (RATE // 2) == 0
    if kind == "next_bar":
        assert sample % (2 * RATE) == 0


def test_a_storm_of_changes_costs_a_few_generations_and_the_last_one_holds():
    setup = Setup("1:120", "1:4/4")
    setup.client.prompt("0.25")
    setup.start()
    setup.until_bar(2)
    before = setup.host.engine.generations
    changes = []
    for block in range(94):  # one second of 5,000 changes a second
        changes += [setup.daw.prompt(str(0.001 * (block % 7))) for _ in range(53)]
        setup.until(lambda d, at=setup.daw.timeline: d.timeline > at)
    changes.append(setup.daw.prompt("-0.5"))
    setup.until_bar(6)
    statuses = {c.promise.status for c in changes if c.promise}
    assert statuses <= {"kept", "replaced"}
    assert changes[-1].promise.status == "kept"
    assert setup.host.engine.generations - before < 40
    assert setup.played()[-1, 0] == pytest.approx(-0.5, abs=1e-3)


def test_a_step_class_knob_reaches_the_slot_in_flight():
    setup = Setup("1:120", "1:4/4", tick_ms=40.0)
    setup.client.prompt("0.25")
    setup.start()
    setup.until_bar(2)
    setup.daw.param("velocity", 1.1)
    setup.until(lambda d: bool(setup.host.engine._flights))
    flight = setup.host.engine._flights[0]
    second = setup.daw.param("velocity", 1.2)
    setup.until(lambda d: not flight.clean)
    assert flight.cell.current.velocity[0] == pytest.approx(1.2)
    setup.until_bar(6)
    assert second.promise.status == "kept"


def test_an_engine_too_slow_for_its_bars_is_told_as_late_and_never_a_gap():
    setup = Setup("1:240", "1:4/4", tick_ms=100.0)
    setup.client.prompt("0.25")
    setup.client.param("steps", 64.0)  # 6.4 s for four bars of a second each
    setup.start()
    setup.until_bar(12)
    report = setup.daw.report()
    assert report.gap_frames == 0
    assert report.late_bars > 0
    assert not any(s.header.dry for s in setup.daw.heard if s.header)
    assert all(b.error_samples == 0 for b in report.bars)


def test_a_generation_that_fails_is_told_and_what_was_good_goes_on():
    setup = Setup("1:120", "1:4/4")
    setup.client.prompt("0.25")
    setup.start()
    setup.until_bar(2)
    change = setup.daw.prompt("raise", When(kind="bar", bar=5))
    setup.until_bar(8)
    assert setup.daw.report().gap_frames == 0
    assert setup.played()[-1, 0] == pytest.approx(0.25, abs=1e-3)
    assert change.promise is None
    assert any("this prompt raises" in n.message for n in setup.client.kept(Notice))


def test_two_sessions_share_the_engine_and_each_hears_its_own():
    first = Setup("1:120", "1:4/4")
    second = Setup("1:90", "1:3/4", identity=b"other", host=first.host)
    first.client.prompt("0.25")
    second.client.prompt("-0.5")
    first.start()
    second.start()
    for _ in range(400):
        for setup in (first, second):
            setup.daw.pump()
            setup.daw.process()
        first.work()
        first.host.clock.advance_ns(512 * 10**9 // RATE)
    for setup, level in ((first, 0.25), (second, -0.5)):
        played = setup.played()
        assert len(played) > 2 * RATE
        assert np.allclose(played, level, atol=1e-3)


def test_every_block_says_which_lane_revision_it_carries():
    setup = Setup("1:120", "1:4/4")
    setup.client.prompt("0.25")
    setup.client.lane("ode_noise", parse_lane("1:0.1", setup.daw.grid.meter))
    setup.start()
    setup.until_bar(2)
    headers = [s.header for s in setup.daw.heard if s.header]
    assert headers
    assert all(isinstance(h, Audio) and h.revisions.keys() == {"ode_noise"} for h in headers)


def test_another_tempo_map_while_playing_goes_on_from_the_same_beat():
    setup = Setup("1:120", "1:4/4")
    setup.client.prompt("0.25")
    setup.start()
    setup.until_bar(3)
    meters = parse_meter("1:4/4")
    setup.daw.set_grid(parse_tempo("1:100", meters), meters)
    setup.until_bar(6)
    report = setup.daw.report()
    assert [b.bar for b in report.bars if b.epoch == 2] == [4, 5, 6]
    assert all(b.error_samples == 0 for b in report.bars)


def test_a_change_placed_on_a_bar_stays_on_it_when_the_map_changes_and_is_promised_again():
    setup = Setup("1:120", "1:4/4")
    setup.client.prompt("0.25")
    setup.start()
    setup.until_bar(2)
    change = setup.daw.prompt("-0.5", When(kind="bar", bar=6))
    told = []
    setup.client.on(PromiseMessage, lambda promise: told.append(promise.status))
    old = change.promised_sample
    meters = parse_meter("1:4/4")
    setup.daw.set_grid(parse_tempo("1:100", meters), meters)
    setup.until_bar(8)
    line = setup.daw.grid.sample(5)
    assert (change.promise.status, change.promise.sample) == ("kept", line)
    assert told == ["moved", "kept"]
    assert old != line
    spans = [s for s in setup.daw.heard if s.kind == "played" and s.epoch == 2]
    heard = setup.daw.recording
    where = next(
        s.timeline_sample + line - s.song_sample
        for s in spans
        if s.song_sample <= line < s.song_sample + s.frames
    )
    assert heard[where, 0] == pytest.approx(-0.5, abs=1e-4)
    assert heard[where - RATE // 10, 0] == pytest.approx(0.25, abs=1e-3)


def test_the_first_pass_of_a_loop_is_rendered_in_the_loops_own_windows():
    setup = Setup("1:120", "1:4/4")
    setup.client.prompt("0.25")
    grid = setup.daw.grid
    setup.daw.set_loop(float(grid.ppq(2)), float(grid.ppq(6)))
    setup.start()
    setup.until_bar(4, lap=1)
    generations = {}
    for span in setup.daw.heard:
        if span.header:
            bar = grid.bar_of_sample(span.song_sample)
            generations.setdefault((bar, span.lap), span.header.generation)
    assert generations[(3, 0)] == generations[(3, 1)]
    assert generations[(2, 0)] == generations[(5, 0)] != generations[(1, 0)]


def test_a_host_in_mono_gets_one_channel():
    host = InProcess()
    client = Client(host.link(), host.clock)
    client.connect(channels=1)
    client.prompt("0.25")
    audio = client_render(host, client)
    assert audio.shape == (2 * RATE, 1)
    assert np.allclose(audio, 0.25, atol=1e-6)


def client_render(host, client):
    """One bar over the wire: the engine works whenever the client waits."""
    blocks = []
    client.on(AudioBlock, blocks.append)
    client.request(Render(stream=9, first_bar=1, last_bar=1))
    client.tell(Credit(stream=9, epoch=0, frames=10**6))
    for _ in range(200):
        host.work_until(host.clock.now_ns() + 10**7)
        host.clock.advance_ns(10**7)
        client.poll(0)
    return np.concatenate([block.samples for block in blocks])


def test_a_decoder_that_raises_costs_only_the_rendering_it_raised_on():
    setup = Setup("1:120", "1:4/4")
    setup.client.prompt("0.25")
    setup.start()
    setup.until_bar(2)
    setup.daw.prompt("0.77", When(kind="bar", bar=5))
    setup.until_bar(8)
    assert setup.daw.report().gap_frames == 0
    assert setup.played()[-1, 0] == pytest.approx(0.25, abs=1e-3)
    assert any("can't be decoded" in n.message for n in setup.client.kept(Notice))
    setup.client.prompt("-0.5")
    setup.until_bar(12)
    assert setup.played()[-1, 0] == pytest.approx(-0.5, abs=1e-3)

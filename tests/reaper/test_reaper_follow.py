"""Following: the transport as samples, edits as what changed, bars ahead of the play cursor."""

import numpy as np
import pytest
from anacrusis_reaper.play_line import PlayLine
from fake_reaper import Marker
from reaper_desk import add_lanes, laid

from bridge_protocol.lanes import Breakpoint
from daw_clients.client.client import Client

RATE = 48_000
BPM, BAR_S = 240.0, 1.0


def followed(desk):
    desk.settle()
    desk.project.bpm = BPM
    desk.connect()
    desk.do("follow", "Following: bars come ahead of the play cursor")


def bars_laid(desk):
    return (
        {round(start / BAR_S) for start, _, _ in laid(desk.project)}
        if desk.project.tracks
        else set()
    )


def test_every_bar_is_there_before_it_is_played_and_is_the_offline_render(desk):
    followed(desk)
    desk.until(lambda: {0, 1, 2} <= bars_laid(desk))
    desk.reaper.play()
    late = []

    def played():
        here = int(desk.project.position / BAR_S)
        if here not in bars_laid(desk):
            late.append(here)
        return here >= 4

    desk.until(played)
    assert late == []
    heard = laid(desk.project)
    assert [start for start, _, _ in heard] == [float(bar) for bar in range(len(heard))]
    with Client(desk.host.server.endpoint) as client:
        client.set_tempo(*desk.project.maps())
        client.prompt("0.25")
        expected = client.render(1, len(heard))
    assert np.array_equal(np.concatenate([sound for _, _, sound in heard]), expected)
    assert desk.project.tracks[-1].name == "Anacrusis follow"
    assert desk.project.undo_steps == []


def test_only_the_lane_that_was_edited_goes_out_again(desk):
    effect = add_lanes(desk.reaper, denoise=[Breakpoint(0.0, 0.2)], morph=[Breakpoint(0.0, 0.1)])
    followed(desk)
    sent = len(desk.links[0].sent)
    effect.parameter("Morph").envelope.points[0] = Breakpoint(0.0, 0.4)
    desk.reaper.edit()
    desk.until_said("Sent: lanes of morph (from Lanes")
    told = [m for m in desk.links[0].sent[sent:] if m["type"] not in ("transport", "credit")]
    assert [(m["type"], m["parameter"]) for m in told] == [("lane", "morph")]


def test_an_edit_that_changes_nothing_for_the_engine_says_nothing(desk, monkeypatch):
    add_lanes(desk.reaper, denoise=[Breakpoint(0.0, 0.2)])
    followed(desk)
    said, sent = len(desk.said), len(desk.links[0].sent)
    read = []
    count = desk.reaper.host_CountTempoTimeSigMarkers
    monkeypatch.setattr(
        desk.reaper, "host_CountTempoTimeSigMarkers", lambda p: read.append(1) or count(p)
    )
    desk.reaper.edit()
    desk.until(lambda: read)
    desk.reaper.pump(3)
    assert {m["type"] for m in desk.links[0].sent[sent:]} <= {"transport", "credit"}
    assert desk.said[said:] == []


def test_a_tempo_edit_begins_a_new_epoch(desk):
    followed(desk)
    desk.until(lambda: desk.sent("credit"))
    desk.project.markers = [Marker(0.0, 200.0, (4, 4))]
    desk.reaper.edit()
    desk.until_said("Sent: tempo map")
    desk.until(lambda: desk.sent("transport")[-1]["epoch"] == 2)
    desk.until(lambda: desk.sent("credit")[-1]["epoch"] == 2)


def test_the_transport_is_told_at_changes_and_ten_times_a_second(desk):
    followed(desk)
    desk.until(lambda: len(desk.sent("transport")) >= 3)
    desk.project.loop, desk.project.repeats = (0.0, 2.0), True
    desk.reaper.play()
    desk.until(lambda: any(m["lap"] == 1 for m in desk.sent("transport")))
    told = desk.sent("transport")
    assert {m["epoch"] for m in told} == {1}
    addresses = [m["address"] for m in told]
    assert addresses == sorted(addresses)
    wrapped = next(m for m in told if m["lap"] == 1)
    assert wrapped["looping"]
    assert (wrapped["loop_start_ppq"], wrapped["loop_end_ppq"]) == (0.0, 8.0)
    assert wrapped["sample"] < RATE
    assert wrapped["address"] == wrapped["sample"] + 2 * RATE


def test_bars_go_to_the_followed_project_while_another_is_in_front(desk):
    followed(desk)
    first = desk.project
    second = desk.reaper.open_project()
    desk.until(lambda: any(track.items for track in first.tracks))
    assert second.tracks == []
    assert desk.project is second


def test_a_bar_that_sounds_otherwise_takes_the_place_of_the_one_that_was_there(desk):
    followed(desk)
    desk.until(lambda: {0, 1} <= bars_laid(desk))
    before = {round(start): sound for start, _, sound in laid(desk.project)}
    desk.settle(prompt="0.75")
    desk.until_said("Sent: prompts")
    desk.reaper.locate(4.0)
    desk.until(lambda: desk.sent("transport")[-1]["sample"] == 4 * RATE)
    desk.reaper.locate(0.0)

    def changed():
        now = {round(start): sound for start, _, sound in laid(desk.project)}
        return 0 in now and not np.array_equal(now[0], before[0])

    desk.until(changed)
    starts = [start for start, _, _ in laid(desk.project)]
    assert len(starts) == len(set(starts))


def test_an_envelope_that_did_not_change_is_not_read_again(desk, monkeypatch):
    add_lanes(desk.reaper, denoise=[Breakpoint(0.0, 0.2), Breakpoint(1.0, 0.3)])
    followed(desk)
    read = []
    evaluate = desk.reaper.host_Envelope_Evaluate
    monkeypatch.setattr(
        desk.reaper, "host_Envelope_Evaluate", lambda *given: read.append(1) or evaluate(*given)
    )
    desk.reaper.project.loop = (0.0, 1.0)
    desk.do("send_project", "Nothing has changed")
    asked = len(read)
    desk.do("send_project", "Nothing has changed")
    assert len(read) == asked


def test_follow_again_ends_it_and_the_connection_stays(desk):
    followed(desk)
    desk.do("follow", "Following ends.")
    assert desk.sent("close_stream")
    desk.do("send_project", "Nothing has changed")


def test_another_play_rate_is_refused_in_words(desk):
    followed(desk)
    desk.project.play_rate = 0.5
    desk.until_said("REAPER's play rate is 0.5: set it to 1, then follow again.")
    desk.until(lambda: desk.sent("close_stream"))


# --- the play line, without a host


@pytest.fixture
def line():
    made = PlayLine(RATE)
    made.look(0, False, None, 0.0)
    return made


def look(line, seconds, at_s, playing=True, loop=None):
    samples = None if loop is None else tuple(round(RATE * end) for end in loop)
    return line.look(round(RATE * seconds), playing, samples, at_s)


def test_a_start_where_the_host_stood_stays_in_its_epoch(line):
    step = look(line, 0.03, 1.0)
    assert (step.epoch, step.address, step.lap) == (1, round(0.03 * RATE), 0)


def test_playing_on_with_jitter_is_no_locate(line):
    look(line, 0.0, 0.0)
    for tick in range(1, 100):
        step = look(line, tick / 30 + 0.02 * (-1) ** tick, tick / 30)
    assert step.epoch == 1
    assert step.address == step.sample


def test_a_window_that_hung_for_seconds_is_no_locate(line):
    look(line, 0.0, 0.0)
    step = look(line, 6.9, 7.0)
    assert (step.epoch, step.address) == (1, round(6.9 * RATE))


@pytest.mark.parametrize("target", [0.0, 30.0, 1.4])
def test_a_locate_while_playing_begins_an_epoch_and_says_where_the_last_was_left(line, target):
    look(line, 0.0, 0.0)
    look(line, 2.0, 2.0)
    step = look(line, target, 2.033)
    assert (step.epoch, step.address, step.sample) == (2, 0, round(target * RATE))
    assert step.left == 2 * RATE


def test_a_cursor_moved_while_stopped_begins_an_epoch(line):
    step = look(line, 8.0, 0.5, playing=False)
    assert (step.epoch, step.sample, step.left) == (2, 8 * RATE, 0)
    assert look(line, 8.0, 0.6, playing=False).left is None


def test_a_pause_keeps_the_place_and_a_stop_that_goes_back_begins_an_epoch(line):
    look(line, 0.0, 0.0)
    look(line, 2.0, 2.0)
    paused = look(line, 2.03, 2.033, playing=False)
    assert (paused.epoch, paused.is_playing) == (1, False)
    stopped = look(line, 0.0, 2.5, playing=False)
    assert (stopped.epoch, stopped.address) == (2, 0)


def test_wraps_of_a_loop_are_counted_and_addresses_run_on(line):
    loop = (1.0, 3.0)
    look(line, 0.0, 0.0, loop=loop)
    look(line, 2.9, 2.9, loop=loop)
    step = look(line, 1.1, 3.1, loop=loop)
    assert (step.epoch, step.lap, step.address) == (1, 1, round(3.1 * RATE))
    look(line, 2.5, 4.5, loop=loop)
    assert look(line, 1.5, 5.5, loop=loop).lap == 2


def test_going_back_without_a_loop_is_a_locate(line):
    look(line, 0.0, 0.0)
    look(line, 2.9, 2.9)
    assert look(line, 1.1, 3.1).epoch == 2

import math
from itertools import pairwise

import numpy as np
import pytest
from click_tracks import grid
from hypothesis import given
from hypothesis import strategies as st

from bridge_protocol.bars import BarGrid
from bridge_protocol.errors import RefusedError
from bridge_protocol.meter import MeterMap
from bridge_protocol.tempo import TempoLaw, TempoMap, TempoSegment
from engine_host.stream.warp import BENT_SECONDS, SourceTempo, Warp

RAMPS = "1:120, 3:120>60/beats, 5:60, 7:60>133/time, 9:133, 10.3:90"


def all_runs(warp: Warp, bars: int):
    return warp.runs(0, warp.grid.sample(bars))


def assert_tiled(runs, start, end):
    assert runs[0].start == start
    assert runs[-1].end == end
    for before, after in pairwise(runs):
        assert before.end == after.start


@pytest.mark.parametrize("tempo", ["1:120", RAMPS])
@pytest.mark.parametrize("meter", ["1:4/4", "1:7/8, 3:5/16, 6:3/2"])
def test_runs_tile_the_source_and_every_bar_line_is_in_its_place(tempo, meter):
    host = grid(tempo, meter)
    own = SourceTempo(93.0, 0.5)
    warp = Warp(host, own, 0.0, 0, 0.5 + own.seconds(float(host.ppq(11))))
    runs = all_runs(warp, 11)
    assert_tiled(runs, 0, host.sample(11))
    for bar in range(11):
        run = next(r for r in runs if r.start <= host.sample(bar) < r.end)
        into = (host.seconds(bar) - run.song_seconds) / run.lasts_seconds
        heard = run.source_seconds + into * run.source_lasts
        assert heard == pytest.approx(0.5 + float(host.ppq(bar)) * 60 / 93, abs=2e-5)


@given(
    st.lists(
        st.tuples(st.floats(0.3, 6), st.floats(60, 200), st.floats(60, 200), st.booleans()),
        min_size=1,
        max_size=6,
    )
)
def test_no_place_of_a_source_leaves_the_hosts_map_by_more_than_the_bend_allowed(stretches):
    segments, at = [], 0.0
    for length, low, high, ramps in stretches:
        law = TempoLaw.LINEAR_BEATS if ramps else TempoLaw.STEP
        segments.append(TempoSegment(at, low, high, law))
        at += length
    segments.append(TempoSegment(at, 100.0, 100.0, TempoLaw.STEP))
    host = BarGrid(TempoMap(segments), MeterMap.constant(4, 4), 48_000)
    runs = all_runs(Warp(host, SourceTempo(110.0), 0.0, 0, 600.0), 8)
    assert runs
    for run in runs:
        share = np.linspace(0, 1, 9)
        ppq = (run.source_seconds + share * run.source_lasts) * 110 / 60
        ideal = host.tempo.seconds_array(ppq)
        laid = run.song_seconds + share * run.lasts_seconds
        short = run.source_lasts * 110 / 60 < 0.25
        # The map is looked at every eighth of a quarter note; a step between bends less again.
        assert np.abs(laid - ideal).max() < (0.03 if short else 2 * BENT_SECONDS)


def test_beats_of_a_steep_ramp_begin_runs_and_a_constant_tempo_is_one_run_of_bars():
    host = grid("1:120, 3:120>60/beats, 5:60")
    starts = {run.start for run in all_runs(Warp(host, SourceTempo(93.0), 0.0, 0, 600.0), 6)}
    assert {host.sample_of_ppq(8 + beat) for beat in range(8)} <= starts
    constant = all_runs(Warp(grid("1:240"), SourceTempo(200.0), 0.0, 0, 600.0), 8)
    assert [run.end - run.start for run in constant] == [192_000, 192_000]


def test_what_lies_before_the_downbeat_is_a_pick_up_before_the_place():
    host = grid("1:120")
    warp = Warp(host, SourceTempo(60.0, 1.5), 8.0, 0, 10.0)
    runs = all_runs(warp, 8)
    assert runs[0].start == host.sample_of_ppq(8 - 1.5)
    assert runs[0].source_seconds == 0.0
    at_place = next(run for run in runs if run.start == host.sample_of_ppq(8))
    assert at_place.source_seconds == pytest.approx(1.5)
    assert runs[-1].end == warp.end_sample == host.sample_of_ppq(8 + 8.5)


def begins(runs, at_seconds):
    return [run.start for run in runs if run.source_seconds == pytest.approx(at_seconds)]


def test_repetitions_begin_on_their_bar_lines_whatever_the_tempo_does():
    host = grid("1:120, 4:97, 6:140")
    runs = all_runs(Warp(host, SourceTempo(100.0, 0.6), 4.0, 2, 60.0), 13)
    assert begins(runs, 0.6) == [host.sample(bar) for bar in (1, 3, 5, 7, 9, 11)]
    assert begins(runs, 0.0) == [host.sample_of_ppq(3.0)]  # the pick-up: once


@pytest.mark.parametrize(
    ("seconds", "round_ppq"),
    [
        (4.0 * 3, 12),  # three bars of four
        (4.0 * 2 + 3.9, 8),  # a bar that isn't whole is left out
        (4.0 * 2 - 0.05, 8),  # a little is missing of two bars
        (3.2, 3),  # no bar: whole quarter notes
        (0.4, 1),  # not even one
    ],
)
def test_a_source_shorter_than_its_repetition_goes_round_by_whole_bars(seconds, round_ppq):
    host = grid("1:120")
    runs = all_runs(Warp(host, SourceTempo(60.0), 0.0, 8, seconds), 16)
    expected = [
        host.sample_of_ppq(repetition + at)
        for repetition in (0, 32)
        for at in range(0, 32, round_ppq)
    ]
    assert begins(runs, 0.0) == expected
    assert_tiled(runs, 0, host.sample(16))


def test_a_repetition_of_many_bars_looks_only_at_the_part_that_is_read():
    host = grid("1:120")
    warp = Warp(host, SourceTempo(60.0), 0.0, 10_000, 0.4)
    runs = warp.runs(host.sample(9_000), host.sample(9_001))
    assert [run.start for run in runs] == [host.sample_of_ppq(36_000 + beat) for beat in range(4)]


def test_a_mid_bar_place_repeats_in_the_same_place_of_its_bars():
    host = grid("1:120", "1:4/4, 5:3/4")
    runs = all_runs(Warp(host, SourceTempo(120.0), 2.0, 2, 60.0), 11)
    assert begins(runs, 0.0) == [
        host.sample_of_ppq(at) for at in (2, 10, 18, 18 + 6, 18 + 12, 18 + 18)
    ]


def refusal(warp):
    with pytest.raises(RefusedError) as caught:
        warp.check()
    return caught.value


def test_a_source_too_far_from_the_hosts_tempo_is_refused_with_both_ranges():
    error = refusal(Warp(grid("1:120, 5:120>400/time, 9:400"), SourceTempo(93.0), 0.0, 1, 60.0))
    assert (error.code, error.field) == ("OUT_OF_RANGE", "bpm")
    assert "120 to 400 bpm" in error.message
    assert "23.25 to 372" in error.message


def test_only_the_tempo_where_the_source_lies_is_held_against_it():
    host = grid("1:120, 5:400")
    Warp(host, SourceTempo(93.0), 0.0, 0, 60 / 93 * 16).check()
    assert refusal(Warp(host, SourceTempo(93.0), 0.0, 0, 60 / 93 * 17)).field == "bpm"
    Warp(host, SourceTempo(100.0), 0.0, 1, 60.0).check()  # 4 times, to the hair
    assert math.isclose(400 / 100, 4)

"""Interval mode: what a track plays in bar k is heard transformed in bar k + n."""

import numpy as np
import pytest
from live_setup import Setup

from bridge_protocol.errors import RefusedError
from bridge_protocol.meter import MeterMap
from bridge_protocol.notation import parse_tempo
from bridge_protocol.schema import Error, LiveBlock

RATE = 48_000
LATER = 2


def _level_of_bar(setup, song_sample, frames):
    """The track plays a level that names the bar, 0.01 for each."""
    grid = setup.daw.grid
    samples = np.arange(song_sample, song_sample + frames)
    bars = np.array([grid.bar_of_sample(int(s)) for s in samples[:: max(1, frames - 1)]])
    line = grid.sample(int(bars[-1]))
    level = np.where(samples < line, bars[0] + 1, bars[-1] + 1) * 0.01
    return np.repeat(level[:, None], 2, axis=1).astype(np.float32)


def _playing(tempo="1:120", meter="1:4/4", denoise=0.0, window_bars=1, live_bars=LATER):
    setup = None

    def track(sample, frames):
        return _level_of_bar(setup, sample, frames)

    setup = Setup(tempo, meter, window_bars=window_bars, buffer_seconds=0.5, live_input=track)
    setup.client.param("denoise", denoise)
    setup.client.prompt("0.25")
    setup.client.use_live_input(live_bars)
    setup.daw.open()
    setup.daw.play()
    return setup


def _heard_at(setup, bar, lap=0, into=0.5):
    grid = setup.daw.grid
    at = round(grid.sample(bar - 1) + into * (grid.sample(bar) - grid.sample(bar - 1)))
    for span in setup.daw.heard:
        inside = at - span.song_sample
        if span.kind == "played" and span.lap == lap and 0 <= inside < span.frames:
            return float(setup.daw.recording[span.timeline_sample + inside, 0])
    raise AssertionError(f"bar {bar} of lap {lap} was not heard")


def test_bar_k_is_heard_in_bar_k_plus_n_bit_for_bit_where_denoise_is_0():
    setup = _playing()
    setup.until_bar(9)
    for bar in range(LATER + 1, 9):
        assert _heard_at(setup, bar) == np.float32(0.01 * (bar - LATER))
    assert setup.daw.report().late_bars == 0


def test_before_anything_was_played_there_is_silence():
    setup = _playing(denoise=1.0)
    setup.until_bar(5)
    assert [_heard_at(setup, bar) for bar in (1, 2)] == [0.0, 0.0]
    assert _heard_at(setup, 3) == pytest.approx(0.25, abs=1e-3)


def test_the_bar_is_transformed_and_not_just_repeated():
    setup = _playing(denoise=1.0)
    setup.until_bar(6)
    assert _heard_at(setup, 5) == pytest.approx(0.25, abs=1e-3)
    heard = [given.source for given in setup.host.model.heard if given.source is not None]
    levels = {round(float(source[source.shape[0] // 2].mean()), 3) for source in heard}
    assert {0.01, 0.02, 0.03} <= levels


def test_bars_line_up_through_a_ramp_and_odd_signatures():
    setup = _playing("1:140, 4:140>170/time, 8:170", "1:3/4, 3:7/8, 6:4/4")
    setup.until_bar(10)
    for bar in range(LATER + 1, 10):
        assert _heard_at(setup, bar, into=0.3) == np.float32(0.01 * (bar - LATER))


def test_in_a_loop_the_bars_of_the_pass_before_are_heard():
    setup = _playing()
    grid = setup.daw.grid
    setup.daw.set_loop(0.0, float(grid.ppq(4)))
    setup.until_bar(3, lap=2)
    for bar, played in ((1, 3), (2, 4), (3, 1), (4, 2)):
        assert _heard_at(setup, bar, lap=1) == np.float32(0.01 * played)


def test_after_a_locate_there_are_n_bars_of_silence():
    setup = _playing()
    setup.until_bar(4)
    setup.daw.locate(float(setup.daw.grid.ppq(20)))
    setup.until_bar(26)
    assert [_heard_at(setup, bar) for bar in (22, 23, 24)] == [
        0.0,
        np.float32(0.21),
        np.float32(0.22),
    ]


@pytest.mark.parametrize(("window_bars", "live_bars"), [(1, 1), (4, 2)])
def test_a_window_that_would_end_in_the_future_is_refused(window_bars, live_bars):
    setup = Setup()
    setup.client.open_stream(1, window_bars)
    with pytest.raises(RefusedError) as refused:
        setup.client.use_live_input(live_bars)
    assert (refused.value.code.value, refused.value.field) == ("OUT_OF_RANGE", "live_bars")


def test_longer_windows_are_refused_while_a_live_input_needs_short_ones():
    setup = Setup()
    setup.client.open_stream(1, 1)
    setup.client.use_live_input(2)
    with pytest.raises(RefusedError) as refused:
        setup.client.param("window_bars", 2)
    assert refused.value.field == "value"


def test_a_live_input_has_no_hash_and_is_not_rendered_offline():
    setup = Setup()
    setup.client.use_live_input(2)
    with pytest.raises(RefusedError) as refused:
        setup.client.render(1, 2)
    assert refused.value.field == "source"


def test_a_bar_that_another_map_makes_shorter_while_it_is_played_harms_nothing():
    setup = Setup("1:120", "1:4/4")
    audio = np.zeros((70_000, 2), np.float32)
    setup.client.live_block(0, 0, 0, audio)
    setup.client.set_tempo(parse_tempo("1:240", MeterMap.constant(4, 4)), MeterMap.constant(4, 4))
    setup.client.live_block(0, 0, 40_000, audio[:20_000])
    setup.client.ping()
    assert not setup.client.kept(Error)


@pytest.mark.parametrize(
    ("payload", "code", "field"),
    [
        (b"\0" * 12, "WRONG_LENGTH", "frames"),
        (np.full(4, np.nan, "<f4").tobytes(), "NOT_FINITE", "payload"),
    ],
)
def test_a_block_that_lies_about_itself_is_refused(payload, code, field):
    setup = Setup()
    with pytest.raises(RefusedError) as refused:
        setup.client.request(LiveBlock(epoch=0, lap=0, sample=0, frames=2), payload)
    assert (refused.value.code.value, refused.value.field) == (code, field)

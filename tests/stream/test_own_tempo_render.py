import numpy as np
import pytest
from click_tracks import RATE, clicks, lateness_ms, placed
from live_setup import METER, TEMPO, Setup
from stream_helpers import prompt, put, render, song, source

from bridge_protocol.errors import RefusedError
from engine_host.stream.settings import set_placement

RAMP = "1:120, 3:120>90/time, 6:90"


def placed_song(placement, tempo=RAMP, rate=RATE, meter="1:4/4", **values):
    made = song(tempo, meter, rate=rate, **{"denoise": 0.0, **values})
    prompt(made, "0.25")
    put(made, "source", set_placement("source", placement))
    return made


@pytest.mark.parametrize("rate", [48_000, 44_100])
def test_a_click_track_of_93_bpm_is_heard_on_the_beats_of_a_song_with_a_ramp(rate):
    made = placed_song(placed(clicks(93, 40), 93), rate=rate)
    heard = render(made, 1, 8)[:, 0]
    assert len(heard) == made.grid.sample(8)
    beats = [made.grid.sample_of_ppq(beat) for beat in range(1, 32)]
    assert np.abs(lateness_ms(heard, beats, rate)).max() < 4.5
    bars = [made.grid.sample(bar) for bar in range(1, 8)]
    assert np.abs(lateness_ms(heard, bars, rate)).max() < 2.0


def test_a_render_from_the_middle_has_the_samples_of_the_whole():
    placement = placed(clicks(93, 40), 93)
    whole = render(placed_song(placement), 1, 6)
    made = placed_song(placed(clicks(93, 40), 93))
    part = render(made, 3, 5)
    start = made.grid.sample(2)
    assert np.array_equal(part[4000:], whole[start + 4000 : start + len(part)])


def test_the_dry_sound_of_a_stretched_source_is_that_of_the_source_alone():
    placement = placed(clicks(93, 40), 93)
    wet = placed_song(placement, denoise=1.0, dry_wet=0.0)
    assert np.allclose(render(wet, 1, 4), render(placed_song(placement), 1, 4), atol=1e-7)


def test_the_model_hears_the_source_on_the_hosts_beats():
    made = placed_song(placed(np.tile(clicks(96, 4)[: RATE * 5 // 2], (6, 1)), 96), denoise=0.5)
    once = render(made, 1, 4)
    assert once.tobytes() == render(made, 1, 4).tobytes()


def test_the_end_of_a_stretched_source_bounds_a_render():
    made = placed_song(placed(clicks(93, 16)[: round(16 * 60 / 93 * RATE)], 93), "1:60")
    render(made, 4, 4)
    with pytest.raises(RefusedError) as caught:
        render(made, 5, 5)
    assert (caught.value.code, caught.value.field) == ("RANGE_PAST_END", "bars")


def test_the_same_song_with_a_source_that_follows_the_host_is_untouched():
    made = song(RAMP, denoise=0.0)
    prompt(made, "0.25")
    audio = clicks(93, 40)
    source(made, audio)
    heard = render(made, 1, 4)
    assert np.array_equal(heard[:, :1], audio[: len(heard)])


@pytest.mark.parametrize("denoise", [0.0, 0.05])
def test_live_the_stretched_source_has_the_samples_of_the_offline_render(denoise):
    audio = clicks(93, 60, 0.24)
    setup = Setup()
    setup.client.prompt("0.25")
    setup.client.param("denoise", denoise)
    name = setup.client.upload(audio, RATE)
    setup.client.use_source(name, tempo="own", bpm=93.0, downbeat=0.24, at_ppq=4.0, repeat_bars=3)
    setup.start()
    setup.until_bar(7)
    setup.assert_exact()
    placement = placed(audio, 93.0, 0.24, at=4.0, repeat=3)
    live = setup.played()
    offline = render(placed_song(placement, TEMPO, meter=METER, denoise=denoise), 1, 8)
    assert len(live) > 9 * RATE
    assert np.array_equal(live, offline[: len(live)])

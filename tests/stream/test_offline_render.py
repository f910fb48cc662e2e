import numpy as np
import pytest
from stream_helpers import RATE, lane, prompt, put, render, song, source

from bridge_protocol.errors import RefusedError
from engine_host.stream.rendering import fade_samples
from engine_host.stream.settings import set_placement, set_value
from engine_host.stream.sources import Placement, Source

FADE = fade_samples(RATE)


def test_a_range_is_as_long_as_its_bars_to_the_sample():
    made = song("1:120, 3:120>90/time, 5:90", "1:4/4, 5:7/8")
    prompt(made, "0.25")
    audio = render(made, 2, 7)
    assert len(audio) == made.grid.sample(7) - made.grid.sample(1)
    assert np.allclose(audio, 0.25, atol=1e-6)


def test_a_prompt_at_a_bar_is_whole_on_that_bars_sample_and_absent_a_fade_before():
    made = song("1:120, 3:120>90/time, 5:90", "1:4/4, 3:7/8")
    prompt(made, "0.25")
    prompt(made, "-0.5", bar=4)
    audio = render(made, 1, 6)[:, 0]
    line = made.grid.sample(3)
    assert np.allclose(audio[: line - FADE], 0.25, atol=1e-6)
    assert np.allclose(audio[line:], -0.5, atol=1e-6)
    assert not np.allclose(audio[line - FADE : line], 0.25, atol=1e-3)


def test_the_same_song_gives_the_same_bytes_at_any_depth_of_the_same_rows():
    made = song(denoise=0.5)
    prompt(made, "0.25")
    source(made, np.random.default_rng(0).uniform(-0.5, 0.5, (400_000, 2)))
    one = render(made, 1, 4, depth=1, rows=4)
    four = render(made, 1, 4, depth=4, rows=4)
    assert one.tobytes() == four.tobytes()


def test_denoise_zero_returns_the_source_bit_for_bit():
    made = song(denoise=0.0)
    prompt(made, "0.25")
    audio = np.random.default_rng(1).uniform(-1, 1, (200_000, 2)).astype(np.float32)
    source(made, audio)
    assert np.array_equal(render(made, 1, 2), audio[: made.grid.sample(2)])


def test_a_lane_at_zero_denoise_is_the_source_and_at_a_bar_line_leaves_it():
    made = song()
    prompt(made, "0.25")
    lane(made, "denoise", "1:0/hold, 3:1/hold")
    audio = np.full((made.grid.sample(4), 2), 0.1, dtype=np.float32)
    source(made, audio)
    heard = render(made, 1, 4)
    line = made.grid.sample(2)
    assert np.array_equal(heard[: line - 3840], audio[: line - 3840])
    assert np.allclose(heard[line:], 0.25, atol=1e-6)


def test_a_source_of_another_rate_keeps_its_place():
    made = song(denoise=0.0)
    clicks = np.zeros((44_100 * 4, 1), dtype=np.float32)
    clicks[::44_100] = 1.0
    source(made, clicks, rate=44_100)
    heard = render(made, 1, 2)[:, 0]
    for second in (1, 2, 3):
        assert np.argmax(heard[second * RATE - 500 : second * RATE + 500]) == 500


def test_a_host_at_another_rate_hears_its_own_bar_lines():
    made = song("1:128", rate=44_100)
    prompt(made, "0.25")
    prompt(made, "0.5", bar=3)
    heard = render(made, 1, 3)[:, 0]
    line = made.grid.sample(2)
    assert len(heard) == made.grid.sample(3)
    assert abs(heard[line - fade_samples(44_100) - 1] - 0.25) < 1e-4
    assert abs(heard[line] - 0.5) < 1e-4


def test_a_repeating_source_begins_again_on_its_bar_lines():
    made = song("1:120, 2:123", denoise=0.0)
    ramp = np.linspace(0, 0.9, 2 * RATE, dtype=np.float32)[:, None]
    source(made, ramp, repeat=1)
    heard = render(made, 1, 4)[:, 0]
    for bar in range(4):
        assert heard[made.grid.sample(bar)] == 0.0


def test_output_gain_and_dry_wet_act_on_the_sample():
    made = song(output_gain=-6.0)
    prompt(made, "0.5")
    assert np.allclose(render(made, 1, 1), 0.5 * 10 ** (-6 / 20), atol=1e-6)
    made = song(dry_wet=0.25, denoise=1.0)
    prompt(made, "0.5")
    source(made, np.full((2 * RATE, 2), 0.1))
    assert np.allclose(render(made, 1, 1), 0.25 * 0.5 + 0.75 * 0.1, atol=1e-6)


def test_what_is_rendered_never_passes_minus_one_dbfs():
    made = song(output_gain=12.0)
    prompt(made, "0.9")
    assert np.abs(render(made, 1, 1)).max() <= 10 ** (-1 / 20) + 1e-6


def test_bars_past_the_end_of_the_source_are_refused_by_name():
    made = song()
    source(made, np.zeros((4 * RATE, 2)))
    with pytest.raises(RefusedError) as caught:
        render(made, 1, 3)
    assert (caught.value.code, caught.value.field) == ("RANGE_PAST_END", "bars")


def test_a_model_that_raises_ends_the_render_with_its_words():
    made = song()
    prompt(made, "raise")
    with pytest.raises(RefusedError, match="this prompt raises"):
        render(made, 1, 2)


def test_the_morph_pulls_to_the_target_by_its_lane():
    made = song(denoise=1.0)
    prompt(made, "0.5")
    source(made, np.full((8 * RATE, 2), -0.25))
    put(made, "morph", set_value("morph", 1.0))
    assert np.allclose(render(made, 1, 2), -0.25, atol=1e-5)


def sine(hz, seconds=8):
    t = np.arange(seconds * RATE) / RATE
    return np.stack([0.5 * np.sin(2 * np.pi * hz * t)] * 2, axis=1).astype(np.float32)


def test_a_join_of_the_same_sine_leaves_it_as_it_is():
    made = song(denoise=0.0)
    source(made, sine(330))
    prompt(made, "0.3", bar=2)
    heard = render(made, 1, 2)
    assert np.abs(heard - sine(330)[: len(heard)]).max() < 10 ** (-100 / 20)


def test_a_join_of_two_sines_has_no_step_over_minus_60_db():
    made = song(denoise=0.0)
    source(made, sine(330))
    other = Placement(Source("1" * 64, "other", RATE, sine(440)), 0.0, 0)
    put(made, "source", set_placement("source", other), bar=2)
    heard = render(made, 1, 2)[:, 0]
    line = made.grid.sample(1)
    # A sine of 440 Hz has a third difference of -74 dB; a step shows in it at up to three times its size.
    assert np.abs(np.diff(heard, n=3)).max() < 10 ** (-60 / 20)
    assert np.array_equal(heard[line:], sine(440)[line : len(heard), 0])
    assert not np.allclose(heard[line - FADE : line], sine(330)[line - FADE : line, 0], atol=0.01)

import numpy as np
import pytest
from click_tracks import RATE, clicks, drums, hits, sine, tick

from bridge_protocol.errors import RefusedError
from engine_host.stream.beats import Beats, find_beats


@pytest.mark.parametrize("bpm", [72, 84.6, 93, 100, 107.3, 120, 128.5, 140, 160, 174])
def test_a_click_tracks_tempo_and_first_beat_are_found(bpm):
    found = find_beats(clicks(bpm, 32, 0.24), RATE)
    assert found.bpm == pytest.approx(bpm, abs=0.01)
    assert found.first_seconds == pytest.approx(0.24, abs=0.002)


@pytest.mark.parametrize("bpm", [70, 84, 93, 107.3, 120, 133, 150, 160])
@pytest.mark.parametrize("bars", [2, 4])
def test_a_drum_loops_tempo_is_found_and_its_first_beat_is_its_start(bpm, bars):
    found = find_beats(drums(bpm, bars), 44_100)
    assert found.bpm == pytest.approx(bpm, abs=0.1)
    assert found.first_seconds < 0.005


def test_the_first_beat_is_the_first_in_the_sound_not_in_the_silence_before():
    found = find_beats(drums(93, 8, first=2.5), 44_100)
    assert found.bpm == pytest.approx(93, abs=0.01)
    assert found.first_seconds == pytest.approx(2.5, abs=0.005)


def test_a_bang_after_soft_beats_takes_nothing_from_them():
    soft = 0.1 * clicks(120, 16, 0.5)
    soft[-2000:] += 1.0
    found = find_beats(soft, RATE)
    assert found.bpm == pytest.approx(120, abs=0.1)
    assert found.first_seconds == pytest.approx(0.5, abs=0.005)


def test_music_under_a_steady_chord_keeps_its_tempo():
    loop = drums(111, 8)
    chord = sum(0.05 * sine(hz, 30, 44_100)[: len(loop), :1] for hz in (220, 277.2, 329.6))
    assert find_beats(loop + chord, 44_100).bpm == pytest.approx(111, abs=0.05)


@pytest.mark.parametrize(("bpm", "told"), [(60, 120), (200, 100), (240, 120), (45, 90)])
def test_what_is_too_slow_or_too_fast_is_told_in_another_octave(bpm, told):
    assert find_beats(clicks(bpm, 32), RATE).bpm == pytest.approx(told, abs=0.05)


def test_beats_played_by_hand_give_their_mean_tempo():
    rng = np.random.default_rng(1)
    beats = np.arange(64) + rng.normal(0, 0.01, 64).clip(-0.02, 0.02)
    audio = hits(97, beats, [tick()] * 64, 0.5)
    assert find_beats(audio, RATE).bpm == pytest.approx(97, abs=0.1)


def test_the_same_sound_has_the_same_beats_every_time():
    loop = drums(93, 4)
    assert find_beats(loop, 44_100) == find_beats(loop.copy(), 44_100)


NOISE = np.random.default_rng(3).uniform(-0.5, 0.5, (RATE * 10, 1)).astype(np.float32)


@pytest.mark.parametrize(
    "audio",
    [
        np.zeros((RATE * 5, 2), np.float32),
        1e-4 * clicks(93, 16),
        sine(220, 8),
        NOISE,
        hits(60, [1, 6], [tick(), 0 * tick()]),
        clicks(93, 16)[: RATE * 3 // 2],
    ],
    ids=["silence", "too soft", "sine", "noise", "one click", "too short"],
)
def test_where_there_is_no_beat_the_user_is_asked_for_the_tempo(audio):
    with pytest.raises(RefusedError, match="No beat was found; give the tempo") as caught:
        find_beats(audio, RATE)
    assert (caught.value.code, caught.value.field) == ("CANNOT_HEAR", "bpm")


def test_lines_go_back_to_the_start_of_the_sound():
    lines = Beats(120.0, 1.2).lines(3.0)
    assert lines == pytest.approx([0.2, 0.7, 1.2, 1.7, 2.2, 2.7])

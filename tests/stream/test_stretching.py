import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click_tracks import RATE, clicks, grid, lateness_ms, placed, sine

from engine_host.stream.stretching import Stretcher

NOISE = np.random.default_rng(5).uniform(-0.5, 0.5, (RATE * 12, 2)).astype(np.float32)
MAPS = ["1:120", "1:70", "1:120, 2:120>60/beats, 4:60", "1:80>160/time, 5:160", "1:93, 2:94, 3:110"]


def heard(placement, host, bars, rate=None):
    rate = rate or host.sample_rate_hz
    frames = round(host.sample(bars) * rate / host.sample_rate_hz)
    return placement.read(host, 0, frames, rate)


@pytest.mark.parametrize("tempo", MAPS)
def test_clicks_land_on_the_hosts_beats_within_two_milliseconds(tempo):
    host = grid(tempo)
    sound = heard(placed(clicks(93, 26), 93), host, 6)[:, 0]
    late = lateness_ms(sound, [host.sample_of_ppq(beat) for beat in range(1, 24)])
    assert np.abs(late).max() < 2.0


def test_clicks_land_on_the_beats_of_odd_bars():
    host = grid("1:100, 2:100>140/beats, 5:140", "1:7/8, 3:3/4")
    sound = heard(placed(clicks(240, 60), 120), host, 6)[:, 0]  # a click on every eighth
    eighths = [host.sample_of_ppq(n / 2) for n in range(1, 32)]
    assert np.abs(lateness_ms(sound, eighths)).max() < 4.5  # 3 of them a bar that bends a little
    bars = [host.sample(bar) for bar in range(1, 5)]
    assert np.abs(lateness_ms(sound, bars)).max() < 2.0


@pytest.mark.parametrize("rate", [44_100, 96_000])
def test_clicks_land_on_the_beats_at_another_rate(rate):
    host = grid("1:120, 3:90")
    sound = heard(placed(clicks(93, 26), 93), host, 4, rate)[:, 0]
    beats = [round(host.tempo.seconds(beat) * rate) for beat in range(1, 16)]
    assert np.abs(lateness_ms(sound, beats, rate)).max() < 2.0


@pytest.mark.parametrize("tempo", MAPS)
def test_any_part_has_the_same_samples_in_whatever_order_it_is_read(tempo):
    host = grid(tempo)
    whole = heard(placed(NOISE, 93, 0.3), host, 4)
    again = placed(NOISE, 93, 0.3)
    rng = np.random.default_rng(2)
    for start in [*rng.integers(0, len(whole) - 5000, 40).tolist(), 0, len(whole) - 5000]:
        frames = int(rng.integers(1, 5000))
        assert np.array_equal(again.read(host, start, frames, RATE), whole[start : start + frames])


@pytest.mark.parametrize(("host_rate", "rate"), [(44_100, 48_000), (48_000, 44_100)])
def test_any_part_has_the_same_samples_at_the_models_rate(host_rate, rate):
    host = grid("1:100, 2:100>140/beats, 3:140", rate=host_rate)
    whole = heard(placed(NOISE, 93), host, 4, rate)
    again = placed(NOISE, 93)
    pieces = [again.read(host, at, 777, rate) for at in range(100_000, 140_000, 777)]
    found = np.concatenate(pieces)
    assert np.array_equal(found, whole[100_000 : 100_000 + len(found)])


def test_what_was_forgotten_is_made_again_the_same(monkeypatch):
    monkeypatch.setattr("engine_host.stream.stretching.MAX_KEPT_BYTES", 1)
    host = grid("1:120")
    placement = placed(NOISE, 93)
    first = heard(placement, host, 4)
    assert len(placement.source.stretcher._kept) == 1
    assert np.array_equal(heard(placement, host, 4), first)


PROGRAM = """
import hashlib, sys
sys.path.insert(0, sys.argv[1])
from test_stretching import extremes
print(hashlib.sha256(extremes().tobytes()).hexdigest())
"""


def extremes():
    """Also ratios beyond 2, at which the stretcher draws random phases."""
    host = grid("1:120, 2:40, 3:300")
    return heard(placed(NOISE, 110), host, 4)


def test_another_process_gives_the_same_bytes():
    here = Path(__file__).parent
    other = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(here)],
        env={"PYTHONPATH": f"{here.parent}:{here.parents[1]}", "PYTHONHASHSEED": "7"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert other.stdout.strip() == hashlib.sha256(extremes().tobytes()).hexdigest()


@pytest.mark.parametrize("hz", [110.0, 441.3, 3000.0])
@pytest.mark.parametrize("tempo", ["1:120", "1:70", "1:40"])
def test_the_pitch_stays_within_a_cent(hz, tempo):
    host = grid(tempo)
    sound = heard(placed(sine(hz, 14), 93), host, 1)[RATE // 10 : RATE * 19 // 10, 0]  # one run
    power = np.log(np.abs(np.fft.rfft(sound * np.hanning(len(sound)))) + 1e-12)
    peak = int(np.argmax(power))
    low, mid, high = power[peak - 1 : peak + 2]
    found = (peak + 0.5 * (low - high) / (low - 2 * mid + high)) * RATE / len(sound)
    assert abs(1200 * np.log2(found / hz)) < 1.0


@pytest.mark.parametrize("hz", [110.0, 330.0, 440.0])
@pytest.mark.parametrize("tempo", MAPS)
def test_a_sine_has_no_step_over_minus_60_db(hz, tempo):
    host = grid(tempo)
    sound = heard(placed(sine(hz, 16), 93), host, 6)[RATE // 10 :, 0].astype(np.float64)
    own = 0.5 * 2 * np.pi * hz / RATE
    assert np.abs(np.diff(sound)).max() - own < 0.5 * 10 ** (-60 / 20)
    assert np.abs(np.diff(sound, n=3)).max() < 10 ** (-60 / 20)  # where a step shows threefold


def test_the_same_tempo_passes_through_bit_for_bit():
    host = grid("1:93")
    assert np.array_equal(heard(placed(NOISE, 93), host, 4), NOISE[: host.sample(4)])


def test_the_same_tempo_passes_through_from_a_downbeat_between_two_frames():
    host = grid("1:93")
    begin = 24_000.4 / RATE
    sound = heard(placed(NOISE, 93, begin), host, 4)
    assert np.array_equal(sound, NOISE[24_000 : 24_000 + host.sample(4)])


def test_only_bars_of_another_tempo_are_touched():
    host = grid("1:93, 3:107, 5:93")
    placement = placed(np.tile(NOISE, (3, 1)), 93)
    sound = heard(placement, host, 8)
    line, fade = host.sample(2), round(0.04 * RATE)
    assert np.array_equal(sound[: line - fade], placement.source.audio[: line - fade])
    assert not np.array_equal(sound[line : line + RATE], placement.source.audio[line : line + RATE])
    after, begin = host.sample(4), round(16 * 60 / 93 * RATE)
    assert np.array_equal(sound[after : after + RATE], placement.source.audio[begin : begin + RATE])


def test_a_loop_of_the_same_tempo_goes_round_untouched():
    host = grid("1:120")
    loop = NOISE[: host.sample(2)]
    assert np.array_equal(heard(placed(loop, 120, repeat=2), host, 6), np.tile(loop, (3, 1)))


def test_a_stretched_loop_of_a_sine_goes_round_without_a_step():
    host = grid("1:120")
    whole_cycles = sine(330, 240 / 96)  # a bar at 96 bpm holds 825 of them
    sound = heard(placed(whole_cycles, 96, repeat=1), host, 4)[RATE // 10 :, 0].astype(np.float64)
    assert np.abs(np.diff(sound, n=3)).max() < 10 ** (-60 / 20)
    assert np.abs(sound[host.sample(1) : host.sample(3)]).max() < 0.55


def test_a_loop_is_stretched_once_for_all_its_repetitions():
    host = grid("1:120")
    placement = placed(clicks(96, 4)[: round(240 / 96 * RATE)], 96, repeat=1)
    heard(placement, host, 3)
    made = len(placement.source.stretcher._kept)
    sound = heard(placement, host, 12)[:, 0]
    assert len(placement.source.stretcher._kept) == made == 2  # the first has no loop before it
    late = lateness_ms(sound, [host.sample_of_ppq(beat) for beat in range(1, 48)])
    assert np.abs(late).max() < 2.0


def test_before_and_after_the_source_there_is_silence():
    host = grid("1:120")
    sound = heard(placed(sine(440, 60 / 93 * 8), 93, at=4.0), host, 5)
    assert not sound[: host.sample(1)].any()
    assert np.abs(sound[host.sample(1) : host.sample(3)]).max() > 0.4
    assert not sound[host.sample(3) :].any()
    for bar in (-2, 40):
        far = placed(sine(440, 5), 93, at=4.0).read(host, host.sample(bar), 4096, RATE)
        assert far.shape == (4096, 2)
        assert not far.any()


def test_the_stretcher_forgets_the_oldest_and_keeps_its_bound(monkeypatch):
    monkeypatch.setattr("engine_host.stream.stretching.MAX_KEPT_BYTES", 3_000_000)
    placement = placed(NOISE, 93)
    heard(placement, grid("1:120"), 6)
    kept = placement.source.stretcher
    assert isinstance(kept, Stretcher)
    assert sum(made.nbytes for made in kept._kept.values()) == kept._bytes <= 3_000_000

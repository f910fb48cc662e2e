"""A song longer than a window slides by bars; here it is compared with one long window."""

import itertools

import numpy as np
import pytest
from stream_helpers import RATE, prompt, put, source

from bridge_protocol.clock import MonotonicClock
from bridge_protocol.notation import parse_meter, parse_tempo
from engine_host.models.house.model import load_house_model
from engine_host.render import OfflineRender
from engine_host.session.song import Song
from engine_host.stream.engine import Engine
from engine_host.stream.settings import set_value

HOP = 960
BARS = 12
SEAMS = (4, 8)


def _loop() -> np.ndarray:
    rng = np.random.default_rng(3)
    quarter = 0.5
    t = np.arange(int(RATE * quarter * 16)) / RATE
    phase = (t % quarter) / quarter
    kick = 0.3 * np.sin(2 * np.pi * 55 * t) * np.exp(-4 * phase)
    lead = 0.2 * np.sin(2 * np.pi * 220 * 2 ** (np.floor(t / quarter) % 5 / 12) * t)
    hat = 0.1 * rng.standard_normal(len(t)) * np.exp(-20 * ((t / quarter + 0.5) % 1))
    return np.stack([kick + lead + hat] * 2, axis=1).astype(np.float32)


def _bands(audio: np.ndarray) -> np.ndarray:
    """Level in dB of 32 bands, 50 times a second."""
    size = 2048
    frames = np.lib.stride_tricks.sliding_window_view(audio.mean(axis=1), size)[::HOP]
    power = np.abs(np.fft.rfft(frames * np.hanning(size), axis=1)) ** 2
    edges = np.geomspace(2, 1024, 33).astype(int)
    bands = [power[:, a : b + 1].sum(axis=1) for a, b in itertools.pairwise(edges)]
    return 10 * np.log10(np.stack(bands, axis=1) + 1e-6)


@pytest.fixture(scope="module")
def renders() -> dict[int, np.ndarray]:
    model = load_house_model(threads=2)
    song = Song(RATE, model.geometry)
    meter = parse_meter("1:4/4")
    song.set_map(parse_tempo("1:120", meter), meter)
    put(song, "denoise", set_value("denoise", 0.5))
    prompt(song, "warm house with piano chords")
    source(song, _loop(), repeat=4)
    return {
        window: OfflineRender(Engine(model, MonotonicClock()), song, window).bars(1, BARS)
        for window in (BARS, 4)
    }


def test_a_slid_render_sounds_as_one_long_window_at_its_seams_too(renders):
    """In dB over 32 bands: half a dB apart as a rule, and no further apart around the seams than
    the slid render is from the long one inside its windows."""
    apart = np.sqrt(((_bands(renders[BARS]) - _bands(renders[4])) ** 2).mean(axis=1))
    per_bar = RATE * 2 // HOP
    seams = np.concatenate([apart[bar * per_bar - 5 : bar * per_bar + 5] for bar in SEAMS])
    assert np.median(apart) < 0.8
    assert seams.mean() < np.quantile(apart, 0.9)


def test_nothing_starts_at_a_seam_that_the_long_window_does_not_have(renders):
    """The onset strength at a window's edge is that of the same bar line without an edge there."""

    def onsets(audio: np.ndarray) -> np.ndarray:
        rise = np.maximum(0, np.diff(_bands(audio), axis=0)).mean(axis=1)
        per_bar = RATE * 2 // HOP
        return np.array([rise[bar * per_bar - 3 : bar * per_bar + 2].max() for bar in SEAMS])

    assert np.all(np.abs(onsets(renders[4]) - onsets(renders[BARS])) < 2.0)

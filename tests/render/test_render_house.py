"""The built-in model offline: what its bytes hang on, and how far apart they are across that."""

import subprocess
import sys

import numpy as np
import pytest
from stream_helpers import RATE, lane, prompt, put, song, source

from bridge_protocol.clock import VirtualClock
from engine_host.models.house.model import load_house_model
from engine_host.render import OfflineRender, Take, render_takes
from engine_host.stream.engine import Engine
from engine_host.stream.settings import set_value

BARS = 2
BOUND = 10 ** (-100 / 20)  # of full scale, across rows, threads and accelerators


def made(words="jazz piano", **values):
    one = song("1:160")
    noise = np.random.default_rng(2).normal(0, 0.1, (6 * RATE, 2)).astype(np.float32)
    source(one, noise)
    prompt(one, words)
    lane(one, "denoise", "1:0.9, 3:0.5")
    for name, value in values.items():
        put(one, name, set_value(name, value))
    return one


def heard(rows=1, **model):
    engine = Engine(load_house_model(**model), VirtualClock(), rows=rows)
    return OfflineRender(engine, made(), 2).bars(1, BARS)


@pytest.fixture(scope="module")
def reference():
    return heard()


@pytest.mark.parametrize(
    "other",
    [
        {"rows": 4},
        {"threads": 1},
        {"accelerator": "eager", "threads": 1},
        {"accelerator": "eager", "threads": 1, "rows": 4},
    ],
    ids=["rows", "threads", "accelerator", "accelerator and rows"],
)
def test_across_rows_threads_and_accelerators_a_sound_stays_within_the_bound(reference, other):
    assert np.sqrt(np.mean(reference**2)) > 1_000 * BOUND
    assert np.abs(heard(**other) - reference).max() < BOUND


def test_another_seed_is_far_outside_that_bound(reference):
    engine = Engine(load_house_model(), VirtualClock())
    other = OfflineRender(engine, made(seed=5.0), 2).bars(1, BARS)
    assert np.abs(other - reference).max() > 1_000 * BOUND


def test_a_busy_machine_changes_no_bit(reference):
    spin = "print('spinning', flush=True)\nwhile True: pass"
    hogs = [
        subprocess.Popen([sys.executable, "-c", spin], stdout=subprocess.PIPE) for _ in range(3)
    ]
    try:
        assert [hog.stdout.readline() for hog in hogs] == [b"spinning\n"] * 3
        again = heard()
        assert all(hog.poll() is None for hog in hogs)
    finally:
        for hog in hogs:
            hog.kill()
            hog.communicate()
    assert again.tobytes() == reference.tobytes()


def test_songs_rendered_together_are_those_rendered_alone_to_the_bit():
    model = load_house_model()
    songs = [made("synth bass", steps=4.0), made("house drums", seed=9.0)]
    alone, together = [], [[], []]
    for one in songs:
        alone.append(OfflineRender(Engine(model, VirtualClock(), rows=2), one, 2).bars(1, BARS))
    engine = Engine(model, VirtualClock(), depth=2)
    takes = [Take(one, part.append) for one, part in zip(songs, together, strict=True)]
    render_takes(engine, takes, 1, BARS, window_bars=2)
    for part, whole in zip(together, alone, strict=True):
        assert np.concatenate(part).tobytes() == whole.tobytes()
    assert not np.allclose(alone[0], alone[1], atol=0.01)

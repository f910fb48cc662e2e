"""VST3 and LV2 in hosts made with JUCE: minihost, and DawDreamer (VST3)."""

import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from decks import LABELS, MiniDeck, bounce, play_in_time, stop
from engine_process import free_port
from mark_engine import MarkEngine
from marks import dry, heard
from received import lane_values
from song_transport import Song, Timeline, minihost_transport

HERE = Path(__file__).parent


@pytest.fixture(params=["vst3", "lv2"])
def path(request, bundles):
    return getattr(bundles, request.param)


@pytest.fixture
def host(path):
    with MarkEngine() as engine:
        words = {"endpoint": engine.endpoint, "source": "none", "seed": "9"}
        deck = MiniDeck(path, words)
        yield deck, engine
        deck.close()


@pytest.mark.parametrize(("bpm", "over", "under", "start"), [
    (120, 4, 4, 0), (97, 4, 4, 24_000), (97, 7, 8, 1_000_000),
])  # fmt: skip
def test_a_bounce_puts_every_frame_on_its_sample(host, bpm, over, under, start):
    deck, _ = host
    song = Song(tempo=((0, bpm),), meter=((0, over, under),))
    sound, places = bounce(deck, Timeline(song, start), dry(4 * 48_000))
    assert heard(sound, places, seed=9).wet.all()


def test_an_engine_that_is_found_while_playing_is_heard_from_a_bar_line_on(host):
    deck, _ = host
    song = Song(tempo=((0, 240), (4, 97)), meter=((0, 3, 4),))
    sound, places, _ = play_in_time(deck, Timeline(song, 480_000), dry(4 * 48_000), speed=3.0)
    result = heard(sound, places, seed=9)
    first = int(np.flatnonzero(result.wet)[0])
    assert result.wet[first:].all()
    assert places[first] in [song.sample(song.bar_start(bar)) for bar in range(12)]
    assert result.longest_fade <= 480
    assert not result.wrong.any()


def test_blocks_that_a_host_splits_without_moving_its_time_go_on_in_place(host):
    deck, engine = host
    knob = deck._places[LABELS["denoise"]]
    timeline = Timeline(Song())
    deck.offline(True)
    for block in range(200):
        out = np.full((2, 512), np.nan, np.float32)
        deck.plugin.set_transport(**minihost_transport(timeline.position()))
        changes = [(at, knob, (block * 512 + at) / 102_400) for at in range(0, 512, 128)]
        deck.plugin.process_auto(dry(512), out, [], changes)
        assert heard(out, timeline.advance(512), seed=9).wet.all()
    deck.offline(False)
    stop(deck, timeline)
    assert engine.wait_for(lambda: max(lane_values(engine, "denoise"), default=0) >= 50)
    lane = lane_values(engine, "denoise")
    worst = max(abs(lane[k] - k * 1920 / 102_400) for k in range(1, 51))
    assert worst <= 128 / 102_400


def test_words_and_values_come_back_in_another_instance(path):
    words = {"endpoint": f"tcp://127.0.0.1:{free_port()}", "prompt": 'jazz "🎷" ćšž\nzwei'}
    deck = MiniDeck(path, words)
    deck.set(denoise=0.25, output_gain=-6.0)
    bounce(deck, Timeline(Song(), -4_096), dry(64))  # a host hands values over with a block
    state = deck.plugin.get_state()
    other = MiniDeck(path, {})
    other.plugin.set_state(state)
    saved = other.words()
    bounce(other, Timeline(Song(), -4_096), dry(64))
    values = other.value("denoise"), other.value("output_gain")
    deck.close()
    other.close()
    assert {key: saved[key] for key in words} == words
    assert values == pytest.approx((0.25, -6.0), abs=1e-5)


def test_random_bytes_as_a_state_never_harm_the_plugin(path):
    rng = np.random.default_rng(3)
    deck = MiniDeck(path, {"endpoint": f"tcp://127.0.0.1:{free_port()}"})
    for _ in range(50):
        try:
            deck.plugin.set_state(rng.bytes(int(rng.integers(1, 2_000))))
        except RuntimeError:
            continue  # the host itself saw that it is no state
    sound, places = bounce(deck, Timeline(Song(), -4_096), dry(4_096))
    deck.close()
    assert heard(sound, places).dry.all()


def test_without_an_engine_a_bounce_ends_dry(path):
    deck = MiniDeck(path, {"endpoint": f"tcp://127.0.0.1:{free_port()}", "source": "none"})
    deck.set(wait_s=1.0)
    before = time.monotonic()
    sound, places = bounce(deck, Timeline(Song()), dry(48_000), block=64)
    took = time.monotonic() - before
    deck.close()
    assert heard(sound, places).dry.all()
    assert 0.9 < took < 3.0


@pytest.mark.parametrize(("block", "tolerance"), [(64, 1e-6), (512, 0.002), (2_048, 0.006)])
def test_dawdreamer_automation_reaches_the_engine_and_its_bounce_is_exact(
    bundles, tmp_path, block, tolerance
):
    with MarkEngine() as engine:
        words = {"endpoint": engine.endpoint, "source": "none", "seed": "9"}
        result = dawdreamer(bundles.vst3, tmp_path, words, block)
        assert engine.wait_for(lambda: max(lane_values(engine, "denoise"), default=0) >= 98)
        lane = lane_values(engine, "denoise")
    for sound in result:
        assert heard(sound, np.arange(192_000), seed=9).wet.all()
    worst = max(abs(lane[k] - k * 1920 / 192_000) for k in range(1, 99))
    assert worst <= tolerance


def dawdreamer(vst3, folder, words, block):
    """Two renders of 4 s with denoise going from 0 to 1; in a process of its own, for it may hang."""
    job = {"vst3": str(vst3), "folder": str(folder), "words": words, "block": block}
    script = [sys.executable, str(HERE / "dawdreamer_run.py"), json.dumps(job)]
    told = subprocess.run(script, capture_output=True, text=True, timeout=60, check=False)
    assert told.returncode == 0, told.stderr[-2000:]
    return [np.load(folder / f"pass{index}.npy") for index in range(2)]

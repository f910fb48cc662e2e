"""Bouncing: waiting for the engine, with an end to it; every block size and every rate."""

import time

import numpy as np
import pytest
from decks import bounce, clap_deck, play, play_in_time
from engine_process import free_port
from mark_engine import MarkEngine
from marks import dry, heard
from song_transport import Song, Timeline

BLOCK_SIZES = [1, 2, 3, 7, 16, 61, 64, 127, 500, 512, 1000, 1024, 4095, 4096, 9999, 16_384]
RATES = [8_000, 11_025, 22_050, 32_000, 44_100, 48_000, 88_200, 96_000, 176_400, 192_000]
FADE = 480  # 10 ms
SEED = {"source": "none", "seed": "5"}


def test_a_bounce_waits_for_an_engine_that_comes_late(bundles):
    port = free_port()
    words = {"endpoint": f"tcp://127.0.0.1:{port}"} | SEED
    with MarkEngine(port=port, after_s=1.5):
        deck = clap_deck(bundles, words)
        sound, places = bounce(deck, Timeline(Song()), dry(4 * 48_000))
        deck.close()
    assert heard(sound, places, seed=5).wet.all()


def test_without_an_engine_a_bounce_waits_once_and_ends_dry_and_says_so(bundles):
    deck = clap_deck(bundles, {"endpoint": f"tcp://127.0.0.1:{free_port()}"} | SEED)
    deck.set(wait_s=1.0)
    before = time.monotonic()
    timeline = Timeline(Song())
    sound, places = bounce(deck, timeline, dry(2 * 48_000), block=64)
    took = time.monotonic() - before
    timeline.playing = False
    assert deck.idle(timeline, lambda: deck.status == "bounce failed: no engine", 2)
    deck.close()
    assert heard(sound, places).dry.all()
    assert 0.9 < took < 3.0


def test_an_engine_that_dies_in_a_bounce_leaves_the_rest_dry(bundles):
    with MarkEngine() as engine:
        deck = clap_deck(bundles, {"endpoint": engine.endpoint} | SEED)
        deck.set(wait_s=1.0)
        deck.offline(True)
        timeline = Timeline(Song())
        play(deck, timeline, dry(48_000))
        engine.frozen.set()
        before = time.monotonic()
        rest, places = play(deck, timeline, dry(20 * 48_000))
        took = time.monotonic() - before
        deck.close()
    result = heard(rest, places, seed=5)
    end = int(np.flatnonzero(result.wet)[-1]) + 1
    assert result.wet[:end].all()
    assert result.dry[end + FADE :].all()
    assert np.abs(np.diff(rest[0])).max() < 0.002  # no step
    assert took < 3.0


def test_a_bounce_after_a_failed_one_is_whole_again(bundles):
    port = free_port()
    deck = clap_deck(bundles, {"endpoint": f"tcp://127.0.0.1:{port}"} | SEED)
    deck.set(wait_s=1.0)
    bounce(deck, Timeline(Song()), dry(4_800))
    with MarkEngine(port=port):
        sound, places = bounce(deck, Timeline(Song()), dry(48_000))
        deck.close()
    assert heard(sound, places, seed=5).wet.all()


@pytest.mark.parametrize("block", BLOCK_SIZES)
def test_every_block_size_bounces_exactly(bundles, block):
    frames = max(2_000, 3 * block) if block < 16 else 49_152
    with MarkEngine() as engine:
        deck = clap_deck(bundles, {"endpoint": engine.endpoint} | SEED, max_frames=16_384)
        sound, places = bounce(deck, Timeline(Song(), 12_345), dry(frames), block)
        deck.close()
    assert heard(sound, places, seed=5).wet.all()


def test_blocks_of_ever_changing_size_bounce_exactly(bundles):
    rng = np.random.default_rng(7)
    timeline = Timeline(Song(tempo=((0, 97),)))
    with MarkEngine() as engine:
        deck = clap_deck(bundles, {"endpoint": engine.endpoint} | SEED, max_frames=16_384)
        deck.offline(True)
        for frames in [0, *rng.integers(1, 4096, 60), 16_384, 1, 16_384]:
            position = timeline.position()
            sound = deck.process(dry(int(frames)), position)
            places = timeline.advance(int(frames))
            assert heard(sound, places, seed=5).wet.all()
        deck.close()


@pytest.mark.parametrize("rate_hz", RATES)
def test_every_rate_bounces_exactly(bundles, rate_hz):
    song = Song(tempo=((0, 97),), meter=((0, 7, 8),), rate_hz=rate_hz)
    with MarkEngine() as engine:
        deck = clap_deck(bundles, {"endpoint": engine.endpoint} | SEED, rate_hz=rate_hz)
        sound, places = bounce(deck, Timeline(song, 4_321), dry(rate_hz))
        deck.close()
    assert heard(sound, places, seed=5).wet.all()


def test_a_rate_the_engine_can_not_have_stays_dry_and_says_refused(bundles):
    with MarkEngine() as engine:
        deck = clap_deck(bundles, {"endpoint": engine.endpoint} | SEED, rate_hz=44_101)
        sound, places = bounce(deck, Timeline(Song(rate_hz=44_101)), dry(8_192))
        status = deck.status
        deck.close()
    assert heard(sound, places).dry.all()
    assert status == "refused: see the details"


def test_a_source_that_ends_before_the_bounce_does_leaves_the_rest_dry(bundles):
    with MarkEngine(last_bar=2) as engine:
        deck = clap_deck(bundles, {"endpoint": engine.endpoint} | SEED)
        sound, places = bounce(deck, Timeline(Song()), dry(5 * 96_000))
        deck.close()
    result = heard(sound, places, seed=5)
    assert result.wet[: 2 * 96_000].all()
    assert result.dry[2 * 96_000 :].all()


def test_a_block_that_waits_is_seen_to_wait(bundles):
    deck = clap_deck(bundles, {"endpoint": f"tcp://127.0.0.1:{free_port()}"} | SEED)
    deck.set(wait_s=1.0)
    deck.offline(True)
    _, _, costs = play_in_time(deck, Timeline(Song()), dry(2_048), speed=100.0)
    deck.close()
    assert costs.slept_s[0] > 0.5
    assert costs.slept_s[1:].max() < 0.1

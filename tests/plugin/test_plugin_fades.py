"""From the engine's sound to the track's own and back: in 10 ms, and never through silence."""

import numpy as np
import pytest
from decks import clap_deck, play_in_time
from mark_engine import MarkEngine
from marks import DRY, dry, heard, marked
from song_transport import Song, Timeline

FADE = 480
SPEED = 2.0
BAR = 48_000  # at 240 bpm


@pytest.fixture
def host(bundles):
    """A CLAP plugin whose sound is loaded, and its engine, at the start of a song at 240 bpm."""
    with MarkEngine() as engine:
        deck = clap_deck(bundles, {"endpoint": engine.endpoint, "source": "none", "seed": "8"})
        deck.set(buffer_ms=400)
        timeline = Timeline(Song(tempo=((0, 240),)), playing=False)
        assert deck.idle(timeline, lambda: deck.value("lead_ms") > 300)
        timeline.playing = True
        yield deck, engine, timeline
        deck.close()
    assert engine.fault is None


def raised_cosine(frames):
    """How much of the new sound there is, frame by frame."""
    return 0.5 - 0.5 * np.cos(np.pi * (np.arange(frames) + 0.5) / frames)


def shares(sound, places):
    """How much of each frame is the engine's."""
    wanted = marked(places, 8)[0].astype(np.float64)
    return (sound[0].astype(np.float64) - float(DRY)) / (wanted - float(DRY))


def test_sound_that_stays_away_has_faded_to_the_track_before_it_ends(host):
    deck, engine, timeline = host

    def starve(frame):
        if frame == BAR // 512 * 512:
            engine.starved.set()

    sound, places, _ = play_in_time(deck, timeline, dry(2 * BAR), speed=SPEED, on_block=starve)
    result = heard(sound, places, seed=8)
    assert not result.wrong.any()
    left = int(np.flatnonzero(result.faded)[0])
    assert result.wet[:left].all()
    assert result.dry[left + FADE :].all()
    share = shares(sound, places)[left : left + FADE]
    assert np.abs(share - (1 - raised_cosine(FADE))).max() < 0.01


def test_bypass_fades_to_the_track_and_back(host):
    deck, _, timeline = host

    def switch(frame):
        block = frame // 512
        if block in (40, 80):
            deck.set(bypass=block == 40)

    sound, places, _ = play_in_time(deck, timeline, dry(BAR), speed=SPEED, on_block=switch)
    result = heard(sound, places, seed=8)
    assert not result.wrong.any()
    first, last = 40 * 512, 80 * 512
    assert result.wet[:first].all()
    assert result.dry[first + FADE : last].all()
    assert result.wet[last + FADE :].all()
    assert np.count_nonzero(result.faded) > FADE


def test_an_engine_that_is_started_again_is_heard_from_a_bar_line_on(bundles):
    with MarkEngine() as first:
        endpoint, port = first.endpoint, int(first.endpoint.rsplit(":", 1)[1])
        deck = clap_deck(bundles, {"endpoint": endpoint, "source": "none", "seed": "8"})
        timeline = Timeline(Song(tempo=((0, 240),)), playing=False)
        assert deck.idle(timeline, lambda: deck.value("lead_ms") > 300)
        timeline.playing = True
        before, places, _ = play_in_time(deck, timeline, dry(BAR // 2), speed=SPEED)
        assert heard(before, places, seed=8).wet.all()
    away, _, _ = play_in_time(deck, timeline, dry(2 * BAR), speed=SPEED)
    assert np.array_equal(away[:, -BAR // 2 :], dry(BAR // 2))
    with MarkEngine(port=port) as second:
        sound, places, _ = play_in_time(deck, timeline, dry(4 * BAR), speed=SPEED)
        deck.close()
    result = heard(sound, places, seed=8)
    back = int(np.flatnonzero(result.wet)[0])
    assert places[back] % BAR == 0
    assert result.wet[back:].all()
    assert result.dry[: back - FADE].all()
    assert second.fault is None

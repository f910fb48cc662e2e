"""The track's live input: sent as it was played, heard some bars later, and its delay reported."""

import hashlib

import numpy as np
import pytest
from decks import clap_deck, play_in_time
from mark_engine import MarkEngine
from marks import dry, heard
from song_transport import Song, Timeline

from bridge_protocol import schema

BAR = 48_000  # at 240 bpm
BARS = 2


@pytest.fixture
def host(bundles):
    with MarkEngine() as engine:
        deck = clap_deck(bundles, {"endpoint": engine.endpoint, "seed": "8"})
        deck.set(mode=1, interval_bars=BARS)
        yield deck, engine
        deck.close()
    assert engine.fault is None


def test_the_delay_in_whole_bars_is_reported_to_the_host(host):
    deck, _ = host
    timeline = Timeline(Song(tempo=((0, 240),)), playing=False)
    assert deck.idle(timeline, lambda: deck.latency == BARS * BAR, 5)
    assert deck.plugin.calls["latency"] + deck.plugin.calls["restart"] > 0


def test_the_input_is_sent_as_it_was_played(host):
    deck, engine = host
    timeline = Timeline(Song(tempo=((0, 240),)), playing=False)
    in_use = lambda: engine.told(schema.SourceUse, live_bars=BARS)  # noqa: E731
    assert deck.idle(timeline, in_use, 5)
    timeline.playing = True
    track = (np.random.default_rng(2).standard_normal((2, 2 * BAR)) * 0.1).astype(np.float32)
    play_in_time(deck, timeline, track, speed=2.0)
    assert engine.wait_for(lambda: len(sent(engine)) >= 2 * BAR - 512)
    got = sent(engine)
    assert (
        hashlib.sha256(got.tobytes()).digest()
        == hashlib.sha256(track.T[: len(got)].tobytes()).digest()
    )


def test_what_is_not_there_yet_is_silence_and_never_the_track_out_of_place(host):
    deck, engine = host
    timeline = Timeline(Song(tempo=((0, 240),)), playing=False)
    in_use = lambda: engine.told(schema.SourceUse, live_bars=BARS)  # noqa: E731
    assert deck.idle(timeline, in_use, 5)
    engine.starved.set()
    timeline.playing = True
    silent, _, _ = play_in_time(deck, timeline, dry(BAR // 2), speed=2.0)
    engine.starved.clear()
    sound, places, _ = play_in_time(deck, timeline, dry(2 * BAR), speed=2.0)
    assert not silent.any()
    result = heard(sound, places, seed=8)
    assert result.wet[-BAR:].all()
    assert not result.dry.any()


def sent(engine):
    """The live blocks put together, float32 ``[frames, 2]``; they lie one after the other."""
    parts, at = [], None
    for entry in list(engine.seen):
        block = entry.message
        if isinstance(block, schema.LiveBlock):
            assert at is None or block.sample == at
            at = block.sample + block.frames
            parts.append(np.frombuffer(entry.payload, "<f4").reshape(-1, 2))
    return np.concatenate(parts) if parts else np.zeros((0, 2), np.float32)

"""Where the sound falls: every frame that is heard says which frame of the song it belongs to."""

import numpy as np
import pytest
from decks import bounce, clap_deck, play_in_time
from mark_engine import MarkEngine
from marks import dry, heard
from song_transport import Song, Timeline

FADE = 480  # 10 ms
SPEED = 3.0  # of the host's pace: the stand-in engine keeps up with more

SONGS = {
    "120 bpm": (Song(), 0),
    "97 bpm": (Song(tempo=((0, 97),)), 0),
    "7/8 from frame 1,000,000": (Song(tempo=((0, 97),), meter=((0, 7, 8),)), 1_000_000),
    "signature change": (Song(tempo=((0, 133),), meter=((0, 4, 4), (2, 7, 8), (3, 5, 4))), 0),
    "tempo change": (Song(tempo=((0, 120), (6, 97), (8, 155))), 0),
    "a tempo without an exact bar": (Song(tempo=((0, "173.29"),), meter=((0, 11, 16),)), 12_345),
}


@pytest.fixture
def host(bundles):
    """``host(**options)``: a CLAP plugin connected to a stand-in engine, without a source."""
    made = []

    def connect(**options):
        engine = MarkEngine().__enter__()
        made.append(engine)
        words = {"endpoint": engine.endpoint, "source": "none", "seed": "77"}
        deck = clap_deck(bundles, words, **options)
        made.append(deck)
        return deck, engine

    yield connect
    for thing in reversed(made):
        thing.close() if hasattr(thing, "plugin") else thing.__exit__()


@pytest.mark.parametrize("name", SONGS)
def test_a_bounce_puts_every_frame_on_its_sample(host, name):
    song, start = SONGS[name]
    deck, _ = host()
    sound, places = bounce(deck, Timeline(song, start), dry(6 * 48_000))
    assert heard(sound, places, seed=77).wet.all()


def test_a_second_pass_over_a_learned_tempo_change_is_exact_without_a_new_map(host):
    song, _ = SONGS["tempo change"]
    deck, engine = host()
    bounce(deck, Timeline(song), dry(6 * 48_000))
    sound, places = bounce(deck, Timeline(song), dry(6 * 48_000))
    assert heard(sound, places, seed=77).wet.all()
    (session,) = engine.sessions.values()
    for bar in range(4):
        assert session.grid.sample(bar) == song.sample(song.bar_start(bar))


def test_before_the_song_the_track_is_dry_and_its_first_frame_is_exact(host):
    deck, _ = host()
    sound, places = bounce(deck, Timeline(Song(), -1024), dry(48_000), block=1024)
    result = heard(sound, places, seed=77)
    assert result.dry[:1024].all()
    assert result.wet[1024:].all()


def test_an_engine_that_is_found_while_playing_is_heard_from_a_bar_line_on(host):
    song = Song(tempo=((0, 97),), meter=((0, 7, 8),))
    deck, _ = host()
    sound, places, _ = play_in_time(deck, Timeline(song, 1_000_000), dry(192_000), speed=SPEED)
    result = heard(sound, places, seed=77)
    first = int(np.flatnonzero(result.wet)[0])
    assert result.wet[first:].all()
    assert places[first] in [song.sample(song.bar_start(bar)) for bar in range(20)]
    assert result.longest_fade <= FADE
    assert not result.wrong.any()


def test_a_song_that_was_loaded_ahead_sounds_from_its_first_frame(host):
    deck, engine = host()
    timeline = Timeline(Song(), 24_000, playing=False)
    assert deck.idle(timeline, lambda: deck.value("lead_ms") > 200)
    timeline.playing = True
    sound, places, _ = play_in_time(deck, timeline, dry(24_000), speed=SPEED)
    assert heard(sound, places, seed=77).wet.all()
    assert engine.fault is None


def test_a_loop_wraps_inside_a_block_without_a_gap(host):
    song = Song(tempo=((0, 97),), meter=((0, 7, 8),))
    deck, engine = host()
    timeline = Timeline(song, song.sample(1), playing=False, loop=("1.75", "3.5"))
    assert deck.idle(timeline, lambda: deck.value("lead_ms") > 200)
    timeline.playing = True
    sound, places, _ = play_in_time(deck, timeline, dry(5 * 48_000), speed=SPEED)
    assert np.count_nonzero(np.diff(places) < 0) >= 2
    assert all(at % 512 for at in np.flatnonzero(np.diff(places) < 0) + 1)
    assert heard(sound, places, seed=77).wet.all()
    assert engine.fault is None


def test_a_locate_is_dry_for_a_moment_and_then_exact(host):
    deck, _ = host()
    timeline = Timeline(Song(), playing=False)
    assert deck.idle(timeline, lambda: deck.value("lead_ms") > 200)
    timeline.playing = True

    def locate(frame):
        if frame == 48_128:
            timeline.sample = 500_000

    sound, places, _ = play_in_time(deck, timeline, dry(2 * 48_000), speed=1.0, on_block=locate)
    result = heard(sound, places, seed=77)
    assert result.wet[:48_128].all()
    assert result.wet[-24_000:].all()
    strayed = np.flatnonzero(result.wrong)  # the jump's decay to the new place
    assert strayed.size == 0 or (strayed[0] >= 48_128 and strayed[-1] < 48_128 + FADE)
    assert np.abs(np.diff(sound[0].astype(np.float64))).max() < 0.02


def test_a_stop_and_a_start_in_the_same_place_go_on_at_once(host):
    deck, engine = host()
    timeline = Timeline(Song(), playing=False)
    assert deck.idle(timeline, lambda: deck.value("lead_ms") > 200)
    timeline.playing = True
    play_in_time(deck, timeline, dry(24_064), speed=SPEED)
    timeline.playing = False
    deck.idle(timeline, lambda: False, timeout_s=0.2)
    timeline.playing = True
    sound, places, _ = play_in_time(deck, timeline, dry(24_064), speed=SPEED)
    assert heard(sound, places, seed=77).wet.all()
    (session,) = engine.sessions.values()
    assert len({entry.message.epoch for entry in engine.seen if hasattr(entry.message, "lap")}) >= 1
    assert session.epoch == max(session.heads)

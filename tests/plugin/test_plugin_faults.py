"""The engine dies, or stands still, while a host plays in real time."""

import numpy as np
import pytest
from decks import clap_deck, play_in_time
from engine_process import EngineProcess
from song_transport import Song, Timeline

BLOCK = 1024
BLOCK_S = BLOCK / 48_000
BAR = 48_000  # at 240 bpm: bars are short, so that the wait for the next one is
FADE = 480
DRY = np.float32(-0.125)


@pytest.fixture(params=["killed", "stopped"])
def fault(request):
    return request.param


def test_a_host_never_waits_for_a_dead_engine_and_sound_returns_on_a_bar_line(bundles, fault):
    song = Song(tempo=((0, 240),))
    with EngineProcess() as engine:
        words = {"endpoint": engine.endpoint, "source": "none", "prompt": "house drums"}
        deck = clap_deck(bundles, words | {"seed": "3"})
        deck.set(buffer_ms=400)
        timeline = Timeline(song, playing=False)
        assert deck.idle(timeline, lambda: deck.value("lead_ms") > 350, timeout_s=20)
        timeline.playing = True
        told = []

        def act(frame):
            told.append(deck.status)
            second = frame / 48_000
            if act.stage == 0 and second > 1.0:
                engine.kill() if fault == "killed" else engine.freeze()
                act.stage = 1
            elif act.stage == 1 and second > 4.5:
                engine.begin() if fault == "killed" else engine.thaw()
                act.stage = 2

        act.stage = 0
        sound = np.full((2, 14 * 48_000), DRY)
        out, places, took = play_in_time(deck, timeline, sound, BLOCK, on_block=act)
        deck.close()
    is_dry = np.all(out == DRY, axis=0)
    assert took.max() < BLOCK_S
    assert not is_dry[:48_000].any()
    left = int(np.flatnonzero(is_dry)[0])
    assert 48_000 < left < 48_000 + 0.5 * 48_000 + FADE
    dry_runs = runs(is_dry)
    start, end = max(dry_runs, key=lambda run: run[1] - run[0])
    assert end - start > 2 * 48_000
    assert (places[end - 1] + 1 + FADE) % BAR in range(-1, FADE)  # whole on the line
    line = -(-int(places[end]) // BAR) * BAR
    assert line - places[end] <= FADE
    assert not is_dry[end + FADE :].any()
    assert largest_step(out, left - FADE, left) < 0.2
    assert "playing" in told[-20:]
    assert any(word in told for word in ("looking for the engine", "the engine hangs"))


def runs(flags):
    """(start, end) of each stretch that is True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def largest_step(sound, start, end):
    return float(np.abs(np.diff(sound[:, start:end])).max())

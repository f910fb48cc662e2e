"""The engine dies, or stands still, while a host plays in real time."""

import numpy as np
import pytest
from decks import clap_deck, play_in_time
from engine_process import EngineProcess
from song_transport import Song, Timeline

RATE, BLOCK = 48_000, 1024
BAR = 48_000  # at 240 bpm: short, so that the wait for the next line is
FADE = 480
DRY = np.float32(-0.125)
CLOCKS_S = 1e-3  # more than the clocks of a block err by, less than any wait for an engine
MOST_SECONDS = 90  # an engine takes seconds to start, on a busy machine many
WORDS = {"source": "none", "prompt": "house drums", "seed": "3"}
LOOKING, HANGS = "looking for the engine", "the engine hangs"


class Fault:
    """A fault after a second; its cure once the host has been told; the end, 2 s after the return.

    An engine on a busy machine may begin late, and says so: then those 2 s begin when it no longer
    is.
    """

    def __init__(self, deck, harm, cure, words):
        self._deck, self._words = deck, words
        self._acts = [(self._a_second_in, harm), (self._is_told, cure)]
        self._frame, self._end = 0, None
        self.told = []

    def __call__(self, frame):
        self._frame = frame
        self.told.append(self._deck.status)
        if self.told[-1] != "playing":
            self._end = None
        elif not self._acts and self._end is None:
            self._end = frame + 2 * RATE
        if self._acts and self._acts[0][0]():
            self._acts.pop(0)[1]()
        return self._end is not None and frame > self._end

    def _a_second_in(self):
        return self._frame > RATE

    def _is_told(self):
        return self.told[-1] == self._words and self._frame > 2.5 * RATE


@pytest.fixture(scope="module")
def mortal():
    """An engine of this file's own."""
    with EngineProcess() as engine:
        yield engine


@pytest.mark.parametrize("kind", ["stopped", "killed"])
def test_a_host_never_waits_for_an_engine_and_its_sound_returns_on_a_bar_line(
    bundles, rendered, mortal, kind
):
    harm, cure, words = {
        "killed": (mortal.kill, mortal.begin, LOOKING),
        "stopped": (mortal.freeze, mortal.thaw, HANGS),
    }[kind]
    deck = clap_deck(bundles, WORDS | {"endpoint": mortal.endpoint})
    deck.set(buffer_ms=400)
    timeline = Timeline(Song(tempo=((0, 240),)), playing=False)
    assert deck.idle(timeline, lambda: deck.value("lead_ms") > 350, timeout_s=20)
    timeline.playing = True
    fault = Fault(deck, harm, cure, words)
    track = np.full((2, MOST_SECONDS * RATE), DRY)
    out, _, costs = play_in_time(deck, timeline, track, BLOCK, on_block=fault)
    deck.close()
    assert out.shape[1] < track.shape[1]  # the sound came back
    assert (costs.cpu_s + costs.slept_s).max() < BLOCK / RATE
    assert np.quantile(costs.slept_s, 0.99) < CLOCKS_S
    is_dry = np.all(out == DRY, axis=0)
    left, back = int(np.flatnonzero(is_dry)[0]), int(np.flatnonzero(is_dry)[-1]) + 1
    assert is_dry[left:back].all()
    assert RATE < left < 1.5 * RATE + BLOCK
    line = -(-back // BAR) * BAR
    assert line - back <= FADE
    bars = -(-out.shape[1] // BAR)
    wanted = rendered(
        "--bpm", 240, "--bars", f"1-{bars}", "--prompt", WORDS["prompt"], "--seed", WORDS["seed"]
    )
    assert np.array_equal(out[:, : left - FADE], wanted[:, : left - FADE])
    last = slice(out.shape[1] - BAR, out.shape[1])
    assert last.start >= line
    assert np.array_equal(out[:, last], wanted[:, last])
    assert between(out[:, left - FADE : left], wanted[:, left - FADE : left], DRY)


def between(sound, one, other):
    """Whether every sample lies between two others: a crossfade, and no silence."""
    low, high = np.minimum(one, other) - 1e-6, np.maximum(one, other) + 1e-6
    return bool(np.all((low <= sound) & (sound <= high)))

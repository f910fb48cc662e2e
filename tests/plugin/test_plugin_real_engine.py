"""The plugin on the real engine with the house model: what a bounce gives is what a render gives."""

import numpy as np
import pytest
import soundfile
from decks import bounce, clap_deck
from song_transport import Song, Timeline
from source_audio import four_bars

FRAMES = 4 * 96_000  # 4 bars at 120 bpm
LANE = "denoise=1:0.25/hold, 3:0.75"
WORDS = {"prompt": "jazz piano, brushes", "seed": "11"}
PROMPTS = ("house drums", "jazz piano", "techno bass", "ambient pads")


def steps(deck):
    """The lane as a host's automation."""

    def events(start, frames):
        changes = [(0, 0.25), (FRAMES // 2, 0.75)]
        return [
            deck.event("denoise", v, at - start) for at, v in changes if 0 <= at - start < frames
        ]

    return events


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    path = tmp_path_factory.mktemp("source") / "source.wav"
    soundfile.write(path, four_bars().T, 48_000, subtype="FLOAT")
    return path


def test_a_track_bounced_after_a_pass_that_listens_equals_the_render(
    bundles, engine, rendered, source
):
    deck = clap_deck(bundles, WORDS | {"endpoint": engine.endpoint})
    first, _ = bounce(deck, Timeline(Song()), four_bars(), 512, steps(deck))
    second, _ = bounce(deck, Timeline(Song()), four_bars(), 512, steps(deck))
    third, _ = bounce(deck, Timeline(Song()), four_bars(), 333, steps(deck))
    deck.close()
    wanted = rendered(
        source, "--bpm", 120, "--prompt", WORDS["prompt"], "--seed", WORDS["seed"], "--lane", LANE
    )
    assert np.array_equal(first, four_bars())
    assert wanted.shape == second.shape
    assert np.abs(second - wanted).max() == 0.0
    assert np.abs(third - wanted).max() == 0.0
    assert np.abs(wanted - four_bars()).max() > 0.01


def test_a_saved_project_bounces_the_same_without_listening_again(
    bundles, engine, rendered, source
):
    deck = clap_deck(bundles, WORDS | {"endpoint": engine.endpoint})
    bounce(deck, Timeline(Song()), four_bars(), 512, steps(deck))
    second, _ = bounce(deck, Timeline(Song()), four_bars(), 512, steps(deck))
    saved = deck.words()
    deck.close()
    reopened = clap_deck(bundles, saved)
    again, _ = bounce(reopened, Timeline(Song()), four_bars(), 512, steps(reopened))
    reopened.close()
    assert np.array_equal(again, second)


def test_sixteen_instances_on_one_engine_bounce_each_its_own(bundles, engine, rendered):
    takes = [(PROMPTS[i % len(PROMPTS)], str(100 + i)) for i in range(16)]
    decks = [
        clap_deck(bundles, {"endpoint": engine.endpoint, "source": "none", "prompt": p, "seed": s})
        for p, s in takes
    ]
    timelines = [Timeline(Song()) for _ in decks]
    parts = [[] for _ in decks]
    silence = np.zeros((2, 4_096), np.float32)
    for deck in decks:
        deck.offline(True)
    for start in range(0, 96_000, 4_096):  # in turn, as a host does that bounces all its tracks
        frames = min(4_096, 96_000 - start)
        for deck, timeline, out in zip(decks, timelines, parts, strict=True):
            out.append(deck.process(silence[:, :frames], timeline.position()))
            timeline.advance(frames)
    for deck in decks:
        deck.close()
    for (prompt, seed), out in zip(takes, parts, strict=True):
        wanted = rendered("--bars", "1-2", "--prompt", prompt, "--seed", seed)[:, :96_000]
        assert np.abs(np.concatenate(out, axis=1) - wanted).max() == 0.0

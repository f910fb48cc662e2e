"""A render that goes on from any frame is the rest of the whole one, bit for bit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stream_helpers import RATE, lane, prompt, put, song, source
from toy_model import ToyModel

from bridge_protocol.clock import VirtualClock
from bridge_protocol.errors import RefusedError
from engine_host.models.house.model import load_house_model
from engine_host.render import Take, can_go_on, render_takes
from engine_host.stream.engine import Engine
from engine_host.stream.settings import (
    Change,
    propagation_of,
    set_placement,
    set_prompt,
    set_value,
)
from engine_host.stream.sources import Placement, Source
from engine_host.stream.warp import SourceTempo

FIRST, LAST = 2, 8
CUE_PPQ = 9.7  # inside bar 3, and inside its window


def place(made, name, edit, ppq):
    change = Change(made.next_state(), name, propagation_of(name), edit)
    made.place(ppq, change, change.number)


def awkward(first_prompt="0.25", second_prompt="-0.5"):
    """Ramps, an odd meter, lanes that move at every frame and sample, changes inside bars."""
    made = song("1:150, 3:150>200/time, 5:200", "1:4/4, 3:7/8")
    t = np.arange(14 * RATE) / RATE
    source(made, 0.3 * np.sin(2 * np.pi * np.outer(t, [220.0, 330.0])))
    lane(made, "denoise", "1:0, 3.2:1, 6:0.05")
    lane(made, "dry_wet", "1:0.5, 7:1")
    lane(made, "output_gain", "1:-6, 8:3")
    prompt(made, first_prompt)
    place(made, "prompt", set_prompt(second_prompt), CUE_PPQ)
    place(made, "velocity", set_value("velocity", 1.1), 13.3)
    put(made, "declick", set_value("declick", 5.0), bar=5)
    put(made, "declick", set_value("declick", 33.0), bar=6)
    return made


def rendered(model, made, kept=0, **options):
    pieces = [np.zeros((0, 2), np.float32)]
    engine = Engine(model, VirtualClock(), **options)
    render_takes(engine, [Take(made, pieces.append, kept)], FIRST, LAST)
    assert engine.streams == ()
    return np.concatenate(pieces)


def frame(made, bar):
    """The frame of a bar line, counted from the start of the range."""
    return made.grid.sample(bar - 1) - made.grid.sample(FIRST - 1)


def cue_frame(made):
    return made.grid.sample_of_ppq(CUE_PPQ) - made.grid.sample(FIRST - 1)


@pytest.fixture(scope="module")
def whole():
    return rendered(ToyModel(), awkward())


AWKWARD_CUTS = {
    "the first frame": lambda m: 1,
    "a bar line": lambda m: frame(m, 4),
    "a window's first line": lambda m: frame(m, 5),
    "one frame before a line": lambda m: frame(m, 5) - 1,
    "one frame after a line": lambda m: frame(m, 5) + 1,
    "inside the join before a line": lambda m: frame(m, 5) - 100,
    "where that join begins": lambda m: frame(m, 5) - 240,
    "inside a join of another length": lambda m: frame(m, 6) - 1_000,
    "just at a change inside a bar": cue_frame,
    "inside the join before that change": lambda m: cue_frame(m) - 900,
    "behind that change, in its bar": lambda m: cue_frame(m) + 7,
    "the last frame": lambda m: frame(m, LAST + 1) - 1,
    "the end": lambda m: frame(m, LAST + 1),
}


@pytest.mark.parametrize("cut_at", AWKWARD_CUTS.values(), ids=AWKWARD_CUTS)
def test_going_on_from_an_awkward_place_is_the_rest_of_the_whole(whole, cut_at):
    made = awkward()
    cut = cut_at(made)
    assert len(whole) == frame(made, LAST + 1)
    assert rendered(ToyModel(), made, cut).tobytes() == whole[cut:].tobytes()


@settings(deadline=None, max_examples=8)
@given(share=st.floats(0, 1), depth=st.integers(1, 4))
def test_going_on_from_any_frame_at_any_depth_is_the_rest_of_the_whole(whole, share, depth):
    cut = round(share * len(whole))
    assert np.array_equal(rendered(ToyModel(), awkward(), cut, depth=depth), whole[cut:])


def test_the_song_of_these_tests_is_awkward_everywhere(whole):
    changed = awkward()
    prompt(changed, "0.3")
    other = rendered(ToyModel(), changed)
    differs = np.any(whole != other, axis=1)
    assert differs[: cue_frame(changed) - 4_000].mean() > 0.9
    assert not differs[cue_frame(changed) :].any()
    assert np.count_nonzero(np.any(np.diff(whole, axis=0), axis=1)) > 0.9 * len(whole)


def test_the_house_model_goes_on_to_the_bit_inside_a_window_and_at_a_join():
    model = load_house_model()
    full = rendered(model, awkward("jazz piano", "techno"))
    made = awkward("jazz piano", "techno")
    for cut in (cue_frame(made) - 500, frame(made, 6) - 900):
        assert np.array_equal(rendered(model, made, cut), full[cut:])
    assert np.sqrt(np.mean(full**2)) > 0.01


@pytest.mark.parametrize("depth", [1, 3])
def test_songs_rendered_together_are_those_rendered_alone(depth):
    songs = [awkward(), awkward("0.7", "0.1"), awkward("-0.3", "raise-not")]
    put(songs[1], "steps", set_value("steps", 3))
    prompt(songs[2], "-0.4")
    songs[2].placed = []
    alone = [rendered(ToyModel(), made, rows=3) for made in songs]
    kept = [0, 123_457, frame(songs[2], 6)]
    pieces = [[], [], []]
    takes = [
        Take(made, part.append, frames)
        for made, part, frames in zip(songs, pieces, kept, strict=True)
    ]
    model = ToyModel()
    done = []
    render_takes(
        Engine(model, model.clock, depth=depth, rows=3),
        takes,
        FIRST,
        LAST,
        progress=lambda frames, total: done.append((frames, total)),
    )
    for part, whole_one, frames in zip(pieces, alone, kept, strict=True):
        assert np.array_equal(np.concatenate(part), whole_one[frames:])
    total = 3 * len(alone[0])
    assert done[-1] == (total, total)
    assert done == sorted(done)


def test_a_song_that_can_not_be_made_is_named_among_several():
    good, bad = song(), song()
    prompt(good, "0.25")
    prompt(bad, "raise")
    takes = [
        Take(good, lambda block: None, field="stem.a"),
        Take(bad, lambda block: None, field="stem.b"),
    ]
    model = ToyModel()
    engine = Engine(model, model.clock)
    with pytest.raises(RefusedError, match="this prompt raises") as caught:
        render_takes(engine, takes, 1, 2)
    assert caught.value.field == "stem.b"
    assert engine.streams == ()


def test_a_render_that_is_cancelled_ends_between_two_rounds_and_leaves_the_engine_free():
    made = song()
    prompt(made, "0.25")
    blocks = []
    model = ToyModel()
    engine = Engine(model, model.clock)
    with pytest.raises(RefusedError) as caught:
        render_takes(engine, [Take(made, blocks.append)], 1, 8, cancelled=lambda: len(blocks) > 20)
    assert caught.value.code == "CANCELLED"
    assert 20 < len(blocks) < 100
    assert engine.streams == ()


def test_feedback_anywhere_in_a_song_keeps_it_from_going_on():
    made = song()
    assert can_go_on(made)
    put(made, "feedback", set_value("feedback", 0.5), bar=3)
    assert not can_go_on(made)
    assert not can_go_on(song(feedback=0.2))
    assert can_go_on(song(feedback_tap=2))


def test_a_source_that_is_swapped_inside_a_bar_is_the_same_when_going_on():
    made = song(denoise=0.0)
    noise = np.random.default_rng(4).uniform(-0.5, 0.5, (20 * RATE, 2)).astype(np.float32)
    source(made, noise)
    other = Placement(Source("1" * 64, "other", RATE, noise[::-1].copy()), 0.0, 0)
    place(made, "source", set_placement("source", other), 17.5)
    full = rendered(ToyModel(), made)
    cut = made.grid.sample_of_ppq(17.5) - made.grid.sample(FIRST - 1) + 5
    assert np.array_equal(rendered(ToyModel(), made, cut), full[cut:])


def test_a_source_with_a_tempo_of_its_own_is_the_same_when_going_on():
    made = song("1:150, 3:150>200/time, 5:200", denoise=0.0)
    t = np.arange(16 * RATE) / RATE
    wave = np.repeat(0.3 * np.sin(2 * np.pi * 220 * t)[:, None], 2, axis=1).astype(np.float32)
    placed = Placement(Source("2" * 64, "slow", RATE, wave), 0.0, 0, SourceTempo(140.0))
    put(made, "source", set_placement("source", placed))
    full = rendered(ToyModel(), made)
    assert np.sqrt(np.mean(full**2)) > 0.1
    for cut in (frame(made, 4) - 900, frame(made, 6) + 12_345):
        assert np.array_equal(rendered(ToyModel(), made, cut), full[cut:])

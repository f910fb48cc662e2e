from collections import Counter

import numpy as np
import pytest
from house_helpers import ramp_grid, reference, steady_grid

from engine_host.models.house.patterns import PATTERNS
from engine_host.models.house.planner import make_plan, plan_notes
from engine_host.models.house.roll import DRUM_COLUMNS, roll_of
from engine_host.models.interface import BarSpan, GridFrames

KICK, SNARE = DRUM_COLUMNS["kick"], DRUM_COLUMNS["snare"]


def _roll(tags, grid: GridFrames, *, key=0, mode="minor", seed=0, bass=True):
    return roll_of(
        plan_notes(make_plan(tags, key, mode, seed, bass=bass), grid.bars), len(grid.bpm)
    )


@pytest.mark.parametrize("name", ["house", "jazz", "dnb", "ambient"])
def test_a_plan_in_four_four_equals_the_reference(name):
    bpm, key, is_major, frames, seed = reference()[f"args_{name}"].tolist()
    tags = reference()[f"tags_{name}"].tolist()
    roll = _roll(
        tags,
        steady_grid(int(frames), bpm),
        key=int(key),
        mode="major" if is_major else "minor",
        seed=int(seed),
    )
    np.testing.assert_allclose(roll, reference()[f"roll_{name}"], atol=1e-5)


def test_every_kick_of_house_is_on_the_frame_of_a_beat():
    for bpm in (97.3, 120.0, 125.0, 141.0):
        roll = _roll(["house"], steady_grid(200, bpm))
        beats = np.arange(0, 200, 60 / bpm * 25)
        assert np.nonzero(roll[:, KICK])[0].tolist() == np.floor(beats + 1e-6).astype(int).tolist()


def test_kicks_follow_a_tempo_ramp():
    grid = ramp_grid(300, bpm=90, bpm_per_quarter=2)
    beats = [bar.sixteenth_frames[step] for bar in grid.bars for step in (0, 4, 8, 12)]
    frames = [int(beat + 1e-6) for beat in beats if beat < 300]
    assert np.nonzero(_roll(["house"], grid)[:, KICK])[0].tolist() == frames
    gaps = np.diff(beats)
    assert gaps[-1] < 0.75 * gaps[0]


def test_seven_eight_drops_the_steps_that_do_not_fit():
    grid = steady_grid(400, 120, quarters=3.5)
    notes = plan_notes(make_plan(["house"], 0, "minor", 0), grid.bars)
    kicks = Counter(note.start_frame for note in notes if note.pitch == 36 and note.role == "drums")
    expected = [bar.sixteenth_frames[step] for bar in grid.bars for step in (0, 4, 8, 12)]
    assert sorted(kicks) == pytest.approx(expected)
    bar_frames = 3.5 * 12.5
    assert max(n.start_frame % bar_frames for n in notes) <= 13 * 3.125 + 1e-6


def test_bass_and_chords_end_with_a_short_bar():
    grid = steady_grid(200, 120, quarters=3)
    notes = plan_notes(make_plan(["ambient"], 0, "minor", 0), grid.bars)
    for note in notes:
        bar = int(note.start_frame // 37.5)
        assert note.end_frame <= (bar + 1) * 37.5 + 1e-6


def test_a_bar_longer_than_four_quarters_begins_the_pattern_again():
    grid = steady_grid(200, 120, quarters=5)
    bar = grid.bars[0]
    kicks = np.nonzero(_roll(["house"], grid)[:62, KICK])[0].tolist()
    assert kicks == [int(bar.sixteenth_frames[step]) for step in (0, 4, 8, 12, 16)]


def test_the_chord_is_that_of_the_absolute_bar():
    first = _roll(["house"], steady_grid(200, first_bar=0))
    fourth_on = _roll(["house"], steady_grid(200, first_bar=4))
    one_on = _roll(["house"], steady_grid(200, first_bar=1))
    assert np.array_equal(first, fourth_on)
    np.testing.assert_array_equal(one_on[:50], first[50:100])  # a bar is 50 frames
    assert not np.array_equal(one_on, first)


def test_a_bar_cut_short_by_a_jump_plays_nothing_past_it():
    whole = tuple(i * 3.125 for i in range(17))
    after = tuple(25.0 + i * 3.125 for i in range(17))
    bars = (BarSpan(7, 4.0, whole), BarSpan(4, 4.0, after))
    notes = plan_notes(make_plan(["house"], 0, "minor", 0), bars)
    kicks = sorted(n.start_frame for n in notes if n.pitch == 36 and n.role == "drums")
    assert kicks == [0.0, 12.5, 25.0, 37.5, 50.0, 62.5]


def test_tags_decide_drums_and_lead():
    grid = steady_grid(200)
    assert _roll(["house", "no_drums"], grid)[:, 36:40].sum() == 0
    assert _roll(["ambient"], grid)[:, 36:40].sum() == 0
    assert _roll(["ambient", "drums"], grid)[:, KICK].sum() > 0
    assert _roll(["house"], grid)[:, 24:36].sum() == 0
    assert _roll(["house", "sax"], grid)[:, 24:36].sum() > 0


def test_a_plan_without_bass_keeps_the_rest():
    grid = steady_grid(200)
    with_bass, without = _roll(["house"], grid), _roll(["house"], grid, bass=False)
    assert with_bass[:, :12].sum() > 0
    assert without[:, :12].sum() == 0
    assert np.array_equal(without[:, 12:], with_bass[:, 12:])


def test_the_seed_picks_the_harmony_and_always_the_same():
    grid = steady_grid(200)
    rolls = [_roll(["house"], grid, seed=seed).tobytes() for seed in range(8)]
    assert len(set(rolls)) > 1
    assert rolls[3] == _roll(["house"], grid, seed=3).tobytes()


def test_moving_the_key_moves_every_pitch_class():
    grid = steady_grid(200)
    in_c, in_d = _roll(["house"], grid, key=0), _roll(["house"], grid, key=2)
    for first in (0, 12):
        chroma = slice(first, first + 12)
        assert np.array_equal(np.roll(in_c[:, chroma], 2, axis=1), in_d[:, chroma])


@pytest.mark.parametrize("style", sorted(PATTERNS))
def test_every_style_plays_within_its_scale(style):
    roll = _roll([style, "drums"], steady_grid(400, 120), key=0, mode="minor", seed=1)
    heard = set(np.nonzero(roll[:, 12:24].sum(0))[0].tolist())
    assert heard
    assert heard <= {0, 2, 3, 5, 7, 8, 10}

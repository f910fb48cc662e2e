import json

import numpy as np
import pytest
import torch
from house_helpers import ramp_grid, reference, steady_grid

from engine_host.models.house import context as layout
from engine_host.models.house.config import WEIGHTS
from engine_host.models.house.context import build_context, grid_channels, level_relative_db
from engine_host.models.house.roll import CHROMA_COLUMNS, DRUM_COLUMNS


def test_the_layout_is_the_one_the_weights_were_trained_with():
    config = json.loads((WEIGHTS / "config.json").read_text())
    trained = config["context"]
    assert trained["width"] == layout.CONTEXT_WIDTH
    for name, ours in (("source", layout.SOURCE), ("grid", layout.GRID), ("roll", layout.ROLL)):
        assert trained[name] == [ours.start, ours.stop]
    assert trained["mask"][0] == layout.MASK
    assert trained["roll_present"] == layout.ROLL_PRESENT
    assert (trained["level"], trained["level_present"]) == (layout.LEVEL, layout.LEVEL_PRESENT)
    roll = config["roll"]
    assert {d: roll[d] for d in DRUM_COLUMNS} == DRUM_COLUMNS
    assert {r: roll[f"{r}_chroma"][0] for r in CHROMA_COLUMNS} == CHROMA_COLUMNS


def test_a_steady_grid_equals_the_reference():
    np.testing.assert_allclose(
        grid_channels(steady_grid(160, 133.0)), reference()["grid_133"], atol=1e-4
    )


def test_the_four_bar_phase_is_of_the_absolute_bar():
    here = grid_channels(steady_grid(100))
    four_on = grid_channels(steady_grid(100, first_bar=4))
    one_on = grid_channels(steady_grid(100, first_bar=1))
    np.testing.assert_allclose(four_on, here, atol=1e-6)
    np.testing.assert_allclose(one_on[:, :6], here[:, :6], atol=1e-6)
    assert np.abs(one_on[:, 6:] - here[:, 6:]).max() > 0.5


@pytest.mark.parametrize("quarters", [3.0, 3.5, 5.0])
def test_the_bar_phase_turns_once_per_bar_in_any_meter(quarters):
    grid = steady_grid(300, 120, quarters=quarters)
    wave = grid_channels(grid)
    turns = np.unwrap(np.arctan2(wave[:, 2], wave[:, 3])) / (2 * np.pi)
    bars = 300 / 25 * 2 / quarters
    assert turns[-1] - turns[0] == pytest.approx(bars, abs=0.1)


def test_the_beat_speeds_up_with_a_ramp():
    wave = grid_channels(ramp_grid(300, 60, 3))
    turns = np.unwrap(np.arctan2(wave[:, 0], wave[:, 1])) / (2 * np.pi)
    assert turns[-1] - turns[-26] > 1.3 * (turns[25] - turns[0])


def test_a_cover_equals_the_reference():
    source = torch.from_numpy(reference()["encoded"])
    context = build_context(steady_grid(60, 133.0), source=source, level_db=3.0)
    np.testing.assert_allclose(context.numpy(), reference()["context_cover"], atol=1e-4)


def test_what_is_absent_is_zero_and_says_so():
    context = build_context(steady_grid(60))
    assert (context[:, layout.MASK] == 1).all()
    assert context[:, layout.SOURCE].abs().sum() == 0
    assert context[:, layout.ROLL.start :].abs().sum() == 0


def test_levels_are_relative_to_the_training_level_and_within_its_range():
    assert level_relative_db(-18.4) == pytest.approx(0)
    assert level_relative_db(-21.4) == pytest.approx(-3)
    assert level_relative_db(float("-inf")) == -8
    assert level_relative_db(0.0) == 5

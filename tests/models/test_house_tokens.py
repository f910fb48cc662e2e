import numpy as np
import pytest
import torch
from house_helpers import reference
from safetensors.torch import load_file

from engine_host.models.house.config import WEIGHTS, load_config
from engine_host.models.house.tokens import ConditionTables, key_row, tempo_row


@pytest.fixture(scope="module")
def tables() -> ConditionTables:
    weights = load_file(WEIGHTS / "dit.safetensors")
    return ConditionTables.from_weights({k: w.float() for k, w in weights.items()}, load_config())


def test_tokens_equal_the_reference(tables):
    tokens = tables.tokens(("jazz", "piano", "acoustic_drums", "drums"), 3, "major", 133.0)
    np.testing.assert_array_equal(tokens.numpy(), reference()["tokens"])


def test_what_is_not_given_is_row_zero(tables):
    tokens = tables.tokens((), None, "minor", None)
    assert torch.equal(tokens[0], tables.tag[0] + tables.place[0])
    assert torch.equal(
        tokens[-2:], torch.stack([tables.key[0], tables.tempo[0]]) + tables.place[1:]
    )


def test_unknown_tags_and_tags_past_the_last_slot_are_dropped(tables):
    many = ("no such tag", *load_config().tags[:14])
    assert torch.equal(
        tables.tokens(many, None, "minor", None),
        tables.tokens(load_config().tags[:10], None, "minor", None),
    )


@pytest.mark.parametrize(
    ("key", "mode", "row"),
    [(None, "major", 0), (0, "minor", 1), (11, "minor", 12), (11, "major", 24)],
)
def test_key_rows(key, mode, row):
    assert key_row(key, mode) == row


@pytest.mark.parametrize(
    ("bpm", "row"),
    [(None, 0), (20.0, 1), (59.9, 1), (60.0, 2), (120.0, 17), (183.9, 32), (999.0, 33)],
)
def test_tempo_rows(bpm, row):
    assert tempo_row(bpm) == row

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from engine_host.diffusion.noise import MASK_STEP, NoiseKey, normal

keys = st.builds(NoiseKey, st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))


def test_it_is_standard_normal() -> None:
    drawn = normal([NoiseKey(5, g) for g in range(4)], 0, 600, 64).flatten().double().numpy()
    assert stats.kstest(drawn, "norm").pvalue > 0.01
    assert abs(drawn.mean()) < 4 / len(drawn) ** 0.5
    assert abs(drawn.var() - 1) < 4 * (2 / len(drawn)) ** 0.5


def test_generations_steps_and_seeds_are_independent_streams() -> None:
    row = [NoiseKey(1, 1), NoiseKey(1, 2), NoiseKey(2, 1), NoiseKey(1, 1 + 2**32), NoiseKey(1, 1)]
    drawn = normal(row, [0, 0, 0, 0, 1], 400, 32).flatten(1)
    off_diagonal = torch.corrcoef(drawn) - torch.eye(5)
    assert off_diagonal.abs().max() < 5 / drawn.shape[1] ** 0.5


def test_neighbours_in_time_and_channel_are_uncorrelated() -> None:
    drawn = normal([NoiseKey(9, 0)], 3, 2000, 16)[0]
    bound = 5 / drawn.numel() ** 0.5
    assert (drawn[1:] * drawn[:-1]).mean().abs() < bound
    assert (drawn[:, 1:] * drawn[:, :-1]).mean().abs() < bound


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(keys, st.integers(0, MASK_STEP)), min_size=1, max_size=9), st.data())
def test_a_row_does_not_depend_on_the_other_rows(
    rows: list[tuple[NoiseKey, int]], data: st.DataObject
) -> None:
    frames, channels = data.draw(st.integers(1, 33)), data.draw(st.integers(1, 9))
    together = normal([k for k, _ in rows], [s for _, s in rows], frames, channels)
    for row, (key, step) in enumerate(rows):
        assert torch.equal(together[row], normal([key], step, frames, channels)[0])


def test_a_longer_window_begins_with_the_same_noise() -> None:
    key = NoiseKey(3, 4)
    assert torch.equal(normal([key], 0, 50, 7)[:, :31], normal([key], 0, 31, 7))


def test_its_first_values_never_change() -> None:
    """A seed that someone wrote down must sound the same in every release."""
    drawn = normal([NoiseKey(1234, 5)], 0, 1, 4)[0, 0].tolist()
    assert drawn == pytest.approx([-0.0471270, -0.2261509, -0.0654179, -1.1022257], abs=1e-6)


def test_as_many_steps_as_keys_are_wanted() -> None:
    with pytest.raises(ValueError, match="2 steps for 1 keys"):
        normal([NoiseKey(1, 1)], [1, 2], 4, 4)


def test_windows_that_overlap_draw_the_same_noise_at_the_same_place() -> None:
    early = normal([NoiseKey(1, 0, ((100, 40),))], 2, 40, 10)[0]
    late = normal([NoiseKey(1, 0, ((130, 40),))], 2, 40, 10)[0]
    assert torch.equal(early[30:], late[:10])
    assert not torch.equal(early[:10], late[:10])


def test_a_window_that_wraps_draws_what_the_other_end_of_the_loop_draws() -> None:
    whole = normal([NoiseKey(1, 0, ((-3, 3), (50, 5)))], 0, 10, 4)[0]
    assert torch.equal(whole[:3], normal([NoiseKey(1, 0, ((-3, 3),))], 0, 3, 4)[0])
    assert torch.equal(whole[3:], normal([NoiseKey(1, 0, ((50, 7),))], 0, 7, 4)[0])

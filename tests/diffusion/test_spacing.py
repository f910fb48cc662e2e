from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from engine_host.diffusion.spacing import Spacing


def births(steps: int, depth: int, ticks: int) -> list[int]:
    spacing, born = Spacing(), []
    for tick in range(ticks):
        while spacing.due(tick, depth):
            spacing.born(tick, depth, steps)
            born.append(tick)
    return born


@given(st.integers(1, 40), st.integers(1, 16))
def test_gaps_between_births_differ_by_at_most_one_tick(steps: int, depth: int) -> None:
    born = births(steps, depth, 200)
    gaps = {after - before for before, after in pairwise(born)}
    assert max(gaps) - min(gaps) <= 1


@given(st.integers(1, 16), st.integers(0, 24))
def test_depth_generations_are_born_in_every_run_of_steps(depth: int, more: int) -> None:
    steps = depth + more
    born = births(steps, depth, 3 * steps)
    assert [sum(1 for b in born if b // steps == k) for k in range(3)] == [depth] * 3


def test_a_birth_that_comes_late_is_not_caught_up_in_a_burst() -> None:
    spacing = Spacing()
    spacing.born(0, 4, 8)
    assert spacing.due(2, 4)
    spacing.born(7, 4, 8)
    assert not spacing.due(8, 4)
    assert spacing.due(9, 4)


def test_a_new_depth_counts_from_the_last_birth() -> None:
    spacing = Spacing()
    spacing.born(0, 1, 8)
    assert not spacing.due(1, 1)
    assert spacing.due(1, 8)

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine_host.diffusion.schedule import shifted, start, step_count, timesteps

steps = st.integers(1, 60)
shifts = st.floats(0.2, 8)
denoises = st.floats(0.01, 1)


def test_eight_steps_at_shift_3_are_the_papers() -> None:
    wanted = [1, 0.9545, 0.9, 0.8333, 0.75, 0.6429, 0.5, 0.3, 0]
    assert timesteps(8, 3.0, 1.0) == pytest.approx(wanted, abs=5e-5)


@given(steps, shifts, denoises)
def test_times_fall_from_the_start_to_exactly_zero(s: int, shift: float, denoise: float) -> None:
    t = timesteps(s, shift, denoise)
    assert len(t) == s + 1
    assert t[0] == pytest.approx(shifted(np.float64(denoise), shift))
    assert t[-1] == 0.0
    assert (np.diff(t) < 0).all()


@given(steps, shifts, denoises, st.floats(1e-9, 1e-6))
def test_the_continuous_law_has_no_stairs(s: int, shift: float, d: float, nudge: float) -> None:
    moved = np.abs(timesteps(s, shift, d) - timesteps(s, shift, max(0.0, d - nudge))).max()
    assert 0 < moved <= nudge * max(shift, 1 / shift) * 1.01


def test_the_stepped_law_has_nine_levels_from_a_half_to_one() -> None:
    fine = np.linspace(0.5, 1, 2001)
    assert len(set(start(fine, 8, "stepped"))) == 9
    assert len(set(start(fine, 8, "continuous"))) == 2001


@given(st.integers(8, 60))
def test_the_stepped_law_is_the_end_of_a_longer_schedule(longer: int) -> None:
    whole = timesteps(longer, 3.0, 1.0)
    for denoise in (8 / longer, float(np.float32(8 / longer))):
        assert timesteps(8, 3.0, denoise, "stepped") == pytest.approx(whole[-9:], abs=1e-12)


@pytest.mark.parametrize(("denoise", "count"), [(1.0, 10), (0.7, 7), (0.71, 8), (0.01, 1), (0, 1)])
def test_the_proportional_law_takes_that_part_of_the_steps(denoise: float, count: int) -> None:
    assert len(timesteps(10, 3.0, denoise, "continuous", "proportional")) == count + 1
    assert step_count(10, float(np.float32(denoise)), "proportional") == count


def test_denoise_zero_is_all_zero_under_both_laws() -> None:
    assert not timesteps(8, 3.0, 0.0).any()
    assert not timesteps(8, 3.0, 0.0, "stepped").any()

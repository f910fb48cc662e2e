from __future__ import annotations

import pytest
import torch
from torch import Tensor

from engine_host.diffusion.guidance import MOMENTUM, Guidance, fold, guide, norm

GENERATOR = torch.Generator().manual_seed(4)
WANTED, NEGATIVE, RUNNING = torch.randn(3, 2, 37, 5, generator=GENERATOR).unbind(0)


def curves(scale: float, rescale: float = 0.0, momentum: float = MOMENTUM) -> Guidance:
    return Guidance(*(torch.full((2, 37, 1), value) for value in (scale, rescale, momentum)))


def test_scale_one_keeps_the_velocitys_bits() -> None:
    guided, _ = guide(WANTED, NEGATIVE, RUNNING, curves(1.0))
    assert torch.equal(guided, WANTED)


def test_without_projection_bound_or_momentum_it_is_plain_guidance() -> None:
    given = curves(3.0, momentum=0.0)
    guided, _ = guide(WANTED, NEGATIVE, RUNNING, given, threshold=1e9, eta=1.0)
    torch.testing.assert_close(guided, NEGATIVE + 3 * (WANTED - NEGATIVE), atol=1e-5, rtol=0)


def test_the_update_is_orthogonal_to_the_velocity_over_time() -> None:
    guided, _ = guide(WANTED, NEGATIVE, RUNNING, curves(3.0))
    along = ((guided - WANTED) * WANTED).sum(1)
    assert along.abs().max() < 1e-4


def test_the_update_is_no_longer_than_the_threshold() -> None:
    guided, _ = guide(WANTED, NEGATIVE, RUNNING, curves(2.0), eta=1.0)
    assert norm(guided - WANTED, 1).max() < 2.5 + 1e-4


def test_the_running_difference_decays_by_the_momentum() -> None:
    _, running = guide(WANTED, WANTED, RUNNING, curves(3.0))
    torch.testing.assert_close(running, MOMENTUM * RUNNING)


def test_full_rescale_brings_back_the_norm() -> None:
    guided, _ = guide(WANTED, NEGATIVE, RUNNING, curves(4.0, rescale=1.0))
    torch.testing.assert_close(norm(guided, 1), norm(WANTED, 1))


@pytest.mark.parametrize("axis", [1, 2])
def test_fold_is_the_sum_whatever_the_batch(axis: int) -> None:
    torch.testing.assert_close(fold(WANTED, axis), WANTED.sum(axis, keepdim=True))
    assert torch.equal(fold(WANTED, axis)[1:], fold(WANTED[1:], axis))


def test_zero_velocities_stay_finite() -> None:
    zero: Tensor = torch.zeros(2, 37, 5)
    guided, _ = guide(zero, zero, zero, curves(3.0, rescale=0.5))
    assert torch.equal(guided, zero)

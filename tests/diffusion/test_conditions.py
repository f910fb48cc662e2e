from __future__ import annotations

import torch

from engine_host.diffusion.conditions import Weighted, blend

GENERATOR = torch.Generator().manual_seed(5)
ONE, TWO = torch.randn(2, 1, 6, 3, generator=GENERATOR).unbind(0)


def weight(value: float) -> torch.Tensor:
    return torch.full((1, 6, 1), value)


def test_a_single_weight_of_one_keeps_the_bits_and_so_do_zeros_beside_it() -> None:
    assert torch.equal(blend([ONE], [weight(1.0)]), ONE)
    assert torch.equal(blend([ONE, TWO], [weight(1.0), weight(0.0)]), ONE)


def test_weights_are_shares() -> None:
    torch.testing.assert_close(
        blend([ONE, TWO], [weight(3.0), weight(1.0)]), 0.75 * ONE + 0.25 * TWO
    )


def test_no_weight_at_all_gives_zero() -> None:
    assert torch.equal(blend([ONE], [weight(0.0)]), torch.zeros_like(ONE))


def test_a_condition_is_active_on_its_own_part_of_the_steps() -> None:
    assert [Weighted(0, start=0.25, stop=0.75).active(i, 8) for i in range(8)] == (
        [False] * 2 + [True] * 4 + [False] * 2
    )
    assert all(Weighted(0).active(i, 8) for i in range(8))


def test_a_weight_may_be_a_number_or_a_curve() -> None:
    assert Weighted(0, 0.5).curve(3).flatten().tolist() == [0.5] * 3
    assert Weighted(0, torch.tensor([0.0, 1.0])).curve(2).flatten().tolist() == [0, 1]

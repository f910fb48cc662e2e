from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch
from diffusion_helpers import pull
from torch import Tensor

from engine_host.diffusion.forward import Rows, forward, padded_velocity


class Watched:
    """Counts forwards and notes their row numbers; raises where a condition says so."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def __call__(self, x: Tensor, t: Tensor, conditions: Sequence[object]) -> Tensor:
        assert len(x) == len(t) == len(conditions)
        self.sizes.append(len(x))
        if "bad" in conditions:
            raise RuntimeError("no such prompt")
        return pull(x, t, conditions)


def rows(*conditions: object) -> Rows:
    count = len(conditions)
    x = torch.arange(count * 6, dtype=torch.float32).view(count, 3, 2) / 10
    return Rows(x, torch.linspace(0.2, 1, count), conditions)


@pytest.mark.parametrize(("count", "calls"), [(1, 1), (4, 1), (5, 2), (9, 3)])
def test_every_forward_has_exactly_the_buckets_rows(count: int, calls: int) -> None:
    model, given = Watched(), rows(*range(count))
    done = forward(model, given, 4)
    assert model.sizes == [4] * calls
    assert done.calls == calls
    assert torch.equal(done.velocity, pull(given.x, given.t, ()))


def test_only_the_guilty_row_is_lost_when_a_forward_raises() -> None:
    model, given = Watched(), rows("a", "bad", "c", "d", "e")
    done = forward(model, given, 4)
    assert list(done.errors) == [1]
    assert str(done.errors[1]) == "no such prompt"
    wanted = pull(given.x, given.t, ())
    assert torch.equal(done.velocity[[0, 2, 3, 4]], wanted[[0, 2, 3, 4]])
    assert model.sizes == [4] * done.calls
    assert done.calls == 1 + 4 + 1


def test_a_row_that_is_alone_is_not_tried_twice() -> None:
    model = Watched()
    assert list(forward(model, rows("bad"), 4).errors) == [0]
    assert model.sizes == [4]


def test_a_velocity_of_another_shape_is_an_error_of_the_model() -> None:
    with pytest.raises(ValueError, match="velocity"):
        padded_velocity(lambda x, t, c: x[:, :1], rows("a"), 2)

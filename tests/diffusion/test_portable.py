from __future__ import annotations

import math

import torch

from engine_host.diffusion.portable import cos_sin_turns, log

UNIT = (torch.arange(1, 200_001, dtype=torch.float64) - 0.5) / 200_000


def test_log_agrees_with_the_library() -> None:
    tiny = torch.tensor([2.0**-33, 1 - 2.0**-33, math.sqrt(0.5)], dtype=torch.float64)
    for u in (UNIT, tiny):
        torch.testing.assert_close(log(u), torch.log(u), rtol=1e-10, atol=0)


def test_cosine_and_sine_agree_with_the_library() -> None:
    cosine, sine = cos_sin_turns(UNIT)
    torch.testing.assert_close(cosine, torch.cos(math.tau * UNIT), rtol=0, atol=1e-10)
    torch.testing.assert_close(sine, torch.sin(math.tau * UNIT), rtol=0, atol=1e-10)


def test_quarter_turns_are_exact() -> None:
    cosine, sine = cos_sin_turns(torch.tensor([0, 0.25, 0.5, 0.75], dtype=torch.float64))
    assert cosine.tolist() == [1, 0, -1, 0]
    assert sine.tolist() == [0, 1, 0, -1]


def test_an_element_does_not_depend_on_where_it_lies() -> None:
    for offset in range(1, 9):
        assert torch.equal(log(UNIT[offset:]), log(UNIT)[offset:])
        assert torch.equal(cos_sin_turns(UNIT[offset:])[1], cos_sin_turns(UNIT)[1][offset:])

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from engine_host.diffusion.dcw import Dcw, DcwInputs, Faders, analytic, correct

GENERATOR = torch.Generator().manual_seed(3)
AFTER, CLEAN = torch.randn(2, 3, 20, 4, generator=GENERATOR).unbind(0)
TIMES = torch.tensor([1.0, 0.5, 0.2]).view(3, 1, 1)


def curve(value: float) -> Tensor:
    return torch.full((3, 20, 1), value)


def faders(threshold: float = 0.0, multiplicative: float = 0.0, polar: float = 0.0) -> Faders:
    return Faders(*(torch.full((3, 1, 1), value) for value in (threshold, multiplicative, polar)))


@pytest.mark.parametrize("mode", ["low", "high", "double", "pix"])
def test_scale_zero_changes_nothing(mode: str) -> None:
    dcw = DcwInputs((mode, "sym8"), curve(0.0), curve(0.0))  # type: ignore[arg-type]
    torch.testing.assert_close(correct(AFTER, CLEAN, TIMES, dcw), AFTER, atol=2e-6, rtol=0)


@pytest.mark.parametrize("mode", ["low", "high", "double"])
def test_faders_at_zero_are_the_plain_correction_bit_for_bit(mode: str) -> None:
    plain = DcwInputs((mode, "db4"), curve(0.05), curve(0.02))  # type: ignore[arg-type]
    zero = DcwInputs(plain.kind, plain.scale, plain.high_scale, faders())
    assert torch.equal(correct(AFTER, CLEAN, TIMES, plain), correct(AFTER, CLEAN, TIMES, zero))


def test_a_high_soft_threshold_leaves_nothing_to_correct() -> None:
    dcw = DcwInputs(("double", "haar"), curve(0.05), curve(0.02), faders(threshold=100.0))
    torch.testing.assert_close(correct(AFTER, CLEAN, TIMES, dcw), AFTER, atol=2e-6, rtol=0)


def test_double_with_equal_scales_moves_both_bands() -> None:
    """With haar at t = 1/2 both bands move by s/2: the whole signal does."""
    dcw = DcwInputs(("double", "haar"), curve(0.1), curve(0.1))
    half = torch.full((3, 1, 1), 0.5)
    moved = AFTER + 0.05 * (AFTER - CLEAN)
    torch.testing.assert_close(correct(AFTER, CLEAN, half, dcw), moved, atol=2e-6, rtol=0)


def test_a_row_does_not_depend_on_the_others() -> None:
    dcw = DcwInputs(("double", "haar"), curve(0.1), curve(0.1), faders(0.1, 0.4, 0.3))
    one = DcwInputs(
        dcw.kind,
        curve(0.1)[:1],
        curve(0.1)[:1],
        Faders(*(torch.full((1, 1, 1), value) for value in (0.1, 0.4, 0.3))),
    )
    together = correct(AFTER, CLEAN, TIMES, dcw)
    for row in range(3):
        only = slice(row, row + 1)
        assert torch.equal(together[only], correct(AFTER[only], CLEAN[only], TIMES[only], one))


@pytest.mark.parametrize("length", [1, 2, 9, 16])
def test_the_analytic_signal_has_the_signal_as_its_real_part(length: int) -> None:
    x = AFTER[:, :length]
    torch.testing.assert_close(analytic(x).real, x, atol=1e-6, rtol=0)


def test_the_analytic_signal_of_a_cosine_turns_evenly() -> None:
    phase = 2 * torch.pi * 3 * torch.arange(24) / 24
    turned = analytic(torch.cos(phase).view(1, 24, 1)).flatten()
    torch.testing.assert_close(turned, torch.polar(torch.ones(24), phase), atol=1e-5, rtol=0)


def test_an_unknown_wavelet_is_refused() -> None:
    with pytest.raises(ValueError, match="wavelet"):
        Dcw(wavelet="bior1.1")

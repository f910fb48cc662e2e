from __future__ import annotations

import numpy as np
import pytest
import pywt
import torch

from engine_host.diffusion.wavelet import WAVELETS, dwt, idwt, resample

SIGNAL = torch.randn(3, 50, 4, generator=torch.Generator().manual_seed(2))


@pytest.mark.parametrize("wavelet", WAVELETS)
@pytest.mark.parametrize("frames", [1, 2, 7, 24, 49, 50])
def test_bands_are_those_of_pywavelets_and_stand_for_the_signal(wavelet: str, frames: int) -> None:
    x = SIGNAL[:, :frames]
    low, high = dwt(x, wavelet)
    wanted_low, wanted_high = pywt.dwt(x.numpy(), wavelet, "zero", axis=1)
    np.testing.assert_allclose(low.numpy(), wanted_low, atol=1e-5)
    np.testing.assert_allclose(high.numpy(), wanted_high, atol=1e-5)
    torch.testing.assert_close(idwt(low, high, wavelet, frames), x, atol=1e-5, rtol=0)


def test_a_row_does_not_depend_on_the_others() -> None:
    for together, alone in zip(dwt(SIGNAL, "db8"), dwt(SIGNAL[1:2], "db8"), strict=True):
        assert torch.equal(together[1:2], alone)


def test_an_unknown_wavelet_is_refused() -> None:
    with pytest.raises(ValueError, match="wavelet"):
        dwt(SIGNAL, "bior1.1")


def test_resampling_keeps_constants_and_straight_lines() -> None:
    assert torch.equal(resample(torch.full((1, 24, 1), 0.05), 15), torch.full((1, 15, 1), 0.05))
    line = torch.arange(24.0).view(1, 24, 1)
    wanted = torch.arange(12) * 2 + 0.5
    torch.testing.assert_close(resample(line, 12).flatten(), wanted)

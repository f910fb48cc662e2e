import numpy as np
import pytest
import torch

from engine_host.models.house.tables import (
    hash01,
    mel_matrix,
    spread_matrix,
    tone_centres_hz,
    tone_matrix,
)


def _lowbias32(x: int) -> int:
    """Chris Wellons' published definition, in plain integers."""
    x ^= x >> 16
    x = x * 0x7FEB352D % 2**32
    x ^= x >> 15
    x = x * 0x846CA68B % 2**32
    return x ^ (x >> 16)


def test_the_hash_is_lowbias32():
    counters = [0, 1, 2, 99, 0x10000000, 2**32 - 1]
    assert hash01(counters).tolist() == [_lowbias32(c) / 2**32 for c in counters]


def test_every_mel_band_is_an_average_over_bins():
    for bands, size in ((96, 1920), (40, 1920), (80, 2048)):
        torch.testing.assert_close(mel_matrix(bands, size).sum(1), torch.ones(bands))


def test_spreading_flat_bands_gives_flat_bins_inside_the_bands_range():
    flat = torch.ones(96) @ spread_matrix(mel_matrix(96))
    inside = flat[4:700]  # 100 Hz to 17.5 kHz
    assert float((inside - 1).abs().max()) < 0.05


@pytest.mark.parametrize("hz", [110.0, 220.0, 440.0, 1000.0])
def test_a_tone_is_loudest_in_the_band_nearest_to_it(hz):
    t = torch.arange(8192) / 48_000
    spectrum = torch.fft.rfft(torch.sin(2 * torch.pi * hz * t) * torch.hann_window(8192)).abs()
    loudest = int((tone_matrix() @ spectrum[:400]).argmax())
    cents = np.abs(1200 * np.log2(tone_centres_hz() / hz))
    assert cents[loudest] < 100

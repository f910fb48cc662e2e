"""Fixed tables of the codec: rates, a portable hash, mel bands, tone bands. Nothing here is learned.

The encoder, the decoder and every trained weight depend on these numbers to the last bit that
matters, so they are constants and not settings.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt
import torch

SAMPLE_RATE_HZ: Final = 48_000
FRAME_SAMPLES: Final = 1_920  # one latent frame, 40 ms
HOP_SAMPLES: Final = 480  # one analysis or synthesis hop, 10 ms
HOPS_PER_FRAME: Final = FRAME_SAMPLES // HOP_SAMPLES
STFT_SAMPLES: Final = 1_920  # bins lie on the multiples of 25 Hz
STFT_BINS: Final = STFT_SAMPLES // 2 + 1
STFT_SCALE: Final = 1 / ((STFT_SAMPLES / 4) ** 0.5 * 8)  # brings loud music to about 1

TONE_STFT_SAMPLES: Final = 8_192  # long enough to tell semitones apart in the bass
TONE_STFT_BINS: Final = 400  # those below 2.3 kHz
TONE_STFT_SCALE: Final = 1 / ((TONE_STFT_SAMPLES / 4) ** 0.5 * 8)

MID_BANDS: Final = 96
SIDE_BANDS: Final = 40
BANDS: Final = MID_BANDS + SIDE_BANDS
MEL_FEATURES: Final = HOPS_PER_FRAME * BANDS
TONE_WEIGHT: Final = 1.5  # of a tone feature against a mel feature in the linear map
LOG_FLOOR: Final = 1e-3

_LOW_TONE_BINS = range(6, 19)  # single bins, 35 to 106 Hz
_TONE_NOTES = range(46, 94)  # MIDI notes, a triangle of 0.8 semitone each
_UINT32 = np.uint64(0xFFFFFFFF)


def hash01(counters: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Integers -> numbers in [0, 1) by the 32-bit hash ``lowbias32``: the same on every machine."""
    x = np.asarray(counters).astype(np.uint64) & _UINT32
    x ^= x >> np.uint64(16)
    x = x * np.uint64(0x7FEB352D) & _UINT32
    x ^= x >> np.uint64(15)
    x = x * np.uint64(0x846CA68B) & _UINT32
    x ^= x >> np.uint64(16)
    return np.asarray(x.astype(np.float64) / 2**32)


def mel_matrix(
    bands: int, stft_samples: int = STFT_SAMPLES, low_hz: float = 30, high_hz: float = 20_000
) -> torch.Tensor:
    """``[bands, bins]`` triangular mel filters whose rows sum to 1; a band narrower than a bin is that bin."""
    mels = torch.linspace(_mel(low_hz), _mel(high_hz), bands + 2)
    edges_hz = 700 * (10 ** (mels / 2595) - 1)
    bin_hz = torch.arange(stft_samples // 2 + 1) * SAMPLE_RATE_HZ / stft_samples
    low, centre, high = edges_hz[:-2, None], edges_hz[1:-1, None], edges_hz[2:, None]
    rising, falling = (bin_hz - low) / (centre - low), (high - bin_hz) / (high - centre)
    weights = torch.clamp(torch.minimum(rising, falling), min=0)
    for band in torch.nonzero(weights.sum(1) < 0.5).flatten().tolist():
        nearest = round(float(edges_hz[band + 1]) / (SAMPLE_RATE_HZ / stft_samples))
        weights[band] = 0
        weights[band, nearest] = 1
    return weights / weights.sum(1, keepdim=True)


def spread_matrix(mel: torch.Tensor) -> torch.Tensor:
    """``[bands, bins]``: how a value per mel band spreads over the bins; columns sum to about 1."""
    peaks = mel / mel.max(1, keepdim=True).values
    return peaks / (peaks.sum(0, keepdim=True) + 1e-4)


def tone_matrix() -> torch.Tensor:
    """``[61, 400]`` narrow bands over the long transform: single bins in the bass, then semitones."""
    rows = [_bin_row(index) for index in _LOW_TONE_BINS]
    rows += [_semitone_row(_note_hz(note)) for note in _TONE_NOTES]
    return torch.stack(rows)[:, :TONE_STFT_BINS].contiguous()


def tone_centres_hz() -> npt.NDArray[np.float64]:
    """``[61]`` centre of each row of `tone_matrix`, rising."""
    bins = [index * SAMPLE_RATE_HZ / TONE_STFT_SAMPLES for index in _LOW_TONE_BINS]
    return np.array(bins + [_note_hz(note) for note in _TONE_NOTES])


def _mel(hz: float) -> float:
    return 2595 * math.log10(1 + hz / 700)


def _note_hz(note: int) -> float:
    return float(440 * 2 ** ((note - 69) / 12))


def _bin_row(index: int) -> torch.Tensor:
    row = torch.zeros(TONE_STFT_SAMPLES // 2 + 1)
    row[index] = 1
    return row


def _semitone_row(centre_hz: float) -> torch.Tensor:
    bin_hz = torch.arange(TONE_STFT_SAMPLES // 2 + 1) * SAMPLE_RATE_HZ / TONE_STFT_SAMPLES
    semitones = 12 * torch.log2(bin_hz.clamp(min=1) / centre_hz)
    row = torch.clamp(1 - semitones.abs() / 0.8, min=0)
    return row / row.sum()

"""The decoder's noise: one fixed stretch of white noise, kept as a spectrum and read round and round."""

from __future__ import annotations

from typing import Final

import numpy as np
import torch

from engine_host.models.house.tables import HOP_SAMPLES, STFT_SAMPLES, STFT_SCALE, hash01

PERIOD_HOPS: Final = 1_024  # 256 latent frames, 10.24 s
_MEAN_MAGNITUDE = 1.5**0.5 / 8  # of white noise of unit variance, under the window and scale


def noise_spectrum() -> torch.Tensor:
    """``[2, bins, 1024, 2]`` float16: two independent channels, real and imaginary parts last.

    It is the transform of a sound that repeats every 1024 hops, so neighbouring hops fit together
    across the seam as well.
    """
    counters = np.arange(2 * HOP_SAMPLES * PERIOD_HOPS)
    white = ((hash01(counters) * 2 - 1) * 3**0.5).astype(np.float32)
    sound = torch.from_numpy(white).view(2, -1)
    reach = (STFT_SAMPLES - HOP_SAMPLES) // 2
    around = torch.cat([sound[:, -reach:], sound, sound[:, :reach]], 1)
    window = torch.hann_window(STFT_SAMPLES)
    spectrum = torch.stft(
        around, STFT_SAMPLES, HOP_SAMPLES, window=window, center=False, return_complex=True
    )
    return torch.view_as_real(spectrum * STFT_SCALE / _MEAN_MAGNITUDE).half()

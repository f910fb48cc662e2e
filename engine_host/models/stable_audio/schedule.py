"""Where Stable Audio 3's steps lie: evenly in log-SNR (arXiv 2605.17991), as its pipelines have them."""

from __future__ import annotations

import math

import numpy as np

from engine_host.models.interface import Times

LOGSNR_MIN, LOGSNR_MAX = -6.2, 2.0  # at the noisy and at the clean end


def logsnr_times(tau: Times, shift: float) -> Times:
    """``sigmoid(-logsnr)`` with the log-SNR falling evenly in ``tau``; 0 and 1 stay where they are.

    ``shift`` moves times towards noise as in the shifted schedule, which in log-SNR is to subtract
    its logarithm; 1 is the model's own. Strictly rising, with a jump at each end (to .119 and from
    .998 at shift 1). An `engine_host.models.interface.Schedule`.
    """
    noise = tau * (LOGSNR_MAX - LOGSNR_MIN) - LOGSNR_MAX + math.log(shift)
    inside = 1.0 / (1.0 + np.exp(-noise))
    return np.where(tau <= 0.0, 0.0, np.where(tau >= 1.0, 1.0, inside))

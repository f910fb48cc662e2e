"""A track to transform: four bars at 120 bpm and 48 kHz, float32 ``[2, frames]``, the same each time."""

import functools

import numpy as np

RATE_HZ, BAR = 48_000, 96_000


@functools.cache
def four_bars():
    """A bass line with a noise hit on each quarter; starts and ends on sound."""
    time = np.arange(4 * BAR) / RATE_HZ
    beat = (time % 0.5) / 0.5
    pitch = np.array([55.0, 65.4, 49.0, 73.4])[(time // 2).astype(int)]
    bass = 0.2 * np.sin(2 * np.pi * np.cumsum(pitch) / RATE_HZ)
    noise = np.random.default_rng(4).standard_normal((2, 4 * BAR))
    hits = 0.1 * noise * np.exp(-30 * beat)
    sound = (bass + hits).astype(np.float32)
    sound.setflags(write=False)
    return sound

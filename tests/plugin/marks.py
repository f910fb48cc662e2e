"""Sound that says where in the song it belongs (left) and with which seed it was asked for (right).

Every mark is an integer below 2**24 times 2**-24: exact in float32, between 0.25 and 0.5. The
track's own sound, ``dry``, is negative.
"""

from dataclasses import dataclass

import numpy as np

UNIT = 2.0**-24
FIRST = 1 << 22
DRY = np.float32(-0.125)


def marks(number):
    """Integers (song samples, seeds) -> float32 sound."""
    return ((FIRST + np.asarray(number) % FIRST) * UNIT).astype(np.float32)


def marked(samples, seed=0):
    """What is to be heard at the song's ``samples``: float32 ``[2, frames]``."""
    return np.stack([marks(samples), np.full(len(samples), marks(seed))])


def dry(frames):
    """The track's own sound, float32 ``[2, frames]``."""
    return np.full((2, frames), DRY)


@dataclass(frozen=True)
class Heard:
    """Frame by frame: ``wet`` is the very mark of the host's place, ``dry`` the track's own sound,
    ``faded`` a mix of those two, ``wrong`` anything else."""

    wet: np.ndarray
    dry: np.ndarray
    faded: np.ndarray
    wrong: np.ndarray

    @property
    def longest_fade(self):
        return longest_run(self.faded)


def heard(sound, samples, seed=0):
    """Judges what came out at the song's ``samples``."""
    wanted = marked(samples, seed)
    wet = np.all(sound == wanted, axis=0)
    is_dry = np.all(sound == DRY, axis=0)
    gains = (sound.astype(np.float64) - DRY) / (wanted.astype(np.float64) - DRY)
    mixed = (np.abs(gains[0] - gains[1]) < 2e-6) & (gains.min(axis=0) > 0) & (gains.max(axis=0) < 1)
    faded = mixed & ~wet & ~is_dry
    return Heard(wet, is_dry, faded, ~(wet | is_dry | faded))


def longest_run(flags):
    """Frames of the longest stretch that is True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    return int((edges[1::2] - edges[::2]).max(initial=0))

"""Taking the edge off where sound begins, ends or jumps. One thread at a time."""

from __future__ import annotations

import numpy as np

from bridge_protocol.blocks import Samples


class Declick:
    """Adds an offset that starts at the edge's height and decays as a raised cosine.

    The first frame after an edge equals the last before it, so no edge is heard; with a length
    of 0 everything passes as it is.
    """

    def __init__(self, length_samples: int, channels: int = 2) -> None:
        phase = np.arange(length_samples, dtype=np.float64) / max(1, length_samples)
        self._curve = (0.5 + 0.5 * np.cos(np.pi * phase)).astype(np.float32)[:, None]
        self._offset = np.zeros(channels, np.float32)
        self._last = np.zeros(channels, np.float32)
        self._at = length_samples

    def process(self, audio: Samples, edge: bool) -> None:
        """Smooths ``[frames, channels]`` in place; ``edge``: it doesn't follow what came before."""
        if len(audio) == 0:
            return
        if edge and len(self._curve):
            self._offset = self._last - audio[0]
            self._at = 0
        count = min(len(audio), len(self._curve) - self._at)
        if count > 0:
            audio[:count] += self._offset * self._curve[self._at : self._at + count]
            self._at += count
        self._last = audio[-1].copy()

"""Everything that was heard, as far back as the memory was given. One thread at a time."""

from __future__ import annotations

import numpy as np

from bridge_protocol.blocks import Samples


class Recording:
    """The last ``keep_frames`` frames, at least; memory is at most twice that."""

    def __init__(self, keep_frames: int, channels: int = 2) -> None:
        self._keep = max(1, keep_frames)
        self._buffer = np.zeros((4_096, channels), np.float32)
        self._length = 0
        self._dropped = 0

    @property
    def first_frame(self) -> int:
        """How many frames were heard before the first one that is kept."""
        return self._dropped

    @property
    def audio(self) -> Samples:
        """What is kept, float32 ``[frames, channels]``; a copy."""
        return self._buffer[: self._length].copy()

    def append(self, audio: Samples) -> None:
        """Adds frames at the end."""
        if self._length + len(audio) > len(self._buffer):
            self._make_room(len(audio))
        self._buffer[self._length : self._length + len(audio)] = audio
        self._length += len(audio)

    def _make_room(self, frames: int) -> None:
        surplus = self._length - self._keep
        if surplus > 0 and len(self._buffer) >= 2 * self._keep:
            self._buffer[: self._keep] = self._buffer[surplus : self._length]
            self._length = self._keep
            self._dropped += surplus
        if self._length + frames > len(self._buffer):
            larger = max(self._length + frames, min(2 * len(self._buffer), 2 * self._keep))
            grown = np.zeros((larger, self._buffer.shape[1]), np.float32)
            grown[: self._length] = self._buffer[: self._length]
            self._buffer = grown

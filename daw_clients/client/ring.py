"""The audio ring of a plugin: a fixed memory that is addressed by position, never by order.

Every frame is tagged with the epoch and the song sample it was made for, so that a reader that
knows what it wants to hear can never be given anything else. One thread at a time here; the
plugin's ring has one writer and one reader.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from bridge_protocol.blocks import Samples

Tags = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

NOTHING = -1


class RingRead(NamedTuple):
    """What a read found: audio (zeros where nothing valid is), where it is valid, and its tags."""

    audio: Samples
    valid: Mask
    epochs: Tags
    blocks: Tags


class AudioRing:
    """``capacity_frames`` of audio at ``(base of the epoch + address) mod capacity``.

    Positions are counted on one line for all epochs; ``place`` says where an epoch's address 0
    lies on it. Nothing grows and nothing is allocated but the arrays that a read returns.
    """

    def __init__(self, capacity_frames: int, channels: int = 2) -> None:
        if capacity_frames < 1:
            raise ValueError("a ring has at least one frame")
        self.capacity_frames = capacity_frames
        self._audio = np.zeros((capacity_frames, channels), np.float32)
        self._epochs = np.full(capacity_frames, NOTHING, np.int64)
        self._samples = np.zeros(capacity_frames, np.int64)
        self._blocks = np.full(capacity_frames, NOTHING, np.int64)
        self._bases: dict[int, int] = {}
        self._read_position = 0

    def place(self, epoch: int, base: int) -> None:
        """Says at which position an epoch's address 0 lies."""
        self._bases[epoch] = base

    def forget(self, epoch: int) -> None:
        """Takes no more of an epoch; what is written of it can't be read any more."""
        self._bases.pop(epoch, None)

    def write(self, epoch: int, address: int, sample: int, audio: Samples, block: int = 0) -> int:
        """Keeps what lies in ``[read position, read position + capacity)``; returns how much.

        ``audio`` is ``[frames, channels]`` or one channel for all; its frames are the song's
        ``sample``, ``sample + 1``, ... ``block`` is its number, given back by ``read``: a write
        replaces what was there, but not what is of the same epoch and a higher number, whichever
        came first. An unknown epoch is dropped whole.
        """
        base = self._bases.get(epoch)
        if base is None:
            return 0
        position = base + address
        first = max(position, self._read_position)
        end = min(position + len(audio), self._read_position + self.capacity_frames)
        if first >= end:
            return 0
        rows = self._rows(first, end - first)
        taken = ~((self._epochs[rows] == epoch) & (self._blocks[rows] > block))
        rows, given = rows[taken], np.arange(first - position, end - position)[taken]
        self._audio[rows] = audio[given]
        self._epochs[rows] = epoch
        self._samples[rows] = sample + given
        self._blocks[rows] = block
        return len(rows)

    def read(self, epoch: int, address: int, sample: int, frames: int) -> RingRead:
        """What there is of ``epoch`` at ``address``, made for ``sample``, ``sample + 1``, ..."""
        base = self._bases.get(epoch)
        position = self._read_position if base is None else base + address
        rows = self._rows(position, frames)
        at = position + np.arange(frames)
        inside = (at >= self._read_position) & (at < self._read_position + self.capacity_frames)
        epochs = self._epochs[rows]
        wanted = np.arange(sample, sample + frames)
        valid = inside & (epochs == epoch) & (self._samples[rows] == wanted)
        if base is None:
            valid[:] = False
        audio = np.where(valid[:, None], self._audio[rows], np.float32(0))
        return RingRead(audio, valid, epochs, self._blocks[rows])

    def advance(self, position: int) -> None:
        """Moves the read position on; what it passes is gone. It never goes back."""
        passed = min(position - self._read_position, self.capacity_frames)
        if passed <= 0:
            return
        self._epochs[self._rows(self._read_position, passed)] = NOTHING
        self._read_position = position

    def _rows(self, position: int, frames: int) -> npt.NDArray[np.intp]:
        return np.arange(position, position + frames) % self.capacity_frames

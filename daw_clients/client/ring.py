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
from daw_clients.client.splice import Splice

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
    lies on it. Nothing grows.

    Where a block replaces sound of its epoch that is there already, the old sound fades out under
    it within ``splice_frames``: what was heard up to there goes on.
    """

    def __init__(self, capacity_frames: int, channels: int = 2, splice_frames: int = 0) -> None:
        if capacity_frames < 1:
            raise ValueError("a ring has at least one frame")
        self.capacity_frames = capacity_frames
        self._audio = np.zeros((capacity_frames, channels), np.float32)
        self._epochs = np.full(capacity_frames, NOTHING, np.int64)
        self._samples = np.zeros(capacity_frames, np.int64)
        self._blocks = np.full(capacity_frames, NOTHING, np.int64)
        self._bases: dict[int, int] = {}
        self._read_position = 0
        self._splice = Splice(min(splice_frames, capacity_frames))

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
        replaces what was there, but nothing of its epoch that has its number or a higher one,
        whichever came first. An unknown epoch is dropped whole.
        """
        base = self._bases.get(epoch)
        if base is None:
            return 0
        position = base + address
        first = max(position, self._read_position)
        end = min(position + len(audio), self._read_position + self.capacity_frames)
        at = np.arange(first, end)
        rows = at % self.capacity_frames
        at = at[(self._epochs[rows] != epoch) | (self._blocks[rows] < block)]
        if len(at) == 0:
            return 0
        rows = at % self.capacity_frames
        old, new = self._audio[rows], audio[at - position]
        replaced = self._sound_from(int(at[0]), epoch)
        self._audio[rows] = self._splice.mixed(epoch, block, at, old, new, replaced)
        self._epochs[rows] = epoch
        self._samples[rows] = sample + at - position
        self._blocks[rows] = block
        return len(at)

    def cuts(self, position: int) -> bool:
        """Whether old sound was still fading out where another epoch begins: that is an edge."""
        return self._splice.cuts(position)

    def _sound_from(self, position: int, epoch: int) -> int:
        """How many frames of an epoch's sound there are on end, a splice's length at most."""
        rows = self._rows(position, self._splice.length_frames)
        others = np.flatnonzero(self._epochs[rows] != epoch)
        return int(others[0]) if len(others) else len(rows)

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

"""Where sound that is about to be heard is replaced: the old goes out under the new. One thread."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bridge_protocol.blocks import Samples

Positions = npt.NDArray[np.int64]


@dataclass(frozen=True)
class _Newest:
    """The block written last, and the fade that it is part of."""

    epoch: int = -1
    block: int = -1
    end: int = -1
    fade_start: int = -1
    fade_end: int = -1


class Splice:
    """Crossfades from sound that was there already to blocks that replace it, as a raised cosine.

    Only sound of one epoch is mixed. Positions are a ring's.
    """

    def __init__(self, length_frames: int) -> None:
        self.length_frames = length_frames
        self._newest = _Newest()
        self._cut = -1

    def cuts(self, position: int) -> bool:
        """Whether a fade was under way there when a block of another epoch came: it ends hard."""
        return position == self._cut

    def mixed(
        self, epoch: int, block: int, at: Positions, old: Samples, new: Samples, replaced: int
    ) -> Samples:
        """What is to be heard at the positions ``at``: a block's ``new`` over the ``old`` sound.

        ``replaced``: how many frames of sound of this epoch there are from the first one on.
        """
        fade = self._fade(epoch, block, int(at[0]), replaced)
        self._newest = _Newest(epoch, block, int(at[-1]) + 1, *fade)
        start, end = fade
        under = at < end
        if not under.any():
            return new
        phase = (at[under] - start) / (end - start)
        leaves = (0.5 + 0.5 * np.cos(np.pi * phase)).astype(np.float32)[:, None]
        heard = np.array(np.broadcast_to(new, old.shape))
        heard[under] += (old[under] - heard[under]) * leaves
        return heard

    def _fade(self, epoch: int, block: int, first: int, replaced: int) -> tuple[int, int]:
        before = self._newest
        under_way = before.end == first < before.fade_end
        if under_way and epoch != before.epoch:
            self._cut = first
        if (before.epoch, before.block, before.end) == (epoch, block - 1, first):
            return before.fade_start, before.fade_end
        return first, first + min(replaced, self.length_frames)

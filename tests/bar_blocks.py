"""Blocks as an engine cuts them, whose samples say where in the song they belong."""

from __future__ import annotations

import numpy as np

from bridge_protocol.schema import Audio, BarMark

BAR = 1_000  # frames; bar n (from 1) begins at (n - 1) * BAR


class Stream:
    """Left: the song position. Right: ``take``, whatever a test wants there."""

    def __init__(self) -> None:
        self.sequence = 0

    def block(self, address, sample, frames, *, epoch=1, lap=0, take=0, **flags):
        self.sequence += 1
        marks = [BarMark(s // BAR + 1, s - sample) for s in lines(sample, frames)]
        header = Audio(
            stream=1,
            epoch=epoch,
            lap=lap,
            sequence=self.sequence,
            address=address,
            sample=sample,
            frames=frames,
            channels=2,
            format="f32",
            generation=0,
            bars=marks,
            ends_bar=(sample + frames) % BAR == 0,
            **{"state": 0} | flags,
        )
        song = np.arange(sample, sample + frames, dtype=np.float32)
        return header, np.stack([song, np.full_like(song, take)], axis=1)

    def run(self, address, sample, frames, size=256, **more):
        return [
            self.block(address + at, sample + at, min(size, frames - at), **more)
            for at in range(0, frames, size)
        ]


def lines(sample, frames):
    first = -(-sample // BAR) * BAR
    return range(first, sample + frames, BAR)

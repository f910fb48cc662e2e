"""The blocks of one stream, put together bar by bar. No thread, no file: one caller at a time."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

import numpy as np

from bridge_protocol.blocks import Samples
from bridge_protocol.schema import Audio, BarMark

KEPT_BYTES = 16 * 1024 * 1024
"""Of bars that are done: so far back blocks may be sent again and still make a bar whole."""


@dataclass(frozen=True, eq=False)
class BarPiece:
    """A bar, whole, as blocks brought it; of a render's end it may be a part.

    ``address``, ``sample``: of the first frame. ``audio``: float32 ``[frames, channels]``.
    ``state``: the newest change that all of it carries; ``late``, ``dry``: as in a block, where
    any part of it is.
    """

    epoch: int
    lap: int
    address: int
    sample: int
    bar: int
    audio: Samples
    state: int
    late: bool
    dry: bool
    last: bool = False


@dataclass(frozen=True, eq=False)
class _Part:
    audio: Samples
    state: int
    late: bool
    dry: bool


@dataclass(eq=False)
class _Growing:
    """A bar from its line on; more of it may come."""

    epoch: int
    lap: int
    address: int
    sample: int
    bar: int
    parts: list[_Part] = field(default_factory=list)
    frames: int = 0

    def reaches(self, block: Audio) -> bool:
        """Whether the block begins in what is here, or right behind it."""
        into = block.address - self.address
        same = (block.epoch, block.lap) == (self.epoch, self.lap)
        return same and 0 <= into <= self.frames and block.sample - self.sample == into

    def add(self, part: _Part) -> None:
        self.parts.append(part)
        self.frames += len(part.audio)

    def cut(self, frames: int) -> None:
        """Only the first ``frames`` of it stay."""
        parts, self.parts, self.frames = self.parts, [], 0
        for part in parts:
            left = part.audio[: frames - self.frames]
            if len(left):
                self.add(_Part(left, part.state, part.late, part.dry))

    def piece(self, last: bool) -> BarPiece:
        return BarPiece(
            self.epoch,
            self.lap,
            self.address,
            self.sample,
            self.bar,
            np.concatenate([part.audio for part in self.parts]),
            min(part.state for part in self.parts),
            any(part.late for part in self.parts),
            any(part.dry for part in self.parts),
            last,
        )


class BarPieces:
    """See the module. A bar above ``longest_bytes`` of samples is given up: see ``too_long``.

    Blocks that are sent again, as loop or jump changed, take the place of those before them: the
    bar they begin in is given out anew, with the sound it has now.
    """

    def __init__(self, longest_bytes: int) -> None:
        self._longest_bytes = longest_bytes
        self._growing: _Growing | None = None
        self._done: deque[BarPiece] = deque()
        self._too_long: list[int] = []

    def take(self, block: Audio, audio: Samples) -> list[BarPiece]:
        """Takes a block and its samples; returns the bars that it makes whole, in order."""
        self._go_on(block)
        done: list[BarPiece] = []
        start = 0
        for mark in block.bars:
            self._grow(block, audio[start : mark.offset])
            done += self._finished()
            self._begin(block, mark)
            start = mark.offset
        self._grow(block, audio[start:])
        if block.ends_bar or block.last:
            done += self._finished(block.last)
        return done

    def too_long(self) -> list[int]:
        """The bars that were given up since this was asked last."""
        given_up, self._too_long = self._too_long, []
        return given_up

    def _go_on(self, block: Audio) -> None:
        growing = self._growing
        if growing is None or not growing.reaches(block):
            growing = self._again(block)
        into = 0 if growing is None else block.address - growing.address
        if growing is not None and into < growing.frames:
            growing.cut(into)
        self._growing = growing

    def _again(self, block: Audio) -> _Growing | None:
        """The bar, done already, in which the block begins."""
        for piece in reversed(self._done):
            place = (piece.epoch, piece.lap, piece.address, piece.sample, piece.bar)
            growing = _Growing(*place)
            growing.add(_Part(piece.audio, piece.state, piece.late, piece.dry))
            if growing.reaches(block) and block.address < piece.address + growing.frames:
                return growing
        return None

    def _begin(self, block: Audio, mark: BarMark) -> None:
        address, sample = block.address + mark.offset, block.sample + mark.offset
        self._growing = _Growing(block.epoch, block.lap, address, sample, mark.bar)

    def _grow(self, block: Audio, audio: Samples) -> None:
        growing = self._growing
        if growing is None or not len(audio):
            return
        growing.add(_Part(audio, block.state, block.late, block.dry))
        if growing.frames * audio.shape[1] * 4 > self._longest_bytes:
            self._too_long.append(growing.bar)
            self._growing = None

    def _finished(self, last: bool = False) -> list[BarPiece]:
        growing, self._growing = self._growing, None
        if growing is None or not growing.frames:
            return []
        piece = growing.piece(last)
        self._keep(piece)
        return [piece]

    def _keep(self, piece: BarPiece) -> None:
        self._done.append(piece)
        kept = sum(done.audio.nbytes for done in self._done)
        while kept > KEPT_BYTES:
            kept -= self._done.popleft().audio.nbytes

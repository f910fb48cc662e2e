"""Where a host is in its song: epochs, addresses, loop passes and announced jumps.

Pure arithmetic in samples; sends nothing and makes no sound. One thread at a time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bridge_protocol.errors import ErrorCode, RefusedError


@dataclass(frozen=True)
class Loop:
    """The song's samples ``[start, end)``, over and over."""

    start: int
    end: int


@dataclass(frozen=True)
class PlannedJump:
    """A locate that was announced: at ``address`` of the epoch it leaves, on from ``to_sample``."""

    epoch: int
    address: int
    at_sample: int
    to_sample: int


@dataclass(frozen=True)
class Segment:
    """A run of frames in which song position and address go on together (or stand still)."""

    playing: bool
    epoch: int
    lap: int
    address: int
    sample: int
    frames: int


class PlayHead:
    """A host's transport in samples.

    Epochs only count up, also over those that were announced and never came.
    """

    def __init__(self, sample: int = 0) -> None:
        self.sample = sample
        self.address = 0
        self.epoch = 0
        self.lap = 0
        self.playing = False
        self.loop: Loop | None = None
        self.jump: PlannedJump | None = None
        self._last_epoch = 0

    def locate(self, sample: int, playing: bool) -> None:
        """Goes on from ``sample`` in a new epoch; an announced jump is forgotten."""
        self.jump = None
        self.playing = playing
        self._enter(self._new_epoch(), sample)

    def stop(self) -> None:
        """Stands still; an announced jump is forgotten."""
        self.jump = None
        self.playing = False

    def set_loop(self, loop: Loop | None) -> None:
        """Sets or clears the loop; a jump that is then never reached is forgotten."""
        self.loop = loop
        jump = self.jump
        if jump is None:
            return
        distance = self._distance(jump.at_sample)
        self.jump = None
        if distance is not None:
            address = self.address + distance
            self.jump = PlannedJump(jump.epoch, address, jump.at_sample, jump.to_sample)

    def plan_jump(self, at_sample: int, to_sample: int) -> PlannedJump:
        """Announces a locate; ``BAD_ORDER`` where playing on never comes to ``at_sample``."""
        distance = self._distance(at_sample)
        if distance is None or not self.playing:
            text = "playing on never comes there; choose a later position, or locate at once"
            raise RefusedError(ErrorCode.BAD_ORDER, "at_ppq", text)
        address = self.address + distance
        self.jump = PlannedJump(self._new_epoch(), address, at_sample, to_sample)
        return self.jump

    def segments(self, frames: int) -> Iterator[Segment]:
        """The next ``frames`` as straight runs; the head has passed a run when it is given out."""
        while frames > 0:
            run = min(frames, self._straight())
            segment = Segment(self.playing, self.epoch, self.lap, self.address, self.sample, run)
            self._move(run)
            yield segment
            frames -= run

    def _straight(self) -> int:
        """Frames up to the next wrap or jump."""
        ends = [1 << 62]
        if self.playing and self.loop is not None and self.sample < self.loop.end:
            ends.append(self.loop.end - self.sample)
        if self.playing and self.jump is not None:
            ends.append(self.jump.address - self.address)
        return min(ends)

    def _move(self, frames: int) -> None:
        if not self.playing:
            return
        inside = self.loop is not None and self.sample < self.loop.end
        self.sample += frames
        self.address += frames
        if self.jump is not None and self.address == self.jump.address:
            jump, self.jump = self.jump, None
            self._enter(jump.epoch, jump.to_sample)
        elif self.loop is not None and inside and self.sample == self.loop.end:
            self.sample = self.loop.start
            self.lap += 1

    def _distance(self, at_sample: int) -> int | None:
        """Frames of playing from here to ``at_sample``, at least 1; None if it never comes."""
        ahead = at_sample - self.sample
        loop = self.loop
        if loop is None or self.sample >= loop.end:
            return ahead if ahead > 0 else None
        if 0 < ahead <= loop.end - self.sample:
            return ahead
        if ahead <= 0 and loop.start < at_sample:
            return loop.end - self.sample + at_sample - loop.start
        return None

    def _new_epoch(self) -> int:
        self._last_epoch += 1
        return self._last_epoch

    def _enter(self, epoch: int, sample: int) -> None:
        self.epoch, self.sample, self.address, self.lap = epoch, sample, 0, 0

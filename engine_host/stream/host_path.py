"""The host as a stream knows it: the path it takes, where it is on it, and what that means on the wire.

Guarded by the engine's lock, as the stream that owns it.
"""

from __future__ import annotations

from dataclasses import replace

from bridge_protocol.bars import BarGrid
from bridge_protocol.follower import Follower
from engine_host.stream.playline import Leg, Origin, divergence, leg_at, legs, moved

FIRST_RESYNC_SECONDS = 0.25  # half a beat at 120 bpm, until a tempo is known
SEARCHED_LEGS = 4  # how many legs ahead a place of the song, or a new epoch, is looked for


class HostPath:
    """See the module. ``x`` counts frames along the path since the stream was opened."""

    def __init__(self, origin: Origin, rate_hz: int) -> None:
        self._origin = origin
        self._bases = {origin.epoch: origin.x - origin.address}
        self._follower = Follower(float(rate_hz), FIRST_RESYNC_SECONDS * rate_hz)
        self._resting_x = origin.x

    @property
    def start_x(self) -> int:
        """The first ``x`` that can still be told: the host's own place when it last reported."""
        return self._origin.x

    @property
    def playing(self) -> bool:
        """Whether the host plays."""
        return self._follower.running

    @property
    def oldest_epoch(self) -> int:
        """No block of an epoch before this one is of use."""
        return min(self._bases)

    def knows(self, epoch: int) -> bool:
        """Whether an epoch lies on the path as it was told."""
        return epoch in self._bases

    def play_x(self, now_ns: int) -> int:
        """Where the host should be now: its reports, followed through jitter, drift and silence."""
        if not self._follower.running:
            return self._resting_x
        return max(self._resting_x, round(self._follower.position_at(now_ns)))

    def set_beat(self, frames: float) -> None:
        """The length of a beat where the host is: it is off by more than half of one only if it has
        jumped."""
        self._follower.resync_limit = max(1.0, frames / 2)

    def x_of(self, epoch: int, address: int, default: int) -> int:
        """The ``x`` of an address; counted from ``default`` where the epoch is unknown."""
        return self._bases.get(epoch, default) + address

    def leg_at(self, x: int) -> Leg:
        """The straight stretch that holds ``x``."""
        return leg_at(self._origin, x)

    def report(self, told: Origin, playing: bool, now_ns: int) -> int | None:
        """The host's place within a known epoch (``told.x`` is ignored: the address counts).

        Returns where the path parts from what it was, None where it is the same.
        """
        x = self._bases[told.epoch] + told.address
        self._bases = {e: base for e, base in self._bases.items() if e >= told.epoch}
        self._at(x, playing, now_ns, jumped=False)
        if x > self._origin.x:
            self._origin = moved(self._origin, x)
        if x < self._origin.x or (told.loop, told.jump) == (self._origin.loop, self._origin.jump):
            return None
        new = replace(told, x=x)
        parting = divergence(self._origin, new)
        self._take(new)
        return parting

    def left_x(self, left: int | None, now_ns: int) -> int:
        """Where the host left its path for another one: as it says, else where it should be now."""
        epoch = self.leg_at(self._origin.x).epoch
        if left is None or epoch not in self._bases:
            return self.play_x(now_ns)
        return self._bases[epoch] + left

    def relocate(self, told: Origin, playing: bool, now_ns: int, x: int) -> None:
        """A jump that was not announced: the host goes on from ``told``, which is now ``x``."""
        self._bases = {told.epoch: x - told.address}
        self._take(replace(told, x=x))
        self._at(x, playing, now_ns, jumped=True)

    def find(self, sample: int, from_x: int) -> int | None:
        """The first ``x`` from ``from_x`` on where the path passes a song sample."""
        for leg, _ in zip(legs(self._origin), range(SEARCHED_LEGS), strict=False):
            x = leg.x + sample - leg.sample
            if x >= from_x and leg.holds(x):
                return x
        return None

    def passes(self, sample: int, from_x: int) -> int | None:
        """The first ``x`` from ``from_x`` on where the path jumps over a song sample."""
        for leg, _ in zip(legs(self._origin), range(SEARCHED_LEGS), strict=False):
            if leg.x >= from_x and leg.sample > sample:
                return leg.x
        return None

    def next_line(self, grid: BarGrid, earliest: int, beats: bool) -> int:
        """The ``x`` of the first bar (or beat) line at or after ``earliest``."""
        x = earliest
        while True:
            leg = self.leg_at(x)
            sample = leg.sample_at(x)
            found = x + _line_from(grid, sample, beats) - sample
            if leg.length is None or found < leg.x + leg.length:
                return found
            x = leg.x + leg.length

    def _at(self, x: int, playing: bool, now_ns: int, *, jumped: bool) -> None:
        self._resting_x = x
        if not playing:
            self._follower.stop(float(x))
        elif jumped or not self._follower.running:
            self._follower.start(now_ns, float(x))
        else:
            self._follower.report(now_ns, float(x))

    def _take(self, origin: Origin) -> None:
        """Another path; the epoch that its jump announces has its addresses from now on."""
        self._origin = origin
        if origin.jump is None:
            return
        for leg, _ in zip(legs(origin), range(SEARCHED_LEGS), strict=False):
            if leg.epoch == origin.jump.epoch:
                self._bases[leg.epoch] = leg.x - leg.address


def _line_from(grid: BarGrid, sample: int, beats: bool) -> int:
    if beats:
        return grid.next_beat(sample)[1]
    bar = grid.bar_of_sample(sample)
    return sample if grid.sample(bar) == sample else grid.sample(bar + 1)

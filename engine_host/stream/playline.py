"""Where the host will be: the path that playing takes through the song, unrolled.

Four coordinates meet here. ``sample``: song position. ``x``: frames along the path since the
stream was opened, which never goes back. ``epoch`` and ``address``: what the wire calls the same
place, the address counted from the epoch's start. Loops and announced jumps bend the path; both
are known before they are reached, so that blocks beyond them can be sent in time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Loop:
    """The host's loop in song samples, end excluded."""

    start: int
    end: int


@dataclass(frozen=True)
class PlannedJump:
    """A locate the host announced: on reaching ``at`` it goes on from ``to``, in ``epoch``."""

    at: int
    to: int
    epoch: int


@dataclass(frozen=True)
class Origin:
    """A point of the path and the rules from there on."""

    x: int
    epoch: int
    address: int
    sample: int
    lap: int = 0
    loop: Loop | None = None
    jump: PlannedJump | None = None


@dataclass(frozen=True)
class Leg:
    """A straight stretch: ``sample`` runs with ``x``. The last one of a path is endless."""

    x: int
    epoch: int
    address: int
    sample: int
    lap: int
    length: int | None
    looping: Loop | None  # the loop that this leg is inside of

    def holds(self, x: int) -> bool:
        """Whether ``x`` lies on this leg."""
        return self.x <= x and (self.length is None or x < self.x + self.length)

    def sample_at(self, x: int) -> int:
        """Song position at ``x``."""
        return self.sample + x - self.x

    def address_at(self, x: int) -> int:
        """Wire address at ``x``."""
        return self.address + x - self.x


def legs(origin: Origin) -> Iterator[Leg]:
    """The path from ``origin`` on, endlessly."""
    here = origin
    while True:
        leg, following = _next_leg(here)
        if leg.length != 0:
            yield leg
        if following is None:
            return
        here = following


def leg_at(origin: Origin, x: int) -> Leg:
    """The leg that holds ``x`` (not before the origin)."""
    if x < origin.x:
        raise ValueError("x lies before the path's origin")
    for leg in legs(origin):
        if leg.holds(x):
            return leg
    raise AssertionError("a path is endless")


def moved(origin: Origin, x: int) -> Origin:
    """The same path, told from a later point of it."""
    leg = leg_at(origin, x)
    jump = origin.jump if origin.jump and leg.epoch != origin.jump.epoch else None
    return Origin(x, leg.epoch, leg.address_at(x), leg.sample_at(x), leg.lap, origin.loop, jump)


def divergence(old: Origin, new: Origin) -> int:
    """The first ``x`` from ``new.x`` on where the two paths tell another epoch or sample.

    Both must reach ``new.x``. Where they never part within the legs compared, the last common x.
    """
    x = new.x
    for _ in range(64):
        a, b = leg_at(old, x), leg_at(new, x)
        if (a.epoch, a.sample_at(x), a.lap) != (b.epoch, b.sample_at(x), b.lap):
            return x
        ends = [leg.x + leg.length for leg in (a, b) if leg.length is not None]
        if not ends:
            return 2**62
        x = min(ends)
    return x


def _next_leg(here: Origin) -> tuple[Leg, Origin | None]:
    loop = here.loop if here.loop and here.sample < here.loop.end else None
    stops: list[tuple[int, str]] = []
    if loop:
        stops.append((loop.end, "wrap"))
        if here.sample < loop.start:
            stops.append((loop.start, "enter"))
    if here.jump and here.sample <= here.jump.at:
        stops.append((here.jump.at, "jump"))
    inside = loop if loop and here.sample >= loop.start else None
    if not stops:
        return Leg(here.x, here.epoch, here.address, here.sample, here.lap, None, inside), None
    end, why = min(stops)
    length = end - here.sample
    leg = Leg(here.x, here.epoch, here.address, here.sample, here.lap, length, inside)
    x, address = here.x + length, here.address + length
    if why == "enter" and loop:
        return leg, replace(here, x=x, address=address, sample=loop.start)
    if why == "wrap" and loop:
        return leg, Origin(x, here.epoch, address, loop.start, here.lap + 1, here.loop, here.jump)
    assert here.jump is not None
    return leg, Origin(x, here.jump.epoch, 0, here.jump.to, 0, here.loop, None)

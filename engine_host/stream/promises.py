"""What was promised and not yet heard. Every promise ends in a message: kept, broken or replaced.

A promise is kept once the host has played its sample, not when its sound was sent: until then the
host may still turn off the path.

Under the engine's lock, as the stream that owns it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from bridge_protocol.bars import BarGrid
from bridge_protocol.schema import Message, PromiseMessage
from engine_host.stream.cues import Cue
from engine_host.stream.settings import Change

Sink = Callable[[Message, bytes | None], None]
BROKEN = -1  # the x of a promise that can't be kept any more
NEVER = 2**62  # the x of what the path does not come to, as things stand
REPLACED = "a newer value came before it"


@dataclass(frozen=True)
class Promise:
    """Where a change will be heard. ``bar`` is counted from 0."""

    x: int
    bar: int
    sample: int
    epoch: int
    lap: int


@dataclass(eq=False)
class Pending:
    """A promised change that the host has not played yet."""

    change: Change
    promise: Promise
    accepted_tick: int  # the next tick at that moment
    cue: Cue | None  # None: it was in force before anything was sent
    sent: Promise | None = None  # where its sound begins, once it was sent
    finished_tick: int = 0

    @property
    def place(self) -> int:
        """The ``x`` where it takes effect, be that its promised place or not."""
        return self.promise.x if self.cue is None else self.cue.x

    @property
    def live(self) -> bool:
        """Whether it was wanted as soon as possible, and at no place of the song."""
        return self.cue is None or self.cue.live


class Promises:
    """See the module."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._pending: list[Pending] = []

    def add(self, change: Change, promise: Promise, accepted_tick: int, cue: Cue | None) -> None:
        """A change was accepted."""
        self._pending.append(Pending(change, promise, accepted_tick, cue))

    def supersede(self, parameter: str, x: int) -> None:
        """A newer value for the same place: the older one will not be heard."""
        for pending in self._taken(
            p for p in self._pending if p.promise.x == x and p.change.parameter == parameter
        ):
            self._tell(pending, "replaced", pending.promise, 0, REPLACED)

    def move_to(self, grid: BarGrid) -> None:
        """Another tempo map: changes tied to a place of the song stay on it, and are promised again
        where that place is now."""
        for pending in self._pending:
            if pending.cue is None or pending.cue.ppq is None:
                continue
            sample = grid.sample_of_ppq(pending.cue.ppq)
            bar = grid.bar_of_sample(sample)
            if (sample, bar) == (pending.promise.sample, pending.promise.bar):
                continue
            again = replace(pending.promise, sample=sample, bar=bar)
            self._tell(pending, "moved", again, 0, "the tempo map changed, and its place with it")
            pending.promise = again

    def put_off(self, cue: Cue, x: int) -> None:
        """The path has changed, and doesn't come to the cue's place: BROKEN, or NEVER as things are."""
        for pending in self._pending:
            if pending.cue is cue:
                pending.promise = replace(pending.promise, x=x)

    def follow_cue(self, cue: Cue, again: Promise) -> None:
        """The path has changed: the cue's changes are promised again."""
        for pending in self._pending:
            if pending.cue is not cue:
                continue
            before = pending.promise
            if again.sample != before.sample:
                self._tell(pending, "moved", again, 0, "the transport moved, and its place with it")
            pending.promise = again

    def settle_rivals(self) -> None:
        """The path has brought changes to one place: of a parameter's values the newest is heard."""
        rivals = [p for p in self._pending if p.sent is None and not p.change.adds]
        newest = {(p.place, p.change.parameter): p for p in rivals if p.place != NEVER}
        lost = [p for p in rivals if newest.get((p.place, p.change.parameter), p) is not p]
        for pending in self._taken(p for p in lost if p.promise.x != BROKEN):
            self._tell(pending, "replaced", pending.promise, 0, REPLACED)

    def begin(self, sounding: Promise) -> None:
        """Sound begins again here, after the host has moved: of what was promised as soon as
        possible, the last of each parameter is heard here."""
        passed = [p for p in self._pending if p.sent is None and p.place <= sounding.x]
        last = {p.change.parameter: p for p in sorted(passed, key=lambda p: p.place)}
        live = [p for p in passed if p.live and BROKEN < p.promise.x < sounding.x]
        for pending in self._taken(
            p for p in live if last[p.change.parameter] is not p and not p.change.adds
        ):
            self._tell(pending, "replaced", pending.promise, 0, REPLACED)
        for pending in live:
            if pending in self._pending:
                self._tell(pending, "moved", sounding, 0, "the sound begins here")
                pending.promise = sounding

    def sent(self, sounding: Promise, finished_tick: int) -> None:
        """Sound that carries everything promised up to here was sent."""
        for pending in self._pending:
            if pending.sent is None and pending.promise.x <= sounding.x:
                pending.sent, pending.finished_tick = sounding, finished_tick

    def taken_back(self, x: int) -> None:
        """What was sent from ``x`` on will not be heard; other sound is sent in its place."""
        for pending in self._pending:
            if pending.sent is not None and pending.sent.x >= x:
                pending.sent = None

    def unheard(self, from_x: int, heard: Promise) -> None:
        """What was sent from ``from_x`` on came too late: it is heard from ``heard`` on at best."""
        for pending in self._pending:
            if pending.sent is not None and from_x <= pending.sent.x < heard.x:
                pending.sent = heard

    def played(self, x: int) -> None:
        """The host has come to ``x``: tells what was heard by then, and whether where promised."""
        for pending in self._taken(p for p in self._pending if p.sent and p.sent.x <= x):
            heard = pending.sent
            assert heard is not None
            kept = pending.promise.x == heard.x
            reason = "" if kept else "the transport moved, or the engine was too slow for it"
            status = "kept" if kept else "broken"
            self._tell(pending, status, heard, pending.finished_tick, reason)

    def _taken(self, found: Iterable[Pending]) -> list[Pending]:
        taken = list(found)
        self._pending = [pending for pending in self._pending if pending not in taken]
        return taken

    def _tell(
        self, pending: Pending, status: str, heard: Promise, finished_tick: int, reason: str
    ) -> None:
        self._sink(
            PromiseMessage(
                change=pending.change.number,
                status=status,  # type: ignore[arg-type]
                parameter=pending.change.parameter,
                bar=heard.bar + 1,
                sample=heard.sample,
                promised_sample=pending.promise.sample,
                epoch=heard.epoch,
                lap=heard.lap,
                ticks=max(0, finished_tick - pending.accepted_tick + 1),
                reason=reason,
            ),
            None,
        )

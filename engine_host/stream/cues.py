"""Changes on their way: where on the path each will be heard."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field

from engine_host.stream.settings import Change, Settings


@dataclass(eq=False)
class Cue:
    """Changes that take effect at one ``x`` of the path."""

    x: int
    ppq: float | None  # the song position it is tied to; None: as soon as possible (live)
    changes: list[tuple[int, Change]] = field(default_factory=list)  # (state number, change)
    started: bool = False  # a slot was born for it
    landed: bool = False  # and has finished

    def take(self, state: int, change: Change) -> None:
        """One more change; a newer value of a parameter replaces the older one."""
        if not change.adds:
            self.changes = [c for c in self.changes if c[1].parameter != change.parameter]
        self.changes.append((state, change))

    @property
    def live(self) -> bool:
        """Whether it was asked for as soon as possible: later ones may join it while it waits."""
        return self.ppq is None


class CueList:
    """The settings along the path: a base, and cues in order of ``x``."""

    def __init__(self, base: Settings) -> None:
        self.base = base
        self._cues: list[Cue] = []
        self._along: list[Settings] = []

    def __iter__(self):  # type: ignore[no-untyped-def]
        return iter(tuple(self._cues))

    def at(self, x: int) -> Settings:
        """The settings in force at ``x``; the same object until something changes."""
        index = bisect_right(self._cues, x, key=lambda cue: cue.x)
        return self._along[index - 1] if index else self.base

    def next_after(self, x: int) -> int | None:
        """The first cue's ``x`` behind ``x``."""
        index = bisect_right(self._cues, x, key=lambda cue: cue.x)
        return self._cues[index].x if index < len(self._cues) else None

    def last_at_or_before(self, x: int) -> int | None:
        """The last cue's ``x`` not behind ``x``."""
        index = bisect_right(self._cues, x, key=lambda cue: cue.x)
        return self._cues[index - 1].x if index else None

    def newest_live(self, from_x: int) -> Cue | None:
        """The last as-soon-as-possible cue at or behind ``from_x``."""
        found = [cue for cue in self._cues if cue.live and cue.x >= from_x]
        return found[-1] if found else None

    def add(self, x: int, state: int, change: Change, ppq: float | None) -> Cue:
        """Puts a change at ``x``; changes at one place are one cue."""
        for cue in self._cues:
            if cue.x == x and cue.ppq == ppq:
                cue.take(state, change)
                break
        else:
            cue = Cue(x, ppq, [(state, change)])
            self._cues.append(cue)
        self._cues.sort(key=_order)
        self._recompute()
        return cue

    def set_base(self, base: Settings) -> None:
        """Another base; the cues stay."""
        self.base = base
        self._recompute()

    def mark_started(self, x: int) -> None:
        """A slot was born that carries everything up to ``x``."""
        for cue in self._cues:
            if cue.x <= x:
                cue.started = True

    def mark_landed(self, x: int) -> None:
        """The slot that was born for what is in force at ``x`` has finished."""
        for cue in self._cues:
            if cue.x <= x and cue.started:
                cue.landed = True

    def settle(self, x: int) -> None:
        """Everything up to ``x`` has been heard: it is the base now."""
        passed = [cue for cue in self._cues if cue.x <= x]
        if passed:
            self.base = self.at(x)
            self._cues = [cue for cue in self._cues if cue.x > x]
            self._recompute()

    def replace_all(self, cues: list[Cue]) -> None:
        """Another list of cues (after the path has changed)."""
        self._cues = sorted(cues, key=_order)
        self._recompute()

    def _recompute(self) -> None:
        """Settings objects are reused where nothing before them changed, so plans are too."""
        self._along = []
        settings = self.base
        for cue in self._cues:
            for state, change in cue.changes:
                settings = change.applied(settings, max(state, settings.state))
            self._along.append(settings)


def _order(cue: Cue) -> tuple[int, int]:
    """Along the path; at one place the newest request comes last, and holds."""
    return cue.x, cue.changes[-1][0]

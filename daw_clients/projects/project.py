"""What every project file is read into, whatever program wrote it.

Positions are quarter notes from the project's start, as everywhere in the bridge; values of
lanes are as the file has them, with the range that the file states.
"""

from __future__ import annotations

from dataclasses import dataclass

from bridge_protocol.lanes import BreakpointLane
from bridge_protocol.meter import MeterMap
from bridge_protocol.schema import Note
from bridge_protocol.tempo import TempoMap


@dataclass(frozen=True)
class ProjectLane:
    """One automation lane. ``path`` names it for a person: track, device, parameter, outermost
    first; ``minimum`` and ``maximum`` are the range the file states, None where it states none;
    ``unit`` is the one it states for the values, in the file's own word, empty for none."""

    path: tuple[str, ...]
    lane: BreakpointLane
    minimum: float | None = None
    maximum: float | None = None
    unit: str = ""

    @property
    def name(self) -> str:
        """The path as one string, e.g. ``Drums/ReaComp/Threshold``."""
        return "/".join(self.path)

    @property
    def parameter(self) -> str:
        """The innermost part of the path: the parameter's own name."""
        return self.path[-1]


@dataclass(frozen=True)
class Locator:
    """A named place of the song."""

    ppq: float
    name: str


@dataclass(frozen=True)
class Project:
    """A song as a project file tells it.

    ``warnings`` say in words what the file holds and this can't: never a silent loss.
    """

    format: str
    tempo: TempoMap
    meter: MeterMap
    lanes: tuple[ProjectLane, ...] = ()
    locators: tuple[Locator, ...] = ()
    notes: tuple[Note, ...] = ()
    warnings: tuple[str, ...] = ()

"""What a project file gives to the songs of a render: lanes, and notes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from bridge_protocol.schema import Note
from daw_clients.projects.lane_matching import LaneMatch, match_lanes
from daw_clients.projects.printable import printable
from engine_host.cli.opened import OpenedProject
from engine_host.cli.render_parts.part import Part


@dataclass(frozen=True)
class ProjectUse:
    """What one song asks of the project: a lane for a parameter, and whether it plays the notes."""

    lanes: tuple[tuple[str, str], ...] = ()
    notes: bool = False


class FromProject:
    """Gives songs what an open project has for them, and gathers what is to be said about it."""

    def __init__(self, opened: OpenedProject) -> None:
        self.opened = opened
        self._said: list[str] = []
        self._used: set[int] = set()
        self._plays_notes = False
        self._notes_option = "--notes"

    def into(self, part: Part, use: ProjectUse) -> Part:
        """The song with its lanes and notes; its own lanes and values count before the project's.

        RefusedError for a lane that was asked for and can't be used, see ``match_lanes``.
        """
        match = match_lanes(
            self.opened.project,
            use.lanes,
            lambda parameter: part.field("project_lane", parameter),
            part.name,
        )
        of = f"{part.name}: " if part.name else ""
        if part.name:
            self._notes_option = "notes = true"
        self._said += [of + words for words in self._words(part, match)]
        own = _own(part)
        lanes = [(lane.parameter, lane.scaled.lane) for lane in match.used]
        kept = tuple((name, lane) for name, lane in lanes if name not in own)
        return replace(part, lanes=(*kept, *part.lanes), notes=self._notes(use, of))

    def remarks(self) -> tuple[str, ...]:
        """Sentences for standard error, once every song has its part."""
        project = self.opened.project
        said = [*self.opened.remarks, *self._said]
        unused, name = len(project.lanes) - len(self._used), printable(self.opened.path.name)
        if unused:
            text = f"lanes of the project that are not used: {unused} of {len(project.lanes)}"
            said.append(f"{text}; `anacrusis project {name}` lists them.")
        if project.notes and not self._plays_notes:
            text = f"the project's notes ({len(project.notes)}) are not played"
            said.append(f"{text}; give {self._notes_option} for that.")
        return tuple(said)

    def _words(self, part: Part, match: LaneMatch) -> Iterator[str]:
        own = _own(part)
        for lane in match.used:
            if lane.parameter in own:
                by = part.field(own[lane.parameter], lane.parameter)
                yield f"{by} counts, and not the project's {printable(lane.source.name)}."
            else:
                self._used.add(lane.number)
                yield f"{lane.words}."
        yield from (f"{words}." for words in match.passed)

    def _notes(self, use: ProjectUse, of: str) -> tuple[Note, ...] | None:
        notes = self.opened.project.notes
        self._plays_notes = self._plays_notes or use.notes
        if use.notes and not notes:
            self._said.append(f"{of}the project has no notes; the model plays its own.")
        return notes if use.notes and notes else None


def _own(part: Part) -> dict[str, str]:
    """The parameters that the song itself sets, and with which option."""
    return {name: "set" for name, _ in part.values} | {name: "lane" for name, _ in part.lanes}

"""The timelines of a DAWproject laid out on the song: automation lanes and markers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from xml.etree.ElementTree import Element

from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.lanes import Anchor, Breakpoint, BreakpointLane
from bridge_protocol.tempo import TempoMap
from daw_clients.projects.dawproject_clips import Place, passes
from daw_clients.projects.dawproject_points import (
    Target,
    expression_of,
    read_points,
    targets_of,
)
from daw_clients.projects.drawn_points import cut
from daw_clients.projects.project import Locator, ProjectLane
from daw_clients.projects.xml_values import position

MAX_WORK = 500_000
"""How many points one project may lay out; a timeline or a pass of a loop counts as ten."""
MAX_NESTING = 64
_GROUPS = ("Lanes", "Timeline")
_MARKERS = ("Markers", "markers")
_LEFT_OUT = {
    "Notes": "lists of notes",
    "Audio": "audio clips",
    "Video": "video clips",
    "Warps": "warped clips",
    "ClipSlot": "launcher clips",
}
_TIMELINES = (*_GROUPS, *_MARKERS, *_LEFT_OUT, "Clips", "Points")


@dataclass(frozen=True)
class _Piece:
    """Points of one target over one stretch of the song, in song time in ``unit``."""

    points: Sequence[Breakpoint]
    unit: Anchor
    in_clip: bool


class Arrangement:
    """What the timelines of an arrangement come to, laid out by the project's own tempo.

    Raises ``RefusedError``: ``BAD_FIELD``, ``NOT_FINITE``, ``BAD_ORDER``, ``LIMIT`` where loops
    and clips within clips come to more than ``MAX_WORK``.
    """

    def __init__(self, root: Element, tempo: TempoMap) -> None:
        self._tempo = tempo
        self._targets = targets_of(root)
        self._by_id = {e.get("id", ""): e for e in root.iter() if e.get("id")}
        self._locators: list[Locator] = []
        self._pieces: dict[str, tuple[Target, list[_Piece]]] = {}
        self._drawn = _ancestors_of_points(root)
        self._left_out: dict[str, set[int]] = {}  # each element once, however often it is played
        self._warnings: list[str] = []
        self._work = 0
        for timeline in root.findall("Arrangement/*"):
            if timeline.tag in _TIMELINES:
                self._walk(timeline, Place(), 0)
        self.lanes = [self._lane(target, pieces) for target, pieces in self._pieces.values()]
        """One lane for each target, in the file's order."""

    @property
    def locators(self) -> list[Locator]:
        """The markers, in the song's order."""
        return sorted(self._locators, key=lambda locator: locator.ppq)

    @property
    def warnings(self) -> list[str]:
        """What could not be said, and what was left out, in words."""
        counted = sorted((what, len(elements)) for what, elements in self._left_out.items())
        return [*self._warnings, *(f"not read: {count} {what}" for what, count in counted)]

    def _walk(self, timeline: Element, around: Place, depth: int) -> None:
        self._count(10 + len(timeline))
        if depth > MAX_NESTING:
            text = f"timelines are nested deeper than {MAX_NESTING}; no project of a person's is"
            raise RefusedError(ErrorCode.LIMIT, timeline.tag, text)
        place = around.of(timeline, self._tempo)
        if timeline.tag in _GROUPS:
            for child in timeline:
                if child.tag in _TIMELINES:
                    self._walk(child, place, depth + 1)
        elif timeline.tag == "Clips":
            for clip in timeline.findall("Clip"):
                self._walk_clip(clip, place, depth + 1)
        elif timeline.tag == "Points":
            self._add_points(timeline, place)
        elif timeline.tag in _MARKERS:
            self._add_markers(timeline, place)
        else:
            self._leave_out(_LEFT_OUT[timeline.tag], timeline)

    def _walk_clip(self, clip: Element, around: Place, depth: int) -> None:
        self._count(10 + len(clip))
        content = next((child for child in clip if child.tag in _TIMELINES), None)
        if content is None:
            content = self._by_id.get(clip.get("reference", ""))
        if clip.get("enable") in ("false", "0"):
            self._leave_out("muted clips", clip)
        elif content is None or content.tag not in _TIMELINES:
            self._leave_out("clips without content", clip)
        elif id(content) in self._drawn:
            for place in passes(clip, around, self._tempo):
                self._walk(content, place, depth)
        else:
            self._walk(content, replace(around, in_clip=True), depth)

    def _add_markers(self, markers: Element, place: Place) -> None:
        if place.in_clip:
            self._leave_out("lists of markers in clips", markers)
            return
        for marker in markers.findall("Marker"):
            ppq = place.ppq(position(marker, "time"), self._tempo)
            self._locators.append(Locator(ppq, marker.get("name", "")))

    def _add_points(self, points: Element, place: Place) -> None:
        found = self._target(points, place)
        if found is None:
            self._leave_out("lanes of something that the file doesn't describe", points)
            return
        key, target = found
        read = read_points(points, target)
        if place.zero:
            read = [replace(point, position=point.position + place.zero) for point in read]
        if place.in_clip and read:
            read = cut(read, place.start, place.end)
        if read:
            piece = _Piece(read, place.unit, place.in_clip)
            self._pieces.setdefault(key, (target, []))[1].append(piece)

    def _target(self, points: Element, place: Place) -> tuple[str, Target] | None:
        """What the points move, and a word that is its own."""
        named = points.find("Target")
        if named is None:
            return None
        parameter = named.get("parameter")
        if parameter is None:
            track = self._by_id.get(place.track)
            moved = expression_of(named, "" if track is None else track.get("name", ""))
            return (f"{place.track} {moved.path[-1]}", moved) if moved else None
        found = self._targets.get(parameter)
        if found is None:
            return None
        return parameter, replace(found, unit=points.get("unit", found.unit))

    def _lane(self, target: Target, pieces: list[_Piece]) -> ProjectLane:
        name = "/".join(target.path)
        chosen = [piece for piece in pieces if not piece.in_clip][:1] or pieces
        if len(chosen) < len(pieces):
            self._warnings.append(f"{name}: the track's own lane is read, and others are left out")
        unit = chosen[0].unit
        if any(piece.unit is not unit for piece in chosen):
            self._warnings.append(f"{name}: drawn in beats and in seconds; it is all beats now")
            unit = Anchor.PPQ
        lane = BreakpointLane(_joined([self._in_unit(piece, unit) for piece in chosen]), unit)
        return ProjectLane(target.path, lane, target.minimum, target.maximum, target.unit)

    def _in_unit(self, piece: _Piece, unit: Anchor) -> Sequence[Breakpoint]:
        if piece.unit is unit:
            return piece.points
        return [replace(p, position=self._tempo.ppq(p.position)) for p in piece.points]

    def _leave_out(self, what: str, element: Element) -> None:
        self._left_out.setdefault(what, set()).add(id(element))

    def _count(self, work: int) -> None:
        self._work += work
        if self._work > MAX_WORK:
            text = f"loops and clips come to more than {MAX_WORK} points; make the loops longer"
            raise RefusedError(ErrorCode.LIMIT, "Arrangement", text)


def _ancestors_of_points(root: Element) -> set[int]:
    """The ids of all elements that hold points, or clips whose content is elsewhere."""
    parents = {id(child): parent for parent in root.iter() for child in parent}
    found: set[int] = set()
    for element in root.iter():
        if element.tag == "Points" or element.get("reference"):
            up: Element | None = element
            while up is not None and id(up) not in found:
                found.add(id(up))
                up = parents.get(id(up))
    return found


def _joined(pieces: list[Sequence[Breakpoint]]) -> list[Breakpoint]:
    """The pieces one after the other; where two overlap, the one that starts later is heard."""
    if len(pieces) == 1:
        return list(pieces[0])
    ordered = sorted(pieces, key=lambda points: points[0].position)
    joined: list[Breakpoint] = []
    for points, after in zip(ordered, [*ordered[1:], None], strict=True):
        if after is None or points[-1].position < after[0].position:
            joined += points
        elif points[0].position < after[0].position:
            joined += cut(points, points[0].position, after[0].position)
    return joined

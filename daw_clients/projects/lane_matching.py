"""Which of a file's lanes move which of the bridge's parameters.

A lane whose own name is a parameter's is taken by itself; case, spaces and underscores don't
count. Any other one is named by a person.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.parameters import (
    PARAMETERS,
    ParameterSpec,
    find_parameter,
    lane_parameter,
)
from daw_clients.projects.lane_scaling import ScaledLane, scaled_lane
from daw_clients.projects.printable import printable
from daw_clients.projects.project import Project, ProjectLane

OWN_DEVICE = "anacrusis"
"""Of several lanes with a parameter's name, those of a device or track called so come first."""

_NUMBER = re.compile(r"#(\d{1,6})", re.ASCII)
_SHOWN = 3  # lanes that a refusal names
_COMPARED = 2_000  # lanes that it looks for them among
_BLANKS = re.compile(r"[\s_]+")

FieldOf = Callable[[str], str]
"""What a person calls the choice of a parameter's lane."""


@dataclass(frozen=True)
class MatchedLane:
    """A parameter, the file's lane that moves it (``number`` counts from 1), and that lane in the
    parameter's own unit."""

    parameter: str
    number: int
    source: ProjectLane
    scaled: ScaledLane

    @property
    def words(self) -> str:
        """``denoise from Drums/ReaComp/Threshold: -60 to 0 as 0 to 1``."""
        told = f"{self.parameter} from {printable(self.source.name)}: {self.scaled.how}"
        outside = self.scaled.outside
        return f"{told}; points moved to the range's end: {outside}" if outside else told


@dataclass(frozen=True)
class LaneMatch:
    """``used``: one lane for each parameter that has one. ``passed``: sentences about lanes that
    have a parameter's name and are not used."""

    used: tuple[MatchedLane, ...]
    passed: tuple[str, ...]


def match_lanes(
    project: Project,
    choices: Sequence[tuple[str, str]] = (),
    field_of: FieldOf = lambda parameter: f"lane {parameter}",
    owner: str = "",
) -> LaneMatch:
    """The lanes of a project that move parameters.

    ``choices`` are a parameter's name and a lane (see ``find_lane``), and count before what is
    found by name; of two for one parameter the later one counts. Where several lanes have a
    parameter's name, one on the track ``owner`` comes first, then one of ``OWN_DEVICE``; if that
    doesn't decide it, none is used. Raises ``RefusedError`` for a choice that can't be met:
    ``UNKNOWN_PARAMETER``, ``CANNOT_HEAR`` (no lane is possible), ``BAD_FIELD`` (no such lane, or
    several), ``OUT_OF_RANGE`` (see ``scaled_lane``).
    """
    chosen = {name: _chosen(project, name, wanted, field_of(name)) for name, wanted in choices}
    found: list[MatchedLane] = []
    passed: list[str] = []
    for name, numbers in _by_name(project.lanes).items():
        if name in chosen:
            continue
        left = _preferred(project.lanes, numbers, owner)
        if len(left) > 1:
            lanes = [project.lanes[number] for number in left]
            text = f"{len(left)} lanes are called {name} ({_names(lanes)}) and none is used"
            passed.append(f"{text}: say which")
            continue
        try:
            found.append(_matched(project, name, left[0], name))
        except RefusedError as error:
            passed.append(f"{name} is not used: {printable(error.message)}")
    return LaneMatch((*chosen.values(), *found), tuple(passed))


def parameter_named(lane: ProjectLane) -> ParameterSpec | None:
    """The parameter whose name a lane has; None where it has none's, or that of one that can't be
    a lane."""
    name = lane.parameter.casefold().strip()
    spec = _BY_KEY.get(_BLANKS.sub("", name)) or find_parameter(_BLANKS.sub("_", name))
    return spec if spec is not None and spec.lane else None


def find_lane(lanes: Sequence[ProjectLane], wanted: str, field: str) -> int:
    """The index of the lane that is meant: by its whole name, else by the last parts of its path
    where only one lane ends so, in any case; or by its number, ``#3``, counted from 1.

    Raises ``RefusedError`` ``BAD_FIELD`` that names lanes which come near.
    """
    numbered = _NUMBER.fullmatch(wanted.strip())
    if numbered and 1 <= int(numbered[1]) <= len(lanes):
        return int(numbered[1]) - 1
    key = wanted.strip().casefold()
    whole = [i for i, lane in enumerate(lanes) if lane.name.casefold() == key]
    found = whole or [i for i, lane in enumerate(lanes) if key in _tails(lane)]
    if len(found) == 1:
        return found[0]
    raise RefusedError(ErrorCode.BAD_FIELD, field, _not_found(lanes, wanted, found))


_BY_KEY: Mapping[str, ParameterSpec] = {
    spec.name.replace("_", ""): spec for spec in PARAMETERS if spec.lane
}


def _chosen(project: Project, name: str, wanted: str, field: str) -> MatchedLane:
    lane_parameter(name, field)
    return _matched(project, name, find_lane(project.lanes, wanted, field), field)


def _matched(project: Project, name: str, index: int, field: str) -> MatchedLane:
    lane = project.lanes[index]
    scaled = scaled_lane(lane, lane_parameter(name, field), project.tempo, field)
    return MatchedLane(name, index + 1, lane, scaled)


def _by_name(lanes: Sequence[ProjectLane]) -> dict[str, list[int]]:
    """The indices of the lanes that have a parameter's name."""
    found: dict[str, list[int]] = {}
    for index, lane in enumerate(lanes):
        spec = parameter_named(lane)
        if spec is not None:
            found.setdefault(spec.name, []).append(index)
    return found


def _preferred(lanes: Sequence[ProjectLane], indices: list[int], owner: str) -> list[int]:
    of_owner = [i for i in indices if owner and lanes[i].path[0].casefold() == owner.casefold()]
    left = of_owner or indices
    own = [i for i in left if any(OWN_DEVICE in part.casefold() for part in lanes[i].path[:-1])]
    return own or left


def _tails(lane: ProjectLane) -> list[str]:
    """The last parts of a lane's path, one part, two parts and so on, as one string each."""
    return ["/".join(lane.path[start:]).casefold() for start in range(len(lane.path))]


def _not_found(lanes: Sequence[ProjectLane], wanted: str, found: Sequence[int]) -> str:
    shown = repr(printable(wanted))
    if found:
        words = ", ".join(f"#{i + 1} {printable(lanes[i].name)}" for i in found[:_SHOWN])
        return f"{len(found)} lanes are called {shown}: {words}; give more of the path, or #number"
    if not lanes:
        return f"there is no lane {shown}: the file has no lanes at all"
    near = _nearest(lanes, wanted)
    return f"the file has no lane {shown}; near it are {_names(near)}"


def _nearest(lanes: Sequence[ProjectLane], wanted: str) -> list[ProjectLane]:
    """The lanes whose path, or an end of it, is most like what was asked for."""
    key = wanted.strip().casefold()
    matcher = difflib.SequenceMatcher(b=key)

    def likeness(lane: ProjectLane) -> float:
        ratios = []
        for tail in _tails(lane):
            matcher.set_seq1(tail[: 2 * len(key) + 20])
            ratios.append(matcher.ratio())
        return max(ratios)

    return sorted(lanes[:_COMPARED], key=likeness, reverse=True)[:_SHOWN]


def _names(lanes: Sequence[ProjectLane]) -> str:
    names = [printable(lane.name) for lane in lanes[:_SHOWN]]
    return ", ".join([*names, "..."] if len(lanes) > _SHOWN else names)

"""What a project file holds, in lines for people and as plain values for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any

from bridge_protocol.lanes import Anchor
from bridge_protocol.meter import MeterMap
from bridge_protocol.tempo import TempoLaw, TempoSegment
from daw_clients.projects.lane_matching import parameter_named
from daw_clients.projects.printable import printable
from daw_clients.projects.project import Locator, Project, ProjectLane

_SHOWN = 24  # tempi, signatures or locators; lanes are shown all, for their numbers
_LAWS = {TempoLaw.LINEAR_TIME: "linear over time", TempoLaw.LINEAR_BEATS: "linear over beats"}
_UNITS = {Anchor.PPQ: "quarter notes", Anchor.SECONDS: "seconds"}


def lines(project: Project) -> Iterator[str]:
    """For people: a heading and what belongs to it, line by line."""
    meter = project.meter
    tempi = [(s.start_ppq, _tempo_words(s)) for s in project.tempo.segments]
    signatures = [
        (float(meter.bar_start(c.bar)), f"{c.numerator}/{c.denominator}") for c in meter.changes
    ]
    locators = [(locator.ppq, shown_name(locator)) for locator in project.locators]
    yield f"{'format':9} {printable(project.format)}"
    for heading, places in (("tempo", tempi), ("meter", signatures), ("locators", locators)):
        yield from _under(heading, _placed(meter, places))
    yield from _under("lanes", _lane_lines(project))
    if project.notes:
        yield f"{'notes':9} {len(project.notes)} ({_channels(project)})"


def as_dict(project: Project) -> dict[str, Any]:
    """For programs. Bars and lanes are numbered from 1, positions are quarter notes."""
    meter = project.meter
    return {
        "format": project.format,
        "tempo": [
            {"ppq": s.start_ppq, "bpm_start": s.bpm_start, "bpm_end": s.bpm_end, "law": s.law}
            for s in project.tempo.segments
        ],
        "meter": [
            {
                "bar": change.bar + 1,
                "ppq": float(meter.bar_start(change.bar)),
                "numerator": change.numerator,
                "denominator": change.denominator,
            }
            for change in meter.changes
        ],
        "locators": [
            {"name": locator.name, "ppq": locator.ppq, "bar": meter.bar_at(locator.ppq) + 1}
            for locator in project.locators
        ],
        "lanes": [_lane_dict(number, lane) for number, lane in enumerate(project.lanes, 1)],
        "notes": {"count": len(project.notes), "channels": dict(_counted(project))},
        "warnings": list(project.warnings),
    }


def place_words(meter: MeterMap, ppq: float) -> str:
    """A place as DAWs show it: ``5``, ``5.3``, ``5.3.50``, to the nearest hundredth of a beat."""
    bar = meter.bar_at(ppq)
    beats = (Fraction(ppq) - meter.bar_start(bar)) / meter.beat_length(bar)
    beat, hundredths = divmod(max(round(beats * 100), 0), 100)
    if hundredths:
        return f"{bar + 1}.{beat + 1}.{hundredths:02}"
    return f"{bar + 1}.{beat + 1}" if beat else f"{bar + 1}"


def shown_name(locator: Locator) -> str:
    """The locator's name, or that it has none."""
    return printable(locator.name) or "(no name)"


def _under(heading: str, content: Iterable[str]) -> Iterator[str]:
    for line in content:
        yield f"{heading:9} {line}"
        heading = ""


def _placed(meter: MeterMap, places: list[tuple[float, str]]) -> Iterator[str]:
    for ppq, words in places[:_SHOWN]:
        yield f"bar {place_words(meter, ppq):9} {words}"
    if len(places) > _SHOWN:
        yield f"... and {len(places) - _SHOWN} more; --json has them all"


def _tempo_words(segment: TempoSegment) -> str:
    if segment.law is TempoLaw.STEP:
        return f"{segment.bpm_start:.9g} bpm"
    return f"{segment.bpm_start:.9g} to {segment.bpm_end:.9g} bpm, {_LAWS[segment.law]}"


def _lane_lines(project: Project) -> Iterator[str]:
    for number, lane in enumerate(project.lanes, 1):
        low, high = _extent(lane)
        count = len(lane.lane.points)
        values = f"1 point at {low:g}" if count == 1 else f"{count} points from {low:g} to {high:g}"
        words = [f"#{number} {printable(lane.name)}: {values}"]
        if lane.minimum is not None or lane.maximum is not None:
            words.append(f"of {_end(lane.minimum)} to {_end(lane.maximum)}")
        words += [printable(lane.unit)] if lane.unit else []
        spec = parameter_named(lane)
        words += [f"(moves {spec.name})"] if spec else []
        yield " ".join(words)


def _lane_dict(number: int, lane: ProjectLane) -> dict[str, Any]:
    low, high = _extent(lane)
    spec = parameter_named(lane)
    return {
        "number": number,
        "path": list(lane.path),
        "parameter": spec.name if spec else None,
        "points": len(lane.lane.points),
        "position_unit": _UNITS[lane.lane.anchor],
        "first": lane.lane.points[0].position,
        "last": lane.lane.points[-1].position,
        "lowest": low,
        "highest": high,
        "minimum": lane.minimum,
        "maximum": lane.maximum,
        "unit": lane.unit,
    }


def _extent(lane: ProjectLane) -> tuple[float, float]:
    values = [point.value for point in lane.lane.points]
    return min(values), max(values)


def _end(limit: float | None) -> str:
    return "?" if limit is None else f"{limit:g}"


def _channels(project: Project) -> str:
    return ", ".join(f"channel {channel}: {count}" for channel, count in _counted(project))


def _counted(project: Project) -> list[tuple[int, int]]:
    return sorted(Counter(note.channel for note in project.notes).items())

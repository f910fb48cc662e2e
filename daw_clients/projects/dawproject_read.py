"""DAWproject files (version 1.0: Bitwig Studio, Studio One, Cubase, n-Track and others), read.

A zip with ``project.xml``. Beats are quarter notes. Times are in beats or in seconds, each
timeline saying which; a tempo lane in beats is straight over beats, one in seconds over seconds.
"""

from __future__ import annotations

from pathlib import Path
from xml.etree.ElementTree import Element

from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.lanes import Anchor, Breakpoint, Shape
from bridge_protocol.meter import MeterMap
from bridge_protocol.tempo import TempoMap
from daw_clients.projects.dawproject_lanes import Arrangement
from daw_clients.projects.dawproject_points import Target, read_points, unit_of
from daw_clients.projects.drawn_points import (
    meter_over_beats,
    tempo_over_beats,
    tempo_over_seconds,
)
from daw_clients.projects.project import Project
from daw_clients.projects.safe_files import name_of, parse_xml, prefixed, zip_member
from daw_clients.projects.xml_values import number, position, whole

PROJECT_XML = "project.xml"
_SHOWN = 40  # characters of a name that the file gives itself


def read_dawproject(source: Path | bytes, name: str = "") -> Project:
    """The arrangement of a DAWproject. ``name`` is what refusals call the file.

    Tempo automation counts before the transport's tempo; before its first point, that point's
    tempo holds. Values of lanes are as the file has them, in its unit; what clips draw is laid
    out on the song, loops too, and holds from a clip's end to the next clip. Paths are (track,
    device, parameter), less what has no name. Notes, audio and clips that are muted or in scenes
    are not read; ``warnings`` say so, and name what is automated but nowhere described.

    Raises ``RefusedError``, its field beginning with the name: ``FILE_MISSING``, ``FILE_BROKEN``,
    ``LIMIT``, ``BAD_FIELD``, ``BAD_ORDER``, ``NOT_FINITE``, ``OUT_OF_RANGE``.
    """
    name = name_of(source, name)
    root = parse_xml(zip_member(source, PROJECT_XML, name), f"{name}/{PROJECT_XML}")
    if root.tag != "Project":
        text = "this is no DAWproject; give a file that a DAW exported as one"
        raise RefusedError(ErrorCode.FILE_BROKEN, name, text)
    with prefixed(name):
        warnings: list[str] = []
        tempo = _tempo(root)
        meter = _meter(root, tempo, warnings)
        found = Arrangement(root, tempo)
        told = (*warnings, *found.warnings)
        lanes, locators = tuple(found.lanes), tuple(found.locators)
        return Project(_format(root), tempo, meter, lanes, locators, (), told)


def _format(root: Element) -> str:
    """The format, its version and the program that wrote it, as far as the file says so."""
    application = root.find("Application")
    words = ["DAWproject", root.get("version", "")]
    if application is not None:
        words += ["by", application.get("name", ""), application.get("version", "")]
    return " ".join(word[:_SHOWN] for word in words if word)


def _tempo(root: Element) -> TempoMap:
    automation = root.find("Arrangement/TempoAutomation")
    points = [] if automation is None else read_points(automation, Target(("Tempo",)))
    if automation is None or not points:
        return tempo_over_beats(_transport_tempo(root), "Transport.Tempo")
    if unit_of(automation, "timeUnit", Anchor.PPQ) is Anchor.SECONDS:
        return tempo_over_seconds(points, "TempoAutomation")
    return tempo_over_beats(points, "TempoAutomation")


def _transport_tempo(root: Element) -> list[Breakpoint]:
    tempo = root.find("Transport/Tempo")
    if tempo is None or tempo.get("value") is None or tempo.get("unit", "bpm") != "bpm":
        return []
    return [Breakpoint(0.0, number(tempo, "value"), Shape.HOLD)]


def _meter(root: Element, tempo: TempoMap, warnings: list[str]) -> MeterMap:
    """Signatures at their places, a bar that one falls into cut short there."""
    changes = _signature_points(root, tempo)
    transport = root.find("Transport/TimeSignature")
    if changes and changes[0][0] <= 0.0:
        numerator, denominator = [c for c in changes if c[0] <= 0.0][-1][1:]
    elif transport is not None:
        numerator, denominator = whole(transport, "numerator"), whole(transport, "denominator")
    else:
        numerator, denominator = changes[0][1:] if changes else (4, 4)
        warnings.append(f"no signature at the start; {numerator}/{denominator} is taken")
    later = [change for change in changes if change[0] > 0.0]
    return meter_over_beats([(0.0, numerator, denominator), *later])


def _signature_points(root: Element, tempo: TempoMap) -> list[tuple[float, int, int]]:
    automation = root.find("Arrangement/TimeSignatureAutomation")
    if automation is None:
        return []
    seconds = unit_of(automation, "timeUnit", Anchor.PPQ) is Anchor.SECONDS
    changes = []
    for point in automation.findall("TimeSignaturePoint"):
        time = position(point, "time")
        at = tempo.ppq(time) if seconds else time
        changes.append((at, whole(point, "numerator"), whole(point, "denominator")))
    return changes

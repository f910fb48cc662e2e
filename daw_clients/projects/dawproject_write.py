"""DAWproject files (version 1.0), written: tempo, signatures, markers, automation and audio.

The file says the song's bars and tempo in beats, and every stem as clips whose edges are bar
lines, so that a DAW that opens it has the same grid under the same audio.
"""

from __future__ import annotations

import importlib.metadata
import io
import re
import shutil
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from bridge_protocol.lanes import Anchor, Breakpoint
from bridge_protocol.meter import MeterMap
from bridge_protocol.tempo import MAX_BPM, MIN_BPM
from daw_clients.projects.dawproject_audio import Stem, add_clips, check_stem, member_names
from daw_clients.projects.dawproject_curves import TempoPoints, lane_points, tempo_points
from daw_clients.projects.dawproject_read import PROJECT_XML
from daw_clients.projects.dawproject_tracks import Mixer, unit_of
from daw_clients.projects.project import Locator, Project
from daw_clients.projects.replacing import replacing

METADATA_XML = "metadata.xml"
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)  # the earliest a zip can say; the same song, the same bytes
_UNIX = 3
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_TIME_UNITS = {Anchor.PPQ: "beats", Anchor.SECONDS: "seconds"}


def write_dawproject(
    path: Path, song: Project, stems: Sequence[Stem] = (), title: str = ""
) -> tuple[str, ...]:
    """Writes the song's map and lanes, and a track for each stem, with the stems' files inside.

    The file appears whole or not at all; the same song gives the same bytes. Files of stems are
    copied in pieces, never held in memory. Returned is, in words, what the format can't say: a
    tempo map with ramps of both laws, curves other than straight ones (thinned: see
    ``dawproject_curves`` for how closely), notes. Read back, tempo, signatures, markers and lanes
    are what was written, but a lane's path has at most three parts (inner ones are joined with
    ``/``) and its unit is ``linear`` where it had none that the format knows.
    Raises ``RefusedError`` ``FILE_MISSING`` and ``RANGE_PAST_END``, naming the stem.
    """
    for stem in stems:
        check_stem(stem)
    members = member_names(stems)
    document, warnings = _project(song, stems, members)
    with replacing(path) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        _add(archive, METADATA_XML, _bytes(_metadata(title)))
        _add(archive, PROJECT_XML, _bytes(document))
        for member, stem in zip(members, stems, strict=True):
            _add(archive, member, stem.wav)
    return tuple(warnings)


def _project(
    song: Project, stems: Sequence[Stem], members: Sequence[str]
) -> tuple[Element, list[str]]:
    root = Element("Project", version="1.0")
    SubElement(root, "Application", name="Anacrusis", version=_version())
    tempi = tempo_points(song.tempo)
    warnings = _warnings(song, tempi)
    _add_transport(root, song)
    mixer = Mixer(SubElement(root, "Structure"))
    arrangement = SubElement(root, "Arrangement", id="arrangement")
    lanes = SubElement(arrangement, "Lanes", timeUnit="beats", id="lanes")
    of_track = {}
    for stem, member in zip(stems, members, strict=True):
        track = mixer.add_track(stem.name, stem.channels)
        of_track[track] = SubElement(lanes, "Lanes", track=track)
        add_clips(of_track[track], stem, member)
    for lane in song.lanes:
        track, parameter = mixer.add_parameter(lane)
        if track not in of_track:
            of_track[track] = SubElement(lanes, "Lanes", track=track)
        points, curves = lane_points(lane.lane, song.tempo)
        drawn = _add_points(of_track[track], "Points", parameter, lane.lane.anchor, points)
        drawn.set("unit", unit_of(lane))
        if curves:
            warnings.append(f"{lane.name}: {curves} curves are written as straight pieces")
    mixer.finish()
    _add_markers(arrangement, song.locators)
    _add_maps(arrangement, song.meter, tempi)
    SubElement(root, "Scenes")
    return root, warnings


def _warnings(song: Project, tempi: TempoPoints) -> list[str]:
    warnings = []
    if not tempi.exact:
        warnings.append("tempo ramps over time are written as straight pieces over beats")
    if song.notes:
        warnings.append(f"{len(song.notes)} notes are not written")
    return warnings


def _add_transport(root: Element, song: Project) -> None:
    transport = SubElement(root, "Transport")
    tempo = SubElement(transport, "Tempo", id="tempo", name="Tempo", unit="bpm")
    tempo.set("value", repr(song.tempo.segments[0].bpm_start))
    tempo.set("min", repr(MIN_BPM))
    tempo.set("max", repr(MAX_BPM))
    first = song.meter.changes[0]
    signature = SubElement(transport, "TimeSignature", id="signature")
    signature.set("numerator", str(first.numerator))
    signature.set("denominator", str(first.denominator))


def _add_markers(arrangement: Element, locators: Sequence[Locator]) -> None:
    if not locators:
        return  # the format wants at least one in a list of markers
    markers = SubElement(arrangement, "Markers", timeUnit="beats")
    for locator in locators:
        SubElement(markers, "Marker", time=repr(locator.ppq), name=_text(locator.name))


def _add_maps(arrangement: Element, meter: MeterMap, tempi: TempoPoints) -> None:
    if len(tempi.points) > 1:
        points = _add_points(arrangement, "TempoAutomation", "tempo", tempi.unit, tempi.points)
        points.set("unit", "bpm")
    if len(meter.changes) > 1:
        points = _add_points(arrangement, "TimeSignatureAutomation", "signature", Anchor.PPQ, [])
        for change in meter.changes:
            at = SubElement(points, "TimeSignaturePoint")
            at.set("time", repr(float(meter.bar_start(change.bar))))
            at.set("numerator", str(change.numerator))
            at.set("denominator", str(change.denominator))


def _add_points(
    parent: Element, tag: str, parameter: str, unit: Anchor, points: Sequence[Breakpoint]
) -> Element:
    timeline = SubElement(parent, tag, timeUnit=_TIME_UNITS[unit])
    SubElement(timeline, "Target", parameter=parameter)
    for point in points:
        at = SubElement(timeline, "RealPoint", time=repr(point.position), value=repr(point.value))
        at.set("interpolation", point.shape.value)
    return timeline


def _metadata(title: str) -> Element:
    metadata = Element("MetaData")
    if title:
        SubElement(metadata, "Title").text = _text(title)
    return metadata


def _bytes(root: Element) -> bytes:
    for element in root.iter():
        for attribute, value in element.items():
            element.set(attribute, _text(value))
    ElementTree.indent(root)
    text: bytes = ElementTree.tostring(root, "utf-8", xml_declaration=True)
    return text + b"\n"


def _text(words: str) -> str:
    """The words without characters that no XML may hold."""
    return _NOT_XML.sub("\ufffd", words)


def _version() -> str:
    try:
        return importlib.metadata.version("anacrusis")
    except importlib.metadata.PackageNotFoundError:
        return "unknown"


def _add(archive: zipfile.ZipFile, member: str, content: Path | bytes) -> None:
    info = zipfile.ZipInfo(member, _ZIP_TIME)
    info.create_system, info.external_attr = _UNIX, 0o100644 << 16
    info.file_size = content.stat().st_size if isinstance(content, Path) else len(content)
    source: BinaryIO = content.open("rb") if isinstance(content, Path) else io.BytesIO(content)
    with source, archive.open(info, "w") as target:
        shutil.copyfileobj(source, target)

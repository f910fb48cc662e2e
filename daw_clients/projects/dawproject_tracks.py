"""The mixer of a DAWproject that is written: a track for each stem, and for what lanes move."""

from __future__ import annotations

from dataclasses import dataclass, field
from xml.etree.ElementTree import Element, SubElement

from daw_clients.projects.project import ProjectLane

UNITS = (
    "linear",
    "normalized",
    "percent",
    "decibel",
    "hertz",
    "semitones",
    "seconds",
    "beats",
    "bpm",
)
_MASTER = "master"
_STRIP = {"Pan": ("normalized", "0.5", "1.0"), "Volume": ("linear", "1.0", "2.0")}
"""A channel's own parameters: unit, value where nothing moves it, largest; in the format's order."""


@dataclass
class _Track:
    id: str
    element: Element
    channels: int
    devices: dict[str, list[Element]] = field(default_factory=dict)
    strip: dict[str, Element] = field(default_factory=dict)


def unit_of(lane: ProjectLane) -> str:
    """The lane's unit, ``linear`` where it has none that the format knows."""
    return lane.unit if lane.unit in UNITS else "linear"


class Mixer:
    """Collects tracks and parameters, and writes their elements when it is finished."""

    def __init__(self, structure: Element) -> None:
        self._structure = structure
        self._tracks: list[_Track] = []
        self._by_name: dict[str, _Track] = {}
        self._parameters = 0

    def add_track(self, name: str, channels: int) -> str:
        """A track for audio; its id. Lanes of the first track of a name go there too."""
        track = self._new(name, "audio", channels)
        self._by_name.setdefault(name, track)
        return track.id

    def add_parameter(self, lane: ProjectLane) -> tuple[str, str]:
        """A parameter for a lane: the ids of its track and of itself."""
        owner = lane.path[0] if len(lane.path) > 1 else ""
        if owner not in self._by_name:
            self._by_name[owner] = self._new(owner, "automation", 2)
        track = self._by_name[owner]
        self._parameters += 1
        parameter = _parameter(lane, f"parameter{self._parameters}")
        if len(lane.path) == 2 and lane.parameter in _STRIP and lane.parameter not in track.strip:
            parameter.tag = lane.parameter
            track.strip[lane.parameter] = parameter
        else:
            track.devices.setdefault("/".join(lane.path[1:-1]), []).append(parameter)
        return track.id, parameter.get("id", "")

    def finish(self) -> None:
        """Writes the channels, each with its devices, and the master they go to."""
        for track in self._tracks:
            channel = _channel(track.element, "regular", track.channels)
            channel.set("destination", _MASTER)
            _add_devices(channel, track.devices)
            _add_strip(channel, track.strip)
        master = SubElement(self._structure, "Track", contentType="audio", loaded="true")
        master.set("name", "Master")
        channel = _channel(master, "master", 2)
        channel.set("id", _MASTER)
        _add_strip(channel, {})

    def _new(self, name: str, content: str, channels: int) -> _Track:
        number = f"track{len(self._tracks) + 1}"
        element = SubElement(self._structure, "Track", contentType=content, loaded="true")
        element.set("id", number)
        element.set("name", name)
        self._tracks.append(_Track(number, element, channels))
        return self._tracks[-1]


def _channel(track: Element, role: str, channels: int) -> Element:
    return SubElement(track, "Channel", role=role, audioChannels=str(channels))


def _add_devices(channel: Element, devices: dict[str, list[Element]]) -> None:
    if not devices:
        return
    listed = SubElement(channel, "Devices")
    for name, parameters in devices.items():
        device = SubElement(listed, "BuiltinDevice", deviceName=name, deviceRole="audioFX")
        SubElement(device, "Parameters").extend(parameters)


def _add_strip(channel: Element, moved: dict[str, Element]) -> None:
    for name, (unit, value, largest) in _STRIP.items():
        if name in moved:
            channel.append(moved[name])
        else:
            still = SubElement(channel, name, name=name, unit=unit, value=value)
            still.set("min", "0.0")
            still.set("max", largest)


def _parameter(lane: ProjectLane, identity: str) -> Element:
    parameter = Element("RealParameter", id=identity, name=lane.parameter)
    parameter.set("unit", unit_of(lane))
    parameter.set("value", repr(lane.lane.points[0].value))
    for attribute, limit in (("min", lane.minimum), ("max", lane.maximum)):
        if limit is not None:
            parameter.set(attribute, repr(limit))
    return parameter

"""Automation of tracks, mixers and devices in a Live set.

An envelope names what it moves by a number; the element that carries the ``AutomationTarget`` of
that number is the parameter, and where it stands says whose it is.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from bridge_protocol.lanes import Anchor, BreakpointLane
from daw_clients.projects.drawn_points import from_zero
from daw_clients.projects.live_curves import PIECES, read_envelope
from daw_clients.projects.project import ProjectLane

_WRAPPERS = ("DeviceChain", "ParameterList", "ParameterValue", "Timeable")
"""Elements that hold parameters together and name nothing."""
_TARGETS = ("AutomationTarget", "ModulationTarget")


@dataclass(frozen=True)
class Parameter:
    """One parameter that can be automated: whose it is, and its element."""

    path: tuple[str, ...]
    element: Element

    @property
    def target_id(self) -> str:
        """The number that envelopes name it by; empty where it has none (Live 8)."""
        target = self.element.find("AutomationTarget")
        return "" if target is None else target.get("Id", "")

    @property
    def own_events(self) -> Element | None:
        """The events that Live 8 and 9 keep inside the parameter."""
        return self.element.find("ArrangerAutomation/Events")


def tracks_of(live_set: Element) -> list[Element]:
    """Every track, the main one last."""
    last = [live_set.find(tag) for tag in ("PreHearTrack", "MasterTrack", "MainTrack")]
    listed = live_set.find("Tracks")
    return [*(listed if listed is not None else ()), *(t for t in last if t is not None)]


def parameters_of(track: Element) -> list[Parameter]:
    """Every parameter of a track, in the file's order."""
    return list(_parameters(track, (track_name(track),), ()))


def events_by_target(track: Element) -> dict[str, Element | None]:
    """The events of each envelope of a track, by the number of what they move."""
    found: dict[str, Element | None] = {}
    for envelope in track.findall("AutomationEnvelopes/Envelopes/AutomationEnvelope"):
        target = _value(envelope, "EnvelopeTarget/PointeeId")
        found[target] = envelope.find("Automation/Events")
    return found


def read_lanes(live_set: Element, other: list[Element], warnings: list[str]) -> list[ProjectLane]:
    """The lanes of all tracks; ``other`` are parameters that are no lanes: the tempo's kind.

    Envelopes of a target that isn't there are passed over with a warning.
    """
    tracks = tracks_of(live_set)
    parameters = [parameters_of(track) for track in tracks]
    known = {p.target_id: p for of_track in parameters for p in of_track if p.target_id}
    lanes: list[ProjectLane] = []
    for track, of_track in zip(tracks, parameters, strict=True):
        drawn = [_Drawn(p, p.own_events) for p in of_track if p.own_events is not None]
        for target, events in events_by_target(track).items():
            if target in known:
                drawn.append(_Drawn(known[target], events))
            else:
                warnings.append(f"{track_name(track)}: automation of something unknown is left out")
        lanes += _lanes([d for d in drawn if d.parameter.element not in other], warnings)
    return lanes


@dataclass(frozen=True)
class _Drawn:
    parameter: Parameter
    events: Element | None


def _lanes(drawn: list[_Drawn], warnings: list[str]) -> list[ProjectLane]:
    lanes = []
    for each in drawn:
        envelope = read_envelope(each.events)
        if not envelope.is_drawn:
            continue
        lane = BreakpointLane(from_zero(envelope.points), Anchor.PPQ)
        lowest, highest = _range(each.parameter.element)
        lanes.append(ProjectLane(each.parameter.path, lane, lowest, highest))
        if envelope.curves:
            warnings.append(curves_cut(lanes[-1].name, envelope.curves))
    return lanes


def curves_cut(name: str, curves: int) -> str:
    """What a reader says of curves."""
    return f"{name}: {curves} curved stretches are read as {PIECES} straight pieces each"


def track_name(track: Element) -> str:
    """The track's name as Live shows it."""
    return _value(track, "Name/EffectiveName") or _value(track, "Name/UserName") or track.tag


def _parameters(
    element: Element, owner: tuple[str, ...], inside: tuple[str, ...]
) -> Iterator[Parameter]:
    if inside and _is_parameter(element):
        yield Parameter((*owner, ".".join(inside)), element)
    for child in element:
        if element.tag == "Devices":
            yield from _parameters(child, (*owner, _device_name(child)), ())
        elif child.tag == "Mixer":
            yield from _parameters(child, (*owner, "Mixer"), ())
        elif child.tag.endswith("Branch"):
            yield from _parameters(child, (*owner, track_name(child)), ())
        elif child.tag in _WRAPPERS:
            yield from _parameters(child, owner, inside)
        elif child.tag not in _TARGETS:
            yield from _parameters(child, owner, (*inside, _part_name(element, child)))


def _is_parameter(element: Element) -> bool:
    return any(element.find(tag) is not None for tag in ("AutomationTarget", "ArrangerAutomation"))


def _part_name(parent: Element, child: Element) -> str:
    """What a person would call an element inside a device."""
    kind, _, index = child.tag.partition(".")
    given = _value(child, "ParameterName")
    if child.tag.startswith("MxD"):  # a parameter of a Max for Live device
        given = _value(child, "Name")
    if kind == "MacroControls":
        given = _value(parent, f"MacroDisplayNames.{index}")
    numbered = f"{child.tag} {child.get('Id')}" if child.get("Id") else child.tag
    return given or numbered


def _device_name(device: Element) -> str:
    plugin = next(iter(device.findall("PluginDesc/*")), None)
    named = "" if plugin is None else _value(plugin, "PlugName") or _value(plugin, "Name")
    return _value(device, "UserName") or named or device.tag


def _range(parameter: Element) -> tuple[float | None, float | None]:
    limits = parameter.find("MidiControllerRange")
    if limits is None:
        return None, None
    return _limit(limits, "Min"), _limit(limits, "Max")


def _limit(limits: Element, which: str) -> float | None:
    try:
        value = float(_value(limits, which))
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _value(element: Element, path: str) -> str:
    found = element.find(path)
    return "" if found is None else found.get("Value", "").strip()

"""Controllers, pitch bend and channel aftertouch as lanes, and back.

A lane's path is (track, "channel 3", what it is). Values are the file's: 0..127, pitch bend
-8192..8191. A value holds until the next, as a synthesizer takes it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from bridge_protocol.lanes import MAX_POINTS, Anchor, Breakpoint, BreakpointLane, Shape
from daw_clients.projects.midi_notes import CONTROLLER
from daw_clients.projects.project import ProjectLane
from daw_clients.projects.smf import Event

AFTERTOUCH, PITCH_BEND = 0xD0, 0xE0
_CONTROLLERS = 120
"""Controllers from here on are channel modes: commands, not values."""
_BEND_CENTRE = 8192
_NAME = re.compile(r"CC (\d{1,3})|(pitch bend)|(aftertouch)")
_CHANNEL = re.compile(r"channel (\d{1,2})")

Points = dict[int, int]
"""A value at each tick, in order."""


class LaneCollection:
    """One track's lanes: give it the events in order, then ``lanes``."""

    def __init__(self) -> None:
        self._points: dict[tuple[int, str], Points] = {}

    def take(self, event: Event) -> bool:
        """The next event of the track. False where it is no value of a lane."""
        kind, channel = event.status & 0xF0, (event.status & 0x0F) + 1
        if kind == CONTROLLER and event.data[0] < _CONTROLLERS:
            self._add(channel, f"CC {event.data[0]}", event.tick, event.data[1])
        elif kind == AFTERTOUCH:
            self._add(channel, "aftertouch", event.tick, event.data[0])
        elif kind == PITCH_BEND:
            bend = event.data[0] + (event.data[1] << 7) - _BEND_CENTRE
            self._add(channel, "pitch bend", event.tick, bend)
        else:
            return False
        return True

    def lanes(self, track: str, division: int) -> tuple[list[ProjectLane], list[str]]:
        """The lanes, and a warning for each that holds more points than a lane can."""
        lanes: list[ProjectLane] = []
        warnings: list[str] = []
        for (channel, name), points in self._points.items():
            path = (track, f"channel {channel}", name)
            changes = _changes(points)
            if len(changes) > MAX_POINTS:
                text = (
                    f"is left out: {len(changes)} values are more than the {MAX_POINTS} of a lane"
                )
                warnings.append(f"{'/'.join(path)} {text}")
            else:
                lanes.append(_lane(path, changes, division))
        return lanes, warnings

    def _add(self, channel: int, name: str, tick: int, value: int) -> None:
        self._points.setdefault((channel, name), {})[tick] = value


def lane_events(lane: ProjectLane, division: int) -> list[Event] | None:
    """The lane's events, if it is one that a MIDI file can hold, and None if not.

    Points before the song's start are heard at its start.
    """
    status = _status(lane)
    points = lane.lane.points
    if status is None or lane.lane.anchor != Anchor.PPQ:
        return None
    if any(point.shape != Shape.HOLD for point in points[:-1]):
        return None
    values = [round(point.value) for point in points]
    if any(value != point.value for value, point in zip(values, points, strict=True)):
        return None
    ticks = (max(round(point.position * division), 0) for point in points)
    made = [_event(status, tick, value) for tick, value in zip(ticks, values, strict=True)]
    return [event for event in made if event is not None] if None not in made else None


def _changes(points: Points) -> list[tuple[int, int]]:
    """The points without those that repeat the value before them."""
    changes: list[tuple[int, int]] = []
    for point in points.items():
        if not changes or changes[-1][1] != point[1]:
            changes.append(point)
    return changes


def _lane(path: tuple[str, ...], points: Iterable[tuple[int, int]], division: int) -> ProjectLane:
    drawn = [Breakpoint(tick / division, float(value), Shape.HOLD) for tick, value in points]
    low, high = (-8192.0, 8191.0) if path[-1] == "pitch bend" else (0.0, 127.0)
    return ProjectLane(path, BreakpointLane(drawn, Anchor.PPQ), low, high)


def _status(lane: ProjectLane) -> tuple[int, int] | None:
    """The lane's status byte and its controller, -1 of others; None where it is no MIDI lane."""
    if len(lane.path) < 2:
        return None
    name, channel = _NAME.fullmatch(lane.path[-1]), _CHANNEL.fullmatch(lane.path[-2])
    if name is None or channel is None or not 1 <= int(channel[1]) <= 16:
        return None
    if name[1] is not None:
        number = int(name[1])
        return (CONTROLLER | int(channel[1]) - 1, number) if number < _CONTROLLERS else None
    kind = PITCH_BEND if name[2] else AFTERTOUCH
    return kind | int(channel[1]) - 1, -1


def _event(status: tuple[int, int], tick: int, value: int) -> Event | None:
    """The event, or None where the value is out of its range."""
    byte, number = status
    if byte & 0xF0 == PITCH_BEND:
        bend = value + _BEND_CENTRE
        in_range = 0 <= bend < 2 * _BEND_CENTRE
        return Event(tick, byte, -1, bytes((bend & 0x7F, bend >> 7))) if in_range else None
    if not 0 <= value <= 127:
        return None
    return Event(tick, byte, -1, bytes((value,) if number < 0 else (number, value)))

"""Lanes as REAPER's envelopes: their points in seconds, and the tracks and effects around them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from bridge_protocol.lanes import Anchor, Breakpoint, BreakpointLane, Shape
from bridge_protocol.tempo import TempoMap
from daw_clients.projects.project import ProjectLane
from daw_clients.projects.reaper_lanes import SHAPES, TRACK_ENVELOPES
from daw_clients.projects.reaper_tempo_export import decimal
from daw_clients.projects.rpp_text import quoted

STAND_IN = "anacrusis/lanes"
"""The JSFX that carries a device's lanes."""
SLIDERS = 64
"""The most parameters of one JSFX; a device with more of them becomes several."""

_PIECES = 64
"""Into how many straight pieces a curve is cut that REAPER doesn't have."""
_STRAIGHT_SECONDS = 1e-9
_NO_DEVICE = "Lanes"
_CODES = {title: code for code, title in TRACK_ENVELOPES.items()}
_ENVELOPE = ("ACT 1 -1", "VIS 1 1 1", "LANEHEIGHT 0 0", "ARM 0", "DEFSHAPE 0 -1 -1")
_TRACK = ("PEAKCOL 16576", "BEAT -1", "AUTOMODE 0", "VOLPAN 1 0 -1 -1 1", "MUTESOLO 0 0 0",
          "ISBUS 0 0", "NCHAN 2", "FX 1", "MAINSEND 1 0")  # fmt: skip

Named = tuple[str, ProjectLane]


def block(head: str, content: Iterable[str]) -> list[str]:
    """The lines of a block."""
    return [f"<{head}", *(f"  {line}" for line in content), ">"]


class LaneWriter:
    """Makes tracks of lanes, and counts the stretches of curves that it had to cut."""

    def __init__(self, tempo: TempoMap) -> None:
        self._tempo = tempo
        self.cut = 0

    def tracks(self, lanes: Sequence[ProjectLane]) -> Iterator[str]:
        """The lines of a ``<TRACK`` block for each track that the lanes name."""
        tracks: dict[str, dict[str, list[Named]]] = {}
        for lane in lanes:
            track, device, parameter = _place(lane)
            tracks.setdefault(track, {}).setdefault(device, []).append((parameter, lane))
        for track, devices in tracks.items():
            own = devices.pop("", [])
            inner = [line for title, lane in own for line in self._envelope(_CODES[title], lane)]
            chain = [line for name, named in devices.items() for line in self._device(name, named)]
            if chain:
                inner += block("FXCHAIN", ["SHOW 0", "LASTSEL 0", "DOCKED 0", *chain])
            yield from block("TRACK", [f"NAME {quoted(track)}", *_TRACK, *inner])

    def _device(self, name: str, named: Sequence[Named]) -> Iterator[str]:
        for first in range(0, len(named), SLIDERS):
            part = named[first : first + SLIDERS]
            values = [decimal(lane.lane.points[0].value) for _, lane in part]
            values += ["-"] * (SLIDERS - len(part))
            yield "BYPASS 0 0 0"
            yield from block(f"JS {STAND_IN} {quoted(name)}", [" ".join(values)])
            for slider, (parameter, lane) in enumerate(part):
                low, high = _range(lane)
                bounds = " ".join(map(decimal, (low, high, (low + high) / 2)))
                title = quoted(f"{parameter} / {name}")
                yield from self._envelope(f"PARMENV {slider} {bounds} {title}", lane)
            yield "WAK 0 0"

    def _envelope(self, head: str, lane: ProjectLane) -> list[str]:
        return block(head, [*_ENVELOPE, *map(_point_line, self._points(lane.lane))])

    def _points(self, lane: BreakpointLane) -> Iterator[Breakpoint]:
        """The lane's points in seconds, with further ones where REAPER has no such curve."""
        points = lane.points
        places = np.array([point.position for point in points], np.float64)
        seconds = self._seconds(lane, places).tolist()
        foreign = [self._is_foreign(lane, index) for index in range(len(points))]
        # A bezier leans on the points around it, so it can't stand beside a curve that is cut.
        cuts_bezier = any(foreign)
        for index, (point, at) in enumerate(zip(points, seconds, strict=True)):
            if foreign[index] or (cuts_bezier and _is_curve(points, index, Shape.BEZIER)):
                yield from self._cut_curve(lane, index)
            else:
                shape = point.shape if point.shape in SHAPES else Shape.LINEAR
                yield Breakpoint(at, point.value, shape, point.tension)

    def _cut_curve(self, lane: BreakpointLane, index: int) -> Iterator[Breakpoint]:
        left, right = lane.points[index : index + 2]
        places = np.linspace(left.position, right.position, _PIECES + 1)[:-1]
        seconds = self._seconds(lane, places)
        values = lane.evaluate(self._tempo, seconds)
        self.cut += 1
        for at, value in zip(seconds.tolist(), values.tolist(), strict=True):
            yield Breakpoint(at, value, Shape.LINEAR)

    def _is_foreign(self, lane: BreakpointLane, index: int) -> bool:
        """Whether the stretch from this point is one that REAPER can't draw over time."""
        points = lane.points
        if not any(_is_curve(points, index, shape) for shape in Shape if shape != Shape.HOLD):
            return False
        if points[index].shape not in SHAPES:
            return True
        if lane.anchor == Anchor.SECONDS:
            return False
        reach = 1 if points[index].shape == Shape.BEZIER else 0
        first, last = max(index - reach, 0), min(index + 1 + reach, len(points) - 1)
        places = np.linspace(points[first].position, points[last].position, 9)
        seconds = self._tempo.seconds_array(places)
        off = np.abs(seconds - np.linspace(seconds[0], seconds[-1], 9))
        return bool(np.max(off) > _STRAIGHT_SECONDS)

    def _seconds(
        self, lane: BreakpointLane, places: np.ndarray[tuple[int], np.dtype[np.float64]]
    ) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        return places if lane.anchor == Anchor.SECONDS else self._tempo.seconds_array(places)


def _place(lane: ProjectLane) -> tuple[str, str, str]:
    """Track, device and parameter; the device is empty for an envelope of the track itself."""
    *outer, parameter = lane.path
    has_range = lane.minimum is not None or lane.maximum is not None or lane.unit
    if len(outer) == 1 and parameter in _CODES and not has_range:
        return outer[0], "", parameter
    track = outer[0] if outer else _NO_DEVICE
    return track, "/".join(outer[1:]) or _NO_DEVICE, parameter


def _range(lane: ProjectLane) -> tuple[float, float]:
    """What the lane states, or else 0 to 1 and whatever its values need beyond."""
    values = [point.value for point in lane.lane.points]
    low = min(0.0, *values) if lane.minimum is None else lane.minimum
    high = max(1.0, *values) if lane.maximum is None else lane.maximum
    return low, high


def _is_curve(points: Sequence[Breakpoint], index: int, shape: Shape) -> bool:
    """Whether a stretch of this shape and some length starts at the point."""
    here = points[index]
    has_length = index + 1 < len(points) and points[index + 1].position > here.position
    return here.shape == shape and has_length


def _point_line(point: Breakpoint) -> str:
    shape = SHAPES.index(point.shape)
    line = f"PT {decimal(point.position)} {decimal(point.value)} {shape}"
    return f"{line} 0 0 0 {decimal(point.tension)}" if point.shape == Shape.BEZIER else line

"""Where the timelines of a DAWproject lie in the song.

Every timeline has a unit, beats or seconds, inherited from the one around it. A clip shows its
content from a place on; with a loop, the loop's part again and again.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from xml.etree.ElementTree import Element

from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.lanes import Anchor
from bridge_protocol.tempo import TempoMap
from daw_clients.projects.dawproject_points import unit_of
from daw_clients.projects.xml_values import position, position_or_none

MAX_PASSES = 65_536
"""How often a clip may go through its loop."""


@dataclass(frozen=True)
class Place:
    """Where a timeline lies: its own time 0 is at ``zero`` of the song, and it is heard from
    ``start`` to ``end``; all in song time in ``unit``. ``track`` is the id of the track."""

    unit: Anchor = Anchor.PPQ
    zero: float = 0.0
    start: float = -math.inf
    end: float = math.inf
    track: str = ""
    in_clip: bool = False

    def ppq(self, time: float, tempo: TempoMap) -> float:
        """The song's quarter note at a time of the timeline's own."""
        return _convert(self.zero + time, self.unit, Anchor.PPQ, tempo)

    def in_unit(self, unit: Anchor, tempo: TempoMap) -> Place:
        """The same stretch of the song in another unit."""
        edges = (self.zero, self.start, self.end)
        zero, start, end = (_convert(edge, self.unit, unit, tempo) for edge in edges)
        return replace(self, unit=unit, zero=zero, start=start, end=end)

    def of(self, timeline: Element, tempo: TempoMap) -> Place:
        """The place of a timeline that lies here, by its own ``timeUnit`` and ``track``."""
        place = self.in_unit(unit_of(timeline, "timeUnit", self.unit), tempo)
        return replace(place, track=timeline.get("track", place.track))


def passes(clip: Element, around: Place, tempo: TempoMap) -> Iterator[Place]:
    """The place of a clip's content, once for each stretch in which it plays straight through.

    Raises ``RefusedError``: ``BAD_FIELD``, ``NOT_FINITE``, ``LIMIT`` for more than
    ``MAX_PASSES`` of a loop.
    """
    ends_at = _end(clip, around, tempo)
    at = around.zero + position(clip, "time")
    unit = unit_of(clip, "contentTimeUnit", around.unit)
    outer = replace(around, zero=at, end=min(around.end, ends_at), in_clip=True)
    outer = replace(outer, start=max(around.start, at)).in_unit(unit, tempo)
    begin, play = outer.zero, position_or_none(clip, "playStart") or 0.0
    stop = position_or_none(clip, "playStop")
    loop_start, loop_end = position_or_none(clip, "loopStart"), position_or_none(clip, "loopEnd")
    if loop_start is None or loop_end is None or not max(play, loop_start) < loop_end:
        parts = [(begin, math.inf if stop is None else begin + (stop - play), play)]
    else:
        parts = _loop(outer, play, loop_start, loop_end)
    for start, end, content in parts:
        heard, until = max(outer.start, start), min(outer.end, end)
        if heard < until:
            yield replace(outer, zero=start - content, start=heard, end=until)


def _end(clip: Element, around: Place, tempo: TempoMap) -> float:
    """Where a clip's ``duration`` ends, in song time in the unit around it."""
    duration = position_or_none(clip, "duration")
    return math.inf if duration is None else around.zero + position(clip, "time") + duration


def _loop(
    outer: Place, play: float, loop_start: float, loop_end: float
) -> list[tuple[float, float, float]]:
    """(from, to, content at from) of the first pass and of each round that is heard; of a clip
    without an end only the first pass."""
    first = outer.zero + (loop_end - play)
    length = loop_end - loop_start
    rounds = max(0.0, (outer.end - first) / length) if math.isfinite(outer.end) else 0.0
    unheard = max(0.0, (outer.start - first) / length)
    if not rounds - unheard <= MAX_PASSES:
        text = f"a clip goes through its loop more than {MAX_PASSES} times; make the loop longer"
        raise RefusedError(ErrorCode.LIMIT, "Clip.loopEnd", text)
    parts = [(outer.zero, first, play)]
    for index in range(math.floor(unheard), math.ceil(rounds)):
        parts.append((first + index * length, first + (index + 1) * length, loop_start))
    return parts


def _convert(position: float, unit: Anchor, wanted: Anchor, tempo: TempoMap) -> float:
    if unit is wanted or not math.isfinite(position):
        return position
    return tempo.ppq(position) if wanted is Anchor.PPQ else tempo.seconds(position)

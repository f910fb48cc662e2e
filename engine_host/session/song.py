"""A session's song as accepted so far: map, settings, and the changes that have a place in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from types import MappingProxyType

from bridge_protocol.bars import BarGrid
from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.meter import MeterMap, SignatureChange
from bridge_protocol.schema import MeterEntry, TempoMapMessage
from bridge_protocol.tempo import TempoMap, TempoSegment
from engine_host.models.interface import Geometry
from engine_host.stream.live_input import LivePlacement
from engine_host.stream.playline import Origin
from engine_host.stream.promises import Sink
from engine_host.stream.settings import Change, Edit, starting_settings
from engine_host.stream.stream import Stream
from engine_host.stream.windows import check_bars_fit

MAX_RENDER_SECONDS = 4 * 3600


class PastEndError(RefusedError):
    """Bars past the end of a source that plays once; ``last_bar`` (from 1) is the last there is."""

    def __init__(self, last_bar: int, message: str) -> None:
        super().__init__(ErrorCode.RANGE_PAST_END, "bars", message)
        self.last_bar = last_bar


@dataclass(frozen=True, eq=False)
class Placed:
    """A change with its place in the song."""

    ppq: float
    state: int
    change: Change


class Song:
    """Under the engine's lock. ``base`` holds what has no place; ``placed`` is in order of place.

    It begins with the model's ``defaults``, where it has any.
    """

    def __init__(
        self,
        sample_rate_hz: int,
        geometry: Geometry,
        defaults: Mapping[str, float] = MappingProxyType({}),
    ) -> None:
        self.grid = BarGrid(TempoMap.constant(120.0), MeterMap.constant(4, 4), sample_rate_hz)
        self.map_revision = 0
        self.told_map = False
        self.base = starting_settings(defaults)
        self.placed: list[Placed] = []
        self._geometry = geometry
        self._state = 0

    def next_state(self) -> int:
        """The number of the next change."""
        self._state += 1
        return self._state

    def set_map(self, tempo: TempoMap, meter: MeterMap) -> None:
        """Takes another map, whole; refused where a bar is too long for the model."""
        grid = BarGrid(tempo, meter, self.grid.sample_rate_hz)
        _check_bars(grid, self._geometry)
        self.grid = grid
        self.map_revision += 1

    def set_geometry(self, geometry: Geometry) -> None:
        """Another model plays; see `check_map` for whether it can play every bar."""
        self._geometry = geometry

    def check_map(self, geometry: Geometry) -> None:
        """Refuses a map with a bar that is too long for a model of that geometry."""
        _check_bars(self.grid, geometry)

    def amend(self, edit: Edit, state: int) -> None:
        """Changes what every setting of the song is built upon."""
        self.base = replace(edit(self.base), state=state)

    def apply(self, change: Change, state: int) -> None:
        """A change without a place: it holds from now on, everywhere."""
        self.base = change.applied(self.base, state)

    def place(self, ppq: float, change: Change, state: int) -> None:
        """A change that takes effect at a place of the song: in every render just there, live from
        the first time the host comes to it, and then everywhere."""
        self.placed = sorted([*self.placed, Placed(ppq, state, change)], key=lambda p: p.ppq)

    @property
    def live_bars(self) -> int:
        """How many bars later the track's own input is heard; 0 where it is not the source."""
        source = self.base.source
        return source.bars_later if isinstance(source, LivePlacement) else 0

    def source_end_sample(self) -> int | None:
        """Where a source that plays once ends; None without one, or where it repeats."""
        source = self.base.source
        return None if source is None else source.end_sample(self.grid)

    def render_stream(
        self, *, stream_id: int, first_bar: int, last_bar: int, sink: Sink, **options: object
    ) -> Stream:
        """A stream of bars ``first_bar..last_bar`` (counted from 1, both included), played once."""
        self.check_range(first_bar, last_bar)
        start, end = self.grid.sample(first_bar - 1), self.grid.sample(last_bar)
        stream = Stream(
            stream_id=stream_id,
            geometry=self._geometry,
            grid=self.grid,
            map_revision=self.map_revision,
            settings=self.base,
            origin=Origin(x=0, epoch=0, address=0, sample=start),
            sink=sink,
            end_x=end - start,
            **options,  # type: ignore[arg-type]
        )
        for placed in self.placed:
            x = self.grid.sample_of_ppq(placed.ppq) - start
            if x <= 0:
                stream.cues.set_base(placed.change.applied(stream.cues.base, placed.state))
            elif x < end - start:
                stream.cues.add(x, placed.state, placed.change, placed.ppq)
        return stream

    def check_range(self, first_bar: int, last_bar: int) -> None:
        """Refuses a range that is reversed, too long, or past the end of a source that plays once."""
        if last_bar < first_bar:
            raise RefusedError(
                ErrorCode.BAD_ORDER, "bars", f"Bars {first_bar}-{last_bar} run backwards."
            )
        seconds = self.grid.seconds(last_bar) - self.grid.seconds(first_bar - 1)
        if seconds > MAX_RENDER_SECONDS:
            raise RefusedError(
                ErrorCode.LIMIT,
                "bars",
                f"Bars {first_bar}-{last_bar} last {seconds / 3600:.1f} h; render at most {MAX_RENDER_SECONDS // 3600} h at once.",
            )
        end = self.source_end_sample()
        if end is not None and self.grid.sample(last_bar - 1) >= end:
            final = self.grid.bar_of_sample(max(0, end - 1)) + 1
            raise PastEndError(
                final,
                f"Bar {last_bar} lies past the end of the source, which ends in bar {final}. "
                "Ask for fewer bars, or let the source repeat (--repeat 4, or repeat_bars).",
            )


def map_of(message: TempoMapMessage) -> tuple[TempoMap, MeterMap]:
    """The maps a message describes; RefusedError names the entry that is wrong."""
    tempo = TempoMap([TempoSegment(e.ppq, e.bpm_start, e.bpm_end, e.law) for e in message.tempo])
    meter = MeterMap([_signature_change(entry) for entry in message.meter])
    return tempo, meter


def _signature_change(entry: MeterEntry) -> SignatureChange:
    start = None if entry.ppq is None else Fraction(entry.ppq)
    return SignatureChange(entry.bar - 1, entry.numerator, entry.denominator, start)


def live_stream(
    song: Song, *, stream_id: int, geometry: Geometry, origin: Origin, sink: Sink, **options: object
) -> Stream:
    """A stream that follows the host, with the song's placed changes still ahead of it."""
    stream = Stream(
        stream_id=stream_id,
        geometry=geometry,
        grid=song.grid,
        map_revision=song.map_revision,
        settings=song.base,
        origin=replace(origin, x=0),
        sink=sink,
        **options,  # type: ignore[arg-type]
    )
    for placed in song.placed:
        stream.adopt(placed.ppq, placed.change, placed.state)
    return stream


def _check_bars(grid: BarGrid, geometry: Geometry) -> None:
    for bar in _bars_to_check(grid):
        check_bars_fit(grid, range(bar, bar + 1), geometry, "tempo")


def _bars_to_check(grid: BarGrid) -> list[int]:
    """Bars that can be the longest: a segment's tempo is slowest at one of its ends.

    Two bars back, as the bar before a change may be cut short.
    """
    edges = {grid.meter.bar_at(segment.start_ppq) for segment in grid.tempo.segments}
    edges |= {change.bar for change in grid.meter.changes}
    return sorted({max(0, edge + step) for edge in edges for step in (-2, -1, 0, 1)})

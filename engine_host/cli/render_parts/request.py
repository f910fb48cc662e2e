"""A whole render: one song or several, and what they share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bridge_protocol.errors import ErrorCode, RefusedError
from engine_host.cli import options
from engine_host.cli.opened import OpenedProject
from engine_host.cli.render_parts.part import Part
from engine_host.files import Depth
from engine_host.models.catalogue.loras import AskedLora
from engine_host.models.interface import Model
from engine_host.session.song import Song
from engine_host.stream.sources import Placement, Source

DEFAULT_RATE_HZ = 48_000
DEFAULT_BARS_WITHOUT_SOURCE = 8
DEPTHS: tuple[Depth, ...] = ("16", "24", "float")


@dataclass(frozen=True, eq=False)
class Request:
    """Every part is rendered over the same bars of the same maps.

    ``bars`` is the first and the last bar, counted from 1, or None for what the sources last.
    ``mix``: the parts' sum is wanted too. ``project`` is where maps, lanes and notes may come from,
    and ``remarks`` what is to be said about that.
    """

    parts: tuple[Part, ...]
    maps: options.Maps
    bars: tuple[int, int] | None
    rate_hz: int
    depth: Depth = "24"
    window_bars: int = 4
    mix: bool = False
    project: OpenedProject | None = None
    remarks: tuple[str, ...] = ()

    def loras(self) -> tuple[AskedLora, ...]:
        """All that its parts will play."""
        return tuple(
            AskedLora(lora.name, part.field("lora")) for part in self.parts for lora in part.loras
        )

    def for_model(self, model: Model) -> Request:
        """It, with what its parts name looked up in the model's library; RefusedError names the part's field."""
        return replace(self, parts=tuple(part.for_model(model) for part in self.parts))


def file_depth(bits: str, field: str) -> Depth:
    """16, 24 or float."""
    for depth in DEPTHS:
        if bits == depth:
            return depth
    raise RefusedError(ErrorCode.OUT_OF_RANGE, field, f"{bits!r}: give 16, 24 or float.")


def output_rate(asked_hz: int | None, parts: Sequence[Part], field: str) -> int:
    """As asked; else the sources' own where it is one and the engine can serve it; else 48 kHz."""
    if asked_hz is not None:
        return options.checked_rate(asked_hz, field)
    rates = {source.rate_hz for part in parts if (source := _source(part)) is not None}
    rate_hz = rates.pop() if len(rates) == 1 else DEFAULT_RATE_HZ
    return rate_hz if rate_hz % 25 == 0 and rate_hz >= 8_000 else DEFAULT_RATE_HZ


def range_of(request: Request, songs: Sequence[Song]) -> tuple[int, int]:
    """First and last bar, counted from 1, checked against every song."""
    first, last = request.bars or _range_of_sources(request, songs)
    for part, song in zip(request.parts, songs, strict=True):
        try:
            song.check_range(first, last)
        except RefusedError as error:
            if not part.name or error.code is not ErrorCode.RANGE_PAST_END:
                raise
            raise RefusedError(error.code, part.field("source"), error.message) from None
    return first, last


def _range_of_sources(request: Request, songs: Sequence[Song]) -> tuple[int, int]:
    """The bars that the sources last; refused where they don't agree."""
    ranges = {
        part.name: found
        for part, song in zip(request.parts, songs, strict=True)
        if (found := _source_bars(song)) is not None
    }
    if len(set(ranges.values())) > 1:
        told = ", ".join(f"{name} {first}-{last}" for name, (first, last) in ranges.items())
        raise RefusedError(
            ErrorCode.BAD_FIELD, "bars", f"The sources last different bars ({told}); say which."
        )
    return next(iter(ranges.values()), (1, DEFAULT_BARS_WITHOUT_SOURCE))


def _source_bars(song: Song) -> tuple[int, int] | None:
    end, placement = song.source_end_sample(), song.base.source
    if end is None or not isinstance(placement, Placement):
        return None
    first = song.grid.meter.bar_at(placement.at_ppq)
    return first + 1, max(first, song.grid.bar_of_sample(end - 1)) + 1


def _source(part: Part) -> Source | None:
    placement = part.placement("source")
    return None if placement is None else placement.source

"""How a stream's bars are tiled into windows, and what is rendered where the engine is too slow.

Under the engine's lock, as the stream that owns it.
"""

from __future__ import annotations

from dataclasses import dataclass

from bridge_protocol.bars import BarGrid
from engine_host.models.interface import Geometry
from engine_host.stream.plan import Plan, make_plan
from engine_host.stream.playline import Leg
from engine_host.stream.settings import Settings
from engine_host.stream.windows import Window, frames_of, window_of

KEPT_PLANS = 128


@dataclass(frozen=True)
class Tile:
    """The window that a bar is heard from, and which of its bars; another one than was asked for
    where only every 2nd, 4th, ... window is rendered."""

    window: Window
    bar: int


class Tiling:
    """See the module. ``every``: of so many windows one is rendered, and heard in their places."""

    def __init__(
        self, grid: BarGrid, map_revision: int, geometry: Geometry, window_bars: int
    ) -> None:
        self.grid = grid
        self.window_bars = window_bars
        self._map_revision, self._geometry = map_revision, geometry
        self._every = 1
        self._tiles: dict[tuple[int, tuple[int, int] | None], Tile] = {}
        self._plans: dict[tuple[Window, Settings, int, int], Plan] = {}

    def resized(self, window_bars: int) -> Tiling:
        """The same with windows of another size."""
        new = Tiling(self.grid, self._map_revision, self._geometry, window_bars)
        new.every = self._every
        return new

    def reshaped(self, geometry: Geometry) -> Tiling:
        """The same for a model of another geometry, and with every plan made anew."""
        new = Tiling(self.grid, self._map_revision, geometry, self.window_bars)
        new.every = self._every
        return new

    @property
    def every(self) -> int:
        """1; 2, 4, ... where the engine is too slow for every window."""
        return self._every

    @every.setter
    def every(self, every: int) -> None:
        self._every = every
        self._tiles.clear()

    def tile(self, bar: int, leg: Leg) -> Tile:
        """Where a bar of a leg is heard from."""
        key = (bar, self._loop_bars(leg))
        if key not in self._tiles:
            self._tiles[key] = self._made(*key)
        return self._tiles[key]

    def plan(self, window: Window, settings: Settings, leg: Leg) -> Plan:
        """The plan of a window under some settings; made once for each pass."""
        key = (window, settings, leg.epoch, leg.lap)
        if key not in self._plans:
            if len(self._plans) > KEPT_PLANS:
                self._plans.clear()
            frames = frames_of(window, self.grid, self._geometry)
            self._plans[key] = make_plan(frames, settings, leg)
        return self._plans[key]

    def window_seconds(self, bar: int, leg: Leg) -> float:
        """How long the window lasts that a bar is heard from."""
        window = self.tile(bar, leg).window
        return self.grid.seconds(window.end_bar) - self.grid.seconds(window.first_bar)

    def _made(self, bar: int, loop: tuple[int, int] | None) -> Tile:
        anchor = loop[0] if loop else 0
        thinned = (bar - anchor) // self.window_bars % self._every
        heard = bar - thinned * self.window_bars
        window = window_of(
            heard, self.window_bars, self.grid, self._map_revision, self._geometry, loop
        )
        return Tile(window, heard)

    def _loop_bars(self, leg: Leg) -> tuple[int, int] | None:
        """The loop in bars, where it begins and ends on bar lines (else windows don't wrap)."""
        if leg.looping is None:
            return None
        grid = self.grid
        first, end = grid.bar_of_sample(leg.looping.start), grid.bar_of_sample(leg.looping.end)
        if (grid.sample(first), grid.sample(end)) != (leg.looping.start, leg.looping.end):
            return None
        return first, end

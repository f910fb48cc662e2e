"""Parts of a song by the names that its locators give them."""

from __future__ import annotations

from fractions import Fraction

from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.meter import MeterMap
from daw_clients.projects.printable import printable
from daw_clients.projects.project import Locator, Project

_SHOWN = 12  # names that a refusal lists
_REGION_END = " (end)"  # what the REAPER importer puts behind a region's name at its end


def section_bars(project: Project, name: str, field: str = "bars") -> tuple[int, int]:
    """The bars from a locator to the next one behind it, or to its own end where it is a region:
    0-based ``(first, end)``, ``end`` outside. Each is moved to the bar line nearest to it, and
    there is one bar at least.

    Case doesn't count. Raises ``RefusedError`` ``BAD_FIELD`` where no locator or several have the
    name, or none follows.
    """
    ordered = sorted(project.locators, key=lambda locator: locator.ppq)
    start = _only(ordered, name, project.meter, field)
    end = _end(ordered, start)
    first = nearest_bar(project.meter, start.ppq)
    if end is None:
        text = f"nothing follows {printable(start.name)!r}, in bar {first + 1}; give its bars"
        raise RefusedError(ErrorCode.BAD_FIELD, field, text)
    return first, max(nearest_bar(project.meter, end.ppq), first + 1)


def nearest_bar(meter: MeterMap, ppq: float) -> int:
    """The 0-based bar whose start is nearest; of two equally near ones the earlier."""
    bar = meter.bar_at(ppq)
    start, end = meter.bar_start(bar), meter.bar_start(bar + 1)
    return bar if Fraction(ppq) - start <= end - Fraction(ppq) else bar + 1


def _only(ordered: list[Locator], name: str, meter: MeterMap, field: str) -> Locator:
    key = name.strip().casefold()
    found = [locator for locator in ordered if locator.name.strip().casefold() == key]
    if len(found) == 1:
        return found[0]
    shown = repr(printable(name))
    if found:
        bars = ", ".join(str(nearest_bar(meter, locator.ppq) + 1) for locator in found[:_SHOWN])
        text = f"{len(found)} locators are called {shown}, at bars {bars}; give bars, e.g. 5-8"
    else:
        known = ", ".join(printable(locator.name) for locator in ordered[:_SHOWN] if locator.name)
        text = (
            f"{shown} is no range of bars, e.g. 5-8, and no locator; known are: {known or 'none'}"
        )
    raise RefusedError(ErrorCode.BAD_FIELD, field, text)


def _end(ordered: list[Locator], start: Locator) -> Locator | None:
    later = [locator for locator in ordered if locator.ppq > start.ppq]
    own = [locator for locator in later if locator.name == start.name + _REGION_END]
    return next(iter(own or later), None)

"""``anacrusis bars``: the bar grid of a tempo map, to the sample."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bridge_protocol.bars import BarGrid, BarLine
from daw_clients.projects.project import Locator
from engine_host.cli import options
from engine_host.cli.opened import (
    OpenedProject,
    bar_range,
    given_options,
    opened_project,
    refuse_beside_project,
    refuse_without_project,
    tell,
)
from engine_host.cli.project_options import LiveLawWord, ProjectFile
from engine_host.cli.project_overview import place_words, shown_name


def bars(
    context: typer.Context,
    bars: Annotated[
        str,
        typer.Option(
            "--bars", help="The bars to list, e.g. 1-16; with --project also a locator's name."
        ),
    ] = "1-16",
    bpm: options.Bpm = None,
    tempo: options.Tempo = None,
    meter: options.Meter = "1:4/4",
    project: ProjectFile = None,
    live_law: LiveLawWord = None,
    rate: options.Rate = 48_000,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print where every bar line falls: quarter notes, seconds and samples.

    Example: anacrusis bars --tempo "1:120, 9:120>90/time, 17:90" --meter "1:4/4, 5:7/8" --bars 1-20
    """
    opened: OpenedProject | None = None
    if project is None:
        refuse_without_project(given_options(context), ("live_law",))
        maps = options.maps_of(bpm, tempo, meter)
    else:
        refuse_beside_project(given_options(context))
        opened = opened_project(project, live_law, "--project")
        maps = opened.maps
        tell(opened.remarks)
    grid = maps.grid(options.checked_rate(rate or 48_000))
    first, end = bar_range(bars, opened.project if opened else None, "--bars")
    lines = [grid.line(bar) for bar in range(first, end)]
    places = _by_bar(grid, maps.locators) if opened else None
    if as_json:
        typer.echo(json.dumps([_as_dict(line, places) for line in lines], indent=1))
    else:
        Console().print(_table(grid, lines, places))


_Places = dict[int, list[Locator]]


def _by_bar(grid: BarGrid, locators: Sequence[Locator]) -> _Places:
    """The locators of each bar, counted from 1."""
    found: _Places = {}
    for locator in sorted(locators, key=lambda locator: locator.ppq):
        found.setdefault(grid.meter.bar_at(locator.ppq) + 1, []).append(locator)
    return found


def _as_dict(line: BarLine, places: _Places | None) -> dict[str, Any]:
    told = {"bar": line.bar, "ppq": line.ppq, "seconds": line.seconds, "sample": line.sample}
    if places is None:
        return told
    here = places.get(line.bar, [])
    return {**told, "locators": [{"name": place.name, "ppq": place.ppq} for place in here]}


def _table(grid: BarGrid, lines: list[BarLine], places: _Places | None) -> Table:
    table = Table("bar", "ppq", "seconds", "sample", box=None)
    for column in table.columns:
        column.justify = "right"
    if places:
        table.add_column("locators")
    for line in lines:
        cells = [str(line.bar), f"{line.ppq:g}", f"{line.seconds:.6f}", str(line.sample)]
        here = places.get(line.bar, []) if places else []
        names = ", ".join(_in_bar(grid, line, place) for place in here)
        table.add_row(*cells, *([Text(names)] if places else []))
    return table


def _in_bar(grid: BarGrid, line: BarLine, place: Locator) -> str:
    """The locator's name, and where it is if that is not on the bar line."""
    name, at = shown_name(place), place_words(grid.meter, place.ppq)
    return name if at == str(line.bar) else f"{name} ({at})"

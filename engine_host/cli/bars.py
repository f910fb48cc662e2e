"""``anacrusis bars``: the bar grid of a tempo map, to the sample."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from bridge_protocol.bars import BarLine
from bridge_protocol.notation import parse_bar_range
from engine_host.cli import options


def bars(
    bars: Annotated[str, typer.Option("--bars", help="The bars to list, e.g. 1-16.")] = "1-16",
    bpm: options.Bpm = None,
    tempo: options.Tempo = None,
    meter: options.Meter = "1:4/4",
    rate: options.Rate = 48_000,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print where every bar line falls: quarter notes, seconds and samples.

    Example: anacrusis bars --tempo "1:120, 9:120>90/time, 17:90" --meter "1:4/4, 5:7/8" --bars 1-20
    """
    grid = options.maps_of(bpm, tempo, meter).grid(options.checked_rate(rate or 48_000))
    first, end = parse_bar_range(bars, "--bars")
    lines = [grid.line(bar) for bar in range(first, end)]
    if as_json:
        typer.echo(json.dumps([_as_dict(line) for line in lines], indent=1))
        return
    Console().print(_table(lines))


def _as_dict(line: BarLine) -> dict[str, float]:
    return {"bar": line.bar, "ppq": line.ppq, "seconds": line.seconds, "sample": line.sample}


def _table(lines: list[BarLine]) -> Table:
    table = Table("bar", "ppq", "seconds", "sample", box=None)
    for column in table.columns:
        column.justify = "right"
    for line in lines:
        table.add_row(str(line.bar), f"{line.ppq:g}", f"{line.seconds:.6f}", str(line.sample))
    return table

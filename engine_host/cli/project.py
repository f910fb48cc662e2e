"""``anacrusis project``: what a project file holds, and the same song as another kind of file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from daw_clients.projects.opening import write_project
from daw_clients.projects.printable import printable
from engine_host.cli import project_overview
from engine_host.cli.opened import OpenedProject, opened_project, tell
from engine_host.cli.project_options import LiveLawWord

OUT = "--out"


def project(
    file: Annotated[Path, typer.Argument(help="A .mid, .rpp, .dawproject or .als.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Write it as another file: .mid, .rpp or .dawproject."),
    ] = None,
    live_law: LiveLawWord = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show a project's tempo, signatures, locators, lanes and notes; or write it as another file.

    What the file holds and is not read, and what the other file can't hold, is said on standard
    error.

    Example: anacrusis project song.rpp --out song.dawproject
    """
    opened = opened_project(file, live_law, printable(file.name))
    tell(opened.remarks)
    overview = project_overview.as_dict(opened.project) if as_json else {}
    if out is not None:
        lost = _write(opened, out.expanduser())
        overview |= {"written": str(out), "lost": list(lost)}
        tell(lost)
    if as_json:
        typer.echo(json.dumps(overview, indent=1))
    elif out is not None:
        typer.echo(f"{out}: written")
    else:
        typer.echo("\n".join(project_overview.lines(opened.project)))


def _write(opened: OpenedProject, out: Path) -> tuple[str, ...]:
    opened.refuse_overwriting(out, OUT)
    lost = write_project(out, opened.project, OUT)
    return tuple(printable(words) for words in lost)

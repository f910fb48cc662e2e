"""The options about project files that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

PROJECT_PANEL = "Project file"  # a heading of --help

ProjectFile = Annotated[
    Path | None,
    typer.Option(
        "--project",
        help="Tempo and signatures from a project: .mid, .rpp, .dawproject or .als.",
        rich_help_panel=PROJECT_PANEL,
    ),
]
LiveLawWord = Annotated[
    str | None,
    typer.Option(
        "--live-law",
        help="Tempo automation of a Live set: as-drawn, or as-played (in steps of a sixteenth). "
        "[default: as-drawn]",
        rich_help_panel=PROJECT_PANEL,
    ),
]
ProjectLanes = Annotated[
    list[str] | None,
    typer.Option(
        "--project-lane",
        help='A lane of the project for a parameter, e.g. "denoise=Track 1/ReaComp/Threshold"; may '
        "be repeated. Lanes with a parameter's name are taken by themselves.",
        rich_help_panel=PROJECT_PANEL,
    ),
]
PlayNotes = Annotated[
    bool,
    typer.Option(
        "--notes",
        help="The model plays the project's notes, in place of its own.",
        rich_help_panel=PROJECT_PANEL,
    ),
]

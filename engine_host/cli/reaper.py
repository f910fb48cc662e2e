"""``anacrusis reaper``: the client for REAPER, put in place; and renders that its scripts ask for."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from daw_clients.reaper.packaging import CATEGORY
from engine_host.cli.reaper_parts import files
from engine_host.cli.reaper_parts.drop import answer_drop
from engine_host.cli.reaper_parts.folders import resource_folder, usual_folder

NEXT_STEPS = """
Next, in REAPER:
  1. Actions > Show action list > New action... > Load ReaScript...
  2. Go to {scripts}, select every anacrusis_ file (click the first, shift-click the last), Open.
  3. Only for the .py actions: Options > Preferences > Plug-ins > ReaScript must say that a Python
     is installed. Without one use "Anacrusis: Render time selection without Python".
  4. For automation: insert the effect "JS: Anacrusis Lanes" on any track (FX > JS, search Anacrusis).
  5. Start the engine with `anacrusis serve`, then run the action "Anacrusis: Connect".
"""

reaper_app = typer.Typer(
    help="The client for REAPER: put its scripts and its effect in place.",
    no_args_is_help=True,
    add_completion=False,
)

ResourcePath = Annotated[
    Path | None,
    typer.Option(
        "--resource-path",
        help="REAPER's resource folder. [default: where an installed REAPER has it]",
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]


@reaper_app.command("install")
def install(resource_path: ResourcePath = None, dry_run: DryRun = False) -> None:
    """Put the scripts and the effect into REAPER's resource folder, and say what to click next.

    Doing it again brings an older installation up to date. REAPER may run meanwhile.
    """
    folder = _folder(resource_path)
    steps = files.install_steps(folder, files.own_command())
    if dry_run:
        _tell(step.words for step in steps)
        return
    files.carry_out(steps, folder)
    written = sum(step.octets is not None and not step.same for step in steps)
    typer.echo(f"{folder}: {written} of {len(steps)} files written, the others were there")
    typer.echo(NEXT_STEPS.format(scripts=folder / "Scripts" / CATEGORY).rstrip())


@reaper_app.command("uninstall")
def uninstall(resource_path: ResourcePath = None, dry_run: DryRun = False) -> None:
    """Remove what install has put there; other files in those folders stay.

    The actions stay in REAPER's list until you remove them there: Actions > Show action list.
    """
    folder = _folder(resource_path)
    steps = files.uninstall_steps(folder)
    if dry_run:
        _tell(step.words for step in steps)
        return
    files.carry_out(steps, folder)
    typer.echo(f"{folder}: {len(steps)} files removed")


@reaper_app.command("drop")
def drop(
    request: Annotated[Path, typer.Argument(help="The request that a script has written.")],
) -> None:
    """Render what the script without Python asks for. It calls this by itself."""
    if not answer_drop(request):
        raise typer.Exit(2)


def _folder(given: Path | None) -> Path:
    return resource_folder(given, usual_folder(os.environ, sys.platform, Path.home()))


def _tell(lines: Iterable[str]) -> None:
    typer.echo("\n".join(lines))

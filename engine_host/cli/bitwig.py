"""``anacrusis bitwig``: the controller script for Bitwig Studio, put in place."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from bridge_protocol.errors import ErrorCode, RefusedError
from daw_clients.bitwig.packaging import FOLDER, shipped, usual_folder
from engine_host.files import replacing

FIELD = "--controllers-dir"
NEXT_STEPS = """
Next:
  1. Start the engine with `anacrusis serve`, and leave it running.
  2. `anacrusis gateway --show-token` prints a token; copy it.
  3. In Bitwig Studio: Dashboard (the Bitwig sign, top middle) > Settings > Controllers > Add
     controller. Choose the vendor Anacrusis, the controller Anacrusis, and click Add.
  4. There, paste the token into Token.
  5. In a project, add an audio track and name it Anacrusis. Prompt, seed and Follow are in the
     Studio I/O panel, under Anacrusis.
"""

bitwig_app = typer.Typer(
    help="The controller script for Bitwig Studio: put it in place.",
    no_args_is_help=True,
    add_completion=False,
)

ControllersDir = Annotated[
    Path | None,
    typer.Option(
        FIELD, help="Bitwig's folder for controller scripts. [default: where Bitwig has it]"
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]


@bitwig_app.command("install")
def install(controllers_dir: ControllersDir = None, dry_run: DryRun = False) -> None:
    """Put the script into Bitwig's folder for controller scripts, and say what to click next.

    Doing it again brings an older installation up to date; Bitwig loads it anew by itself.
    """
    folder = _folder(controllers_dir) / FOLDER
    files = {folder / source.name: source.read_bytes() for source in shipped()}
    changed = [path for path, octets in files.items() if not _holds(path, octets)]
    if dry_run:
        _tell(f"{'write   ' if path in changed else 'keep    '}{path}" for path in files)
        return
    try:
        folder.mkdir(exist_ok=True)
        for path in changed:
            with replacing(path) as temporary:
                temporary.write_bytes(files[path])
    except OSError as error:
        raise _broken(error) from None
    typer.echo(f"{folder}: {len(changed)} of {len(files)} files written, the others were there")
    typer.echo(NEXT_STEPS.rstrip())


@bitwig_app.command("uninstall")
def uninstall(controllers_dir: ControllersDir = None, dry_run: DryRun = False) -> None:
    """Remove what install has put there; other files in that folder stay.

    Bitwig lists the controller until you remove it there: Settings > Controllers.
    """
    folder = _folder(controllers_dir) / FOLDER
    ours = [folder / source.name for source in shipped() if (folder / source.name).is_file()]
    if dry_run:
        _tell(f"remove  {path}" for path in ours)
        return
    try:
        for path in ours:
            path.unlink()
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
    except OSError as error:
        raise _broken(error) from None
    typer.echo(f"{folder}: {len(ours)} files removed")


def _folder(given: Path | None) -> Path:
    folder = given.expanduser() if given else usual_folder(sys.platform, Path.home())
    if not folder.is_dir():
        text = (
            f"There is no folder {folder}. Start Bitwig Studio once, or look up where it keeps "
            f"controller scripts (Dashboard > Settings > Locations) and give that with {FIELD}."
        )
        raise RefusedError(ErrorCode.FILE_MISSING, FIELD, text)
    return folder


def _holds(path: Path, octets: bytes) -> bool:
    return path.is_file() and path.read_bytes() == octets


def _broken(error: OSError) -> RefusedError:
    text = f"{error.filename}: {error.strerror}. Look at the rights of that folder."
    return RefusedError(ErrorCode.FILE_BROKEN, FIELD, text)


def _tell(lines: Iterable[str]) -> None:
    typer.echo("\n".join(lines))

"""``anacrusis models``: what can play, what is here, and how more of it comes here."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from bridge_protocol.errors import ErrorCode, RefusedError
from engine_host.models.catalogue.adding import Origin, add_folder, check_free, differences
from engine_host.models.catalogue.checks import check_folder
from engine_host.models.catalogue.choice import HOUSE
from engine_host.models.catalogue.families import INDEX
from engine_host.models.catalogue.known import KNOWN, KnownModel, known_model
from engine_host.models.catalogue.listing import ListedModel, listed_models, size_words
from engine_host.models.catalogue.originals import Original, original_at, original_folders
from engine_host.models.catalogue.places import Place, library_names, place_of
from engine_host.models.catalogue.records import models_folder, record_path
from engine_host.models.catalogue.sizes import check_sizes

_console = Console(stderr=True, highlight=False, soft_wrap=True)
_PIPED_COLUMNS = 240
Name = Annotated[str, typer.Argument(metavar="NAME", help="A name of `anacrusis models list`.")]

models_app = typer.Typer(
    help="The models that can play: list, add, download, verify.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)


@models_app.callback()
def models() -> None:
    """The models that can play (docs/models.md)."""


@models_app.command("list")
def list_() -> None:
    """Say which models there are, which are here, and under which licence."""
    table = Table(box=None)
    for column in ("name", "family", "size", "licence", "state"):
        table.add_column(column, no_wrap=column == "name")
    table.add_column("where", overflow="fold")
    for listed in listed_models():
        table.add_row(*_row(listed))
    width = None if sys.stdout.isatty() else _PIPED_COLUMNS
    Console(highlight=False, width=width).print(table)
    typer.echo(f"Models are kept in {models_folder()} (ANACRUSIS_MODELS changes that).")


@models_app.command("add")
def add(
    path: Annotated[
        Path,
        typer.Argument(metavar="PATH", help="A folder in diffusers' or in ACE-Step's own layout."),
    ],
    name: Annotated[
        str | None, typer.Option("--name", help="What to call it. [default: the folder's name]")
    ] = None,
    convert: Annotated[
        bool,
        typer.Option(
            "--convert/--no-convert",
            help="Write an original ACE-Step checkpoint anew in diffusers' layout.",
        ),
    ] = True,
) -> None:
    """Take a folder into the library: check it, record its hashes, and convert it where it must be.

    A folder in diffusers' layout stays where it is. What is converted is written into the library.
    """
    folder = path.expanduser().absolute()
    if not folder.is_dir():
        raise RefusedError(ErrorCode.FILE_MISSING, "path", f"There is no folder {folder}.")
    told = name or folder.name
    if not (folder / INDEX).is_file() and original_folders(folder):
        if not convert:
            words = f"{folder} is in ACE-Step's own layout, which is only played converted."
            raise RefusedError(ErrorCode.BAD_FIELD, "--no-convert", words)
        known = known_model(told)
        origin = Origin(str(folder), "", known.licence if known else "")
        _convert(original_at(folder), told, origin)
        return
    with _bar("hashing") as progress:
        checked = add_folder(folder, told, progress)
    _tell_remarks(checked.remarks)
    typer.echo(f"{told}: {checked.family.words}, {size_words(checked.file_bytes)}, in {folder}")


@models_app.command("download")
def download(name: Name) -> None:
    """Get a model from Hugging Face; the same command goes on where it was interrupted."""
    from engine_host.models.catalogue.download import fetch, look  # noqa: PLC0415 - takes a second

    known = _known(name)
    place = check_free(name)
    remote = look(known)
    words = f"{known.words}: {size_words(remote.size)} from {known.page} ({known.licence})"
    _console.print(words, markup=False)
    target = _download_folder(known, place)
    fetch(known, remote, target)
    origin = Origin(known.page, remote.revision, known.licence)
    if known.original is not None:
        _convert(original_at(target / known.original), name, origin)
        shutil.rmtree(target)
        return
    target.rename(place)
    with _bar("hashing") as progress:
        checked = add_folder(place, name, progress, origin)
    typer.echo(f"{name}: {size_words(checked.file_bytes)}, in {place}")


@models_app.command("verify")
def verify(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="One model. [default: all that are here]")
    ] = None,
) -> None:
    """Check a model's files, its sizes against its configs, and its hashes against its record."""
    names = [name] if name else [one.name for one in listed_models() if one.folder is not None]
    wrong = [one for one in names if not _is_well(place_of(one))]
    if not names:
        typer.echo("Nothing is here but the house model, which is part of the program.")
    if wrong:
        words = f"Not as they should be: {', '.join(wrong)}; see above, and get them again."
        raise RefusedError(ErrorCode.FILE_BROKEN, "name", words)


@models_app.command("remove")
def remove(name: Name) -> None:
    """Forget a model; its files go where they lie in the library, and stay where you keep them."""
    if name == HOUSE or (name not in library_names()):
        raise RefusedError(ErrorCode.FILE_MISSING, "name", f"There is no added model {name!r}.")
    root = models_folder()
    record_path(root, name).unlink(missing_ok=True)
    if (root / name).is_dir() and not (root / name).is_symlink():
        shutil.rmtree(root / name)
    typer.echo(f"{name} is removed.")


def _convert(original: Original, name: str, origin: Origin) -> None:
    from engine_host.models.acestep.convert import convert  # noqa: PLC0415 - PyTorch takes seconds

    place = check_free(name)
    place.parent.mkdir(parents=True, exist_ok=True)
    with _bar("converting") as progress:
        convert(original, place, progress)
    with _bar("hashing") as progress:
        checked = add_folder(place, name, progress, origin)
    typer.echo(f"{name}: {size_words(checked.file_bytes)}, converted, in {place}")


def _known(name: str) -> KnownModel:
    known = known_model(name)
    if known is None:
        names = ", ".join(model.name for model in KNOWN)
        words = f"{name!r} can't be downloaded by name; these can: {names}."
        raise RefusedError(ErrorCode.FILE_MISSING, "name", words)
    return known


def _download_folder(known: KnownModel, place: Path) -> Path:
    """Hidden until it is whole, and the same every time, so that a download can go on."""
    return place.parent / f".{known.name}.download"


def _is_well(place: Place) -> bool:
    if place.folder is None:
        typer.echo(f"{place.name}: is part of the program")
        return True
    try:
        checked = check_folder(place.folder)
        check_sizes(checked)
        _tell_remarks(checked.remarks)
        if place.record is None:
            typer.echo(f"{place.name}: whole; it has no record, so its hashes were not compared")
            return True
        with _bar(f"hashing {place.name}") as progress:
            found = differences(place, progress)
    except RefusedError as error:
        found = [error.message]
    for words in found:
        typer.echo(f"{place.name}: {words}")
    if not found:
        typer.echo(f"{place.name}: well")
    return not found


def _row(listed: ListedModel) -> Iterator[str]:
    yield listed.name
    yield listed.family
    yield size_words(listed.file_bytes) if listed.file_bytes else "-"
    yield listed.licence
    yield listed.state
    yield str(listed.folder or "-")


def _tell_remarks(remarks: tuple[str, ...]) -> None:
    for words in remarks:
        _console.print("[yellow]note[/] ", end="")
        _console.print(words, markup=False)


@contextmanager
def _bar(words: str) -> Iterator[Callable[[int, int], None]]:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeElapsedColumn())
    with Progress(*columns, console=_console, transient=True) as progress:
        task = progress.add_task(words, total=None)

        def move(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total)

        yield move

"""A project file as a command sees it: opened once, with what is to be said about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import typer
from rich.console import Console

from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.notation import parse_bar_range
from bridge_protocol.tempo import TempoLaw
from daw_clients.projects.live_set import Law
from daw_clients.projects.opening import LIVE_SET, format_of, open_project
from daw_clients.projects.printable import printable
from daw_clients.projects.project import Project
from daw_clients.projects.sections import section_bars
from engine_host.cli.options import Maps

_LAWS: dict[str, Law] = {"as-drawn": "as_drawn", "as-played": "as_played"}
_OF_THE_PROJECT = frozenset({"bpm", "tempo", "meter"})
_console = Console(stderr=True, highlight=False, soft_wrap=True)


@dataclass(frozen=True)
class OpenedProject:
    """``remarks`` are sentences for standard error: what of the file is not read, and the like."""

    path: Path
    project: Project
    remarks: tuple[str, ...] = ()

    @property
    def maps(self) -> Maps:
        """Its tempo, its signatures and its locators."""
        return Maps(self.project.tempo, self.project.meter, self.project.locators)

    def refuse_overwriting(self, out: Path, field: str) -> None:
        """Refuses to write over the file that is read: what isn't read would be lost."""
        if out.exists() and out.samefile(self.path):
            text = f"{out} is the project that is read, and more is in it; write to another file"
            raise RefusedError(ErrorCode.BAD_FIELD, field, text)


def opened_project(
    path: Path, live_law: str | None, field: str, law_field: str = "--live-law"
) -> OpenedProject:
    """Reads a project file; refusals name ``field``, and ``law_field`` where that is wrong."""
    path = path.expanduser()
    law = _law(live_law, law_field)
    project = open_project(path, live_law=law, name=field)
    remarks = tuple(printable(words) for words in project.warnings)
    ramps = any(segment.law is TempoLaw.LINEAR_BEATS for segment in project.tempo.segments)
    if live_law is None and ramps and format_of(path, field) is LIVE_SET:
        text = "tempo lines are read as drawn; Live may play them in steps of a sixteenth"
        remarks = (*remarks, f"{text} ({law_field} as-played).")
    return OpenedProject(path, project, remarks)


def refuse_beside_project(given: Iterable[str], dashes: str = "--") -> None:
    """Tempo and signatures come from the project, and from nowhere else."""
    for name in given:
        if name in _OF_THE_PROJECT:
            text = f"With {dashes}project this comes from the file; leave it out."
            raise RefusedError(ErrorCode.BAD_FIELD, f"{dashes}{name}", text)


def refuse_without_project(given: Iterable[str], of_project: Iterable[str]) -> None:
    """``of_project`` are options that say something about a project that isn't there."""
    wanted = frozenset(of_project)
    for name in given:
        if name in wanted:
            text = "This is about a project file; give one with --project."
            raise RefusedError(ErrorCode.BAD_FIELD, f"--{name.replace('_', '-')}", text)


def given_options(context: typer.Context) -> list[str]:
    """The names of the parameters that the command line gives, as the function has them."""
    names = [parameter.name or "" for parameter in context.command.params]
    sources = {name: context.get_parameter_source(name) for name in names}
    return [name for name, source in sources.items() if source and source.name == "COMMANDLINE"]


def bar_range(text: str, project: Project | None, field: str) -> tuple[int, int]:
    """``5-8``, ``7``, or a locator of the project; 0-based ``(first, end)``, ``end`` outside."""
    try:
        return parse_bar_range(text, field)
    except RefusedError as error:
        if project is None or error.code is not ErrorCode.BAD_NOTATION:
            raise
    return section_bars(project, text, field)


def tell(remarks: Iterable[str]) -> None:
    """Prints each remark on standard error."""
    for words in remarks:
        _console.print("[yellow]note[/] ", end="")
        _console.print(words, markup=False)


def _law(word: str | None, field: str) -> Law:
    law = _LAWS.get("as-drawn" if word is None else word)
    if law is None:
        text = f"{word!r}: give {' or '.join(_LAWS)}."
        raise RefusedError(ErrorCode.OUT_OF_RANGE, field, text)
    return law

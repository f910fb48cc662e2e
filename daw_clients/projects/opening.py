"""Project files by name and content: one door for reading them, and one for writing.

What a file begins with decides what it is, for a renamed project is still what it was; where
that tells nothing, the name's end decides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from bridge_protocol.errors import ErrorCode, RefusedError
from daw_clients.projects.dawproject_read import read_dawproject
from daw_clients.projects.dawproject_write import write_dawproject
from daw_clients.projects.live_set import Law as LiveLaw
from daw_clients.projects.live_set import read_live_set
from daw_clients.projects.midi_export import write_midi
from daw_clients.projects.midi_file import read_midi
from daw_clients.projects.printable import printable
from daw_clients.projects.project import Project
from daw_clients.projects.reaper_export import write_reaper_project
from daw_clients.projects.reaper_project import read_reaper_project
from daw_clients.projects.replacing import replacing
from daw_clients.projects.written import Written

_HEAD_BYTES = 256
_BLANKS = b"\xef\xbb\xbf \t\r\n"  # what a text file may begin with before its first word


@dataclass(frozen=True)
class ProjectFormat:
    """A kind of project file. ``extensions`` are in lower case, the usual one first; ``write`` is
    None for what is only read."""

    name: str
    extensions: tuple[str, ...]
    begins: bytes
    read: Callable[[Path, str, LiveLaw], Project]
    write: Callable[[Path, Project], tuple[str, ...]] | None


def _to_disk(export: Callable[[Project], Written]) -> Callable[[Path, Project], tuple[str, ...]]:
    def write(path: Path, project: Project) -> tuple[str, ...]:
        written = export(project)
        with replacing(path) as file:
            file.write(written.data)
        return written.warnings

    return write


MIDI_FILE = ProjectFormat(
    "standard MIDI file",
    (".mid", ".midi", ".smf"),
    b"MThd",
    lambda path, name, law: read_midi(path, name),
    _to_disk(write_midi),
)
REAPER_PROJECT = ProjectFormat(
    "REAPER project",
    (".rpp", ".rpp-bak"),
    b"<REAPER_PROJECT",
    lambda path, name, law: read_reaper_project(path, name),
    _to_disk(write_reaper_project),
)
DAWPROJECT = ProjectFormat(
    "DAWproject",
    (".dawproject",),
    b"PK\x03\x04",
    lambda path, name, law: read_dawproject(path, name),
    lambda path, project: write_dawproject(path, project, title=path.stem),
)
LIVE_SET = ProjectFormat(
    "Live set",
    (".als",),
    b"\x1f\x8b",
    read_live_set,
    None,
)
FORMATS = (MIDI_FILE, REAPER_PROJECT, DAWPROJECT, LIVE_SET)


def open_project(path: Path, *, live_law: LiveLaw = "as_drawn", name: str = "") -> Project:
    """The song in a project file of any kind that is known.

    ``live_law`` says how a Live set's tempo is read (see ``live_set``); other files don't ask.
    Sizes are bounded before anything is read. A file whose name says another format than its
    content is read by its content, with a warning. Raises ``RefusedError``, its field ``name``
    (else the file's own), or that with what is wrong in the file behind a ``/``: ``BAD_FIELD`` for
    an unknown kind of file, ``FILE_MISSING``, ``FILE_BROKEN``, and what the format's reader raises.
    """
    name = name or printable(path.name)
    found = format_of(path, name)
    with _named(name):
        project = found.read(path, name, live_law)
    says = _by_extension(path)
    if says is None or says is found:
        return project
    text = f"its name says {says.name}, its content {found.name}; it is read as the latter"
    return replace(project, warnings=(text, *project.warnings))


def format_of(path: Path, name: str = "") -> ProjectFormat:
    """What kind of project a file is. Raises ``RefusedError``: ``FILE_MISSING``, ``FILE_BROKEN``
    for what is no file or can't be read, ``BAD_FIELD`` for an unknown kind."""
    name = name or printable(path.name)
    head = _head(path, name).lstrip(_BLANKS)
    for known in FORMATS:
        if head.startswith(known.begins):
            return known
    found = _by_extension(path)
    if found is None:
        text = f"{printable(path.name)} is no project file that is known; give {_list(FORMATS)}"
        raise RefusedError(ErrorCode.BAD_FIELD, name, text)
    return found


def write_project(path: Path, project: Project, name: str = "") -> tuple[str, ...]:
    """Writes a project in the format that the path's extension says; the file appears whole or not
    at all, and the same project gives the same bytes. Returned is, in words, what was lost.

    Raises ``RefusedError``, field ``name`` (else the file's own): ``BAD_FIELD`` for a format that
    isn't written, ``FILE_BROKEN`` where the disk refuses, and what the format's writer raises.
    """
    name = name or printable(path.name)
    found = _by_extension(path)
    if found is None or found.write is None:
        writable = [known for known in FORMATS if known.write is not None]
        text = f"{printable(path.name)} can't be written; end the name for {_list(writable)}"
        raise RefusedError(ErrorCode.BAD_FIELD, name, text)
    with _named(name):
        try:
            return found.write(path, project)
        except OSError as error:
            text = f"{path} can't be written ({error.strerror or error}); choose another place"
            raise RefusedError(ErrorCode.FILE_BROKEN, name, text) from None


def _by_extension(path: Path) -> ProjectFormat | None:
    suffix = path.suffix.lower()
    return next((known for known in FORMATS if suffix in known.extensions), None)


def _list(formats: tuple[ProjectFormat, ...] | list[ProjectFormat]) -> str:
    words = [f"a {known.name} ({', '.join(known.extensions)})" for known in formats]
    return f"{', '.join(words[:-1])} or {words[-1]}"


def _head(path: Path, name: str) -> bytes:
    if not path.exists():
        text = f"There is no file {path}."
        raise RefusedError(ErrorCode.FILE_MISSING, name, text)
    if not path.is_file():
        text = f"{path} is a folder or a device; give a project file"
        raise RefusedError(ErrorCode.FILE_BROKEN, name, text)
    try:
        with path.open("rb") as file:
            return file.read(_HEAD_BYTES)
    except OSError as error:
        text = f"{path} can't be read ({error.strerror}); give a file that can"
        raise RefusedError(ErrorCode.FILE_BROKEN, name, text) from None


@contextmanager
def _named(name: str) -> Iterator[None]:
    """Refusals from inside name the file, and hold nothing that a terminal would obey."""
    try:
        yield
    except RefusedError as error:
        inside = error.field == name or error.field.startswith(f"{name}/")
        field = error.field if inside else f"{name}/{error.field}"
        raise RefusedError(error.code, printable(field), printable(error.message)) from None

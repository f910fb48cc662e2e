"""Putting the REAPER client's files in place, and taking them away again."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bridge_protocol.errors import ErrorCode, RefusedError
from daw_clients.reaper.packaging import CATEGORY, LIBRARY, shipped
from engine_host.files import replacing

COMMAND_FILE = "anacrusis_command.txt"
_FOLDERS = (f"Scripts/{CATEGORY}", f"Effects/{CATEGORY}")


@dataclass(frozen=True)
class Step:
    """A file to be written (``octets``), or removed (None). ``same``: it is as it is to be."""

    path: Path
    octets: bytes | None
    same: bool = False

    @property
    def words(self) -> str:
        """For the user."""
        if self.octets is None:
            return f"remove  {self.path}"
        return f"{'keep    ' if self.same else 'write   '}{self.path}"


def install_steps(folder: Path, command: str) -> list[Step]:
    """What makes the installation complete: our files, and what an older version left of its own."""
    wanted = {folder / file.target: file.source.read_bytes() for file in shipped()}
    wanted[folder / "Scripts" / CATEGORY / COMMAND_FILE] = f"{command}\n".encode()
    writes = [Step(path, octets, _holds(path, octets)) for path, octets in wanted.items()]
    return [*writes, *(Step(path, None) for path in _ours(folder) if path not in wanted)]


def uninstall_steps(folder: Path) -> list[Step]:
    """What removes everything of ours; files of others in those folders stay."""
    return [Step(path, None) for path in _ours(folder)]


def carry_out(steps: Sequence[Step], folder: Path) -> None:
    """Does it; folders that end up empty go too. RefusedError ``FILE_BROKEN``."""
    try:
        for step in steps:
            _do(step)
        for name in _FOLDERS:
            _remove_empty(folder / name)
    except OSError as error:
        text = f"{error.filename}: {error.strerror}. Close REAPER, or look at its rights."
        raise RefusedError(ErrorCode.FILE_BROKEN, "file", text) from None


def own_command() -> str:
    """How this very program is called, for a script that can't know where it lies."""
    return f'"{sys.executable}" -m engine_host'


def _do(step: Step) -> None:
    if step.octets is None:
        step.path.unlink(missing_ok=True)
    elif not step.same:
        with replacing(step.path) as temporary:
            temporary.write_bytes(step.octets)


def _holds(path: Path, octets: bytes) -> bool:
    return path.is_file() and path.read_bytes() == octets


def _ours(folder: Path) -> list[Path]:
    """What is there and goes by one of our names, bytecode included."""
    scripts, effects = (folder / name for name in _FOLDERS)
    found = [*scripts.glob("anacrusis_*.py"), *scripts.glob("anacrusis_*.lua")]
    found += [scripts / COMMAND_FILE, *(scripts / LIBRARY).rglob("*.py")]
    found += [*(scripts / LIBRARY).rglob("*.pyc"), *effects.glob("Anacrusis*.jsfx")]
    return sorted(path for path in found if path.is_file())


def _remove_empty(folder: Path) -> None:
    """The folder and those in it, deepest first, as far as nothing is in them."""
    for path, _, _ in os.walk(folder, topdown=False):
        if not any(Path(path).iterdir()):
            Path(path).rmdir()

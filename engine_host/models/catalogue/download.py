"""A known model from Hugging Face: its size asked first, then its files, resumed where they broke
off, and every hash compared with what the repository says."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from huggingface_hub import HfApi, snapshot_download
from huggingface_hub.errors import (  # type: ignore[attr-defined]
    GatedRepoError,
    HTTPError,  # of whatever library it speaks HTTP with
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
)

from bridge_protocol.errors import ErrorCode, RefusedError
from engine_host.hashing import sha256_of
from engine_host.models.catalogue.known import KnownModel

SPARE_BYTES = 1 << 28
Tell = Callable[[str], None]


@dataclass(frozen=True)
class RemoteFile:
    """A file of the repository; ``sha256`` is None for those that are kept as plain text."""

    name: str
    size: int
    sha256: str | None


@dataclass(frozen=True)
class Remote:
    """A repository at one revision, and the files of it that are wanted."""

    revision: str
    files: tuple[RemoteFile, ...]

    @property
    def size(self) -> int:
        """Bytes in all."""
        return sum(file.size for file in self.files)


def look(known: KnownModel, endpoint: str | None = None) -> Remote:
    """What the repository has now. RefusedError in one sentence: FILE_MISSING where it can't be
    reached or is not there, BAD_FIELD where its terms were not accepted."""
    api = HfApi(endpoint=endpoint)
    info: Any = _asked(
        known, lambda: api.model_info(known.repository, files_metadata=True, timeout=20)
    )
    files = tuple(
        RemoteFile(entry.rfilename, entry.size or 0, entry.lfs.sha256 if entry.lfs else None)
        for entry in info.siblings or ()
        if any(fnmatch(entry.rfilename, pattern) for pattern in known.patterns)
    )
    if not files:
        raise RefusedError(
            ErrorCode.FILE_MISSING, "name", f"{known.page} holds no safetensors of this model."
        )
    return Remote(str(info.sha), files)


def fetch(known: KnownModel, remote: Remote, folder: Path, endpoint: str | None = None) -> None:
    """Brings the files into ``folder``; what is there whole already is not fetched again.

    RefusedError: LIMIT where the disk has too little room, FILE_MISSING where the connection
    breaks, HASH_MISMATCH where a file is not what the repository says (it is removed).
    """
    folder.mkdir(parents=True, exist_ok=True)
    _check_room(remote, folder)
    _asked(
        known,
        lambda: snapshot_download(
            known.repository,
            revision=remote.revision,
            local_dir=folder,
            allow_patterns=[file.name for file in remote.files],
            endpoint=endpoint,
        ),
    )
    _verify(remote.files, folder)


def _check_room(remote: Remote, folder: Path) -> None:
    missing = sum(file.size for file in remote.files if not _is_whole(folder / file.name, file))
    free = shutil.disk_usage(folder).free
    if free < missing + SPARE_BYTES:
        raise RefusedError(
            ErrorCode.LIMIT,
            "name",
            f"The download takes {missing / 1e9:.1f} GB, and {folder} has {free / 1e9:.1f} GB "
            "free; make room, or set ANACRUSIS_MODELS to a folder on a larger disk.",
        )


def _is_whole(path: Path, file: RemoteFile) -> bool:
    return path.is_file() and path.stat().st_size == file.size


def _verify(files: Sequence[RemoteFile], folder: Path) -> None:
    for file in files:
        path = folder / file.name
        if not _is_whole(path, file) or (file.sha256 and sha256_of(path) != file.sha256):
            path.unlink(missing_ok=True)
            raise RefusedError(
                ErrorCode.HASH_MISMATCH,
                "name",
                f"{file.name} is not what the repository says; it was removed. Download again.",
            )


def _asked(known: KnownModel, ask: Callable[[], Any]) -> Any:
    """What the hub's library raises, in one sentence each."""
    try:
        return ask()
    except GatedRepoError:
        words = (
            f"{known.page} asks you to accept its terms: do so there, then log in with `hf auth "
            "login` (or set HF_TOKEN), and download again."
        )
        raise RefusedError(ErrorCode.BAD_FIELD, "name", words) from None
    except RepositoryNotFoundError:
        words = f"{known.page} is not there (or needs a login: `hf auth login`)."
        raise RefusedError(ErrorCode.FILE_MISSING, "name", words) from None
    except (OfflineModeIsEnabled, LocalEntryNotFoundError, HTTPError, OSError) as error:
        raise _unreachable(known, error) from None


def _unreachable(known: KnownModel, error: Exception) -> RefusedError:
    first = (str(error).strip().splitlines() or [type(error).__name__])[0][:160]
    return RefusedError(
        ErrorCode.FILE_MISSING,
        "name",
        f"Hugging Face can't be reached ({first}). Download {known.page} on a machine that has a "
        f"network, copy the folder here, and `anacrusis models add PATH --name {known.name}`.",
    )

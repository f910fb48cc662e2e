"""The folder in which a gateway session's bars lie. Blocking; one thread at a time."""

from __future__ import annotations

import shutil
import tempfile
from collections import deque
from contextlib import suppress
from pathlib import Path

STALE_SECONDS = 7 * 24 * 3600
_KEEP = ".keep"


class SessionFolder:
    """A new folder in ``parent`` with a random name, which this user alone can enter.

    Its files have at most ``limit_bytes``: the oldest go. :meth:`close` deletes it, unless
    ``keep``. Folders in ``parent`` that a crash left behind are deleted when they are a week old.
    """

    def __init__(self, parent: Path, *, keep: bool, limit_bytes: int) -> None:
        parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.path = Path(tempfile.mkdtemp(prefix="session-", dir=parent.absolute()))
        self._keep, self._limit_bytes = keep, limit_bytes
        self._files: deque[tuple[Path, int]] = deque()
        self._bytes = 0
        self._count = 0
        if keep:
            (self.path / _KEEP).touch()
        self._sweep()

    def write(self, bar: int, octets: bytes) -> tuple[int, Path]:
        """Writes a file, whole or not at all; returns its number, from 1, and its path.

        OSError where the disk is full or fails.
        """
        number = self._count + 1
        path = self.path / f"bar-{bar:05d}-{number:06d}.wav"
        temporary = path.with_suffix(".part")
        try:
            temporary.write_bytes(octets)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
        self._count = number
        self._files.append((path, len(octets)))
        self._bytes += len(octets)
        return number, path

    def shrink(self) -> list[str]:
        """Deletes the oldest files until the limit is kept; returns their names."""
        gone: list[str] = []
        while self._bytes > self._limit_bytes and len(self._files) > 1:
            path, size = self._files.popleft()
            path.unlink(missing_ok=True)
            self._bytes -= size
            gone.append(path.name)
        return gone

    def close(self) -> None:
        """Deletes it, or leaves it to its user."""
        if not self._keep:
            shutil.rmtree(self.path, ignore_errors=True)

    def _sweep(self) -> None:
        now = self.path.stat().st_mtime  # by the disk's own clock
        for other in self.path.parent.glob("session-*"):
            with suppress(FileNotFoundError):  # another gateway may sweep too
                stale = now - other.stat().st_mtime > STALE_SECONDS
                if stale and not (other / _KEEP).exists():
                    shutil.rmtree(other, ignore_errors=True)

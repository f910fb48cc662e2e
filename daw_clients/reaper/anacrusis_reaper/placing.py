"""Bars in the project: the engine's files are taken over into its folder and laid on a track."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Mapping, Sequence

from .api import Api
from .handles import Item, Project, Track
from .refusal import RefusedError

FOLDER = "anacrusis"


@dataclass(frozen=True)
class Bar:
    """A rendered bar; ``path`` is the project's own copy."""

    number: int
    sample: int
    frames: int
    rate_hz: int
    path: str

    @property
    def start_s(self) -> float:
        """Its first sample's second: items are laid on samples, so that neighbours meet exactly."""
        return self.sample / self.rate_hz

    @property
    def length_s(self) -> float:
        """Up to the next bar's first sample."""
        return (self.sample + self.frames) / self.rate_hz - self.start_s


def taken_over(announced: Mapping[str, Any], media_folder: str) -> Bar:
    """A bar that the engine announced, copied into the project's folder under a name that its sound
    decides. RefusedError ``FILE_BROKEN`` or ``HASH_MISMATCH``."""
    source = Path(str(announced["path"]))
    wanted, number = str(announced["hash"]), int(announced["bar"])
    folder = Path(media_folder) / FOLDER
    target = folder / f"bar {number:03d} {wanted[:16]}.wav"
    try:
        if not target.exists() or _hash(target) != wanted:
            folder.mkdir(parents=True, exist_ok=True)
            part = target.with_name(target.name + ".part")
            shutil.copyfile(str(source), str(part))
            part.replace(target)
        found = _hash(target)
    except OSError as error:
        words = f"Bar {number} could not be copied to {folder}: {error.strerror}."
        raise RefusedError("FILE_BROKEN", "path", words) from None
    if found != wanted:
        words = f"The file of bar {number} is not what the engine wrote; render again."
        raise RefusedError("HASH_MISMATCH", "path", words)
    return Bar(
        number,
        int(announced["sample"]),
        int(announced["frames"]),
        int(announced["rate"]),
        str(target),
    )


def lay(api: Api, track: Track, bars: Sequence[Bar]) -> list[Item]:
    """An item for each bar, at its sample, without fades."""
    return [
        api.add_file(track, bar.path, bar.start_s, bar.length_s, f"bar {bar.number}")
        for bar in bars
    ]


def lay_on_new_track(api: Api, project: Project, bars: Sequence[Bar], name: str) -> None:
    """All bars on a new last track, as one step of undo."""
    with api.one_undo_step(project, f"Anacrusis: {name}"):
        lay(api, api.add_track(project, name), bars)
    api.build_peaks(project)


def _hash(path: Path) -> str:
    hasher = hashlib.sha256()
    with path.open("rb") as file:
        for piece in iter(lambda: file.read(1 << 20), b""):
            hasher.update(piece)
    return hasher.hexdigest()

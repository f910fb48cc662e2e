"""Where REAPER keeps what it loads: its resource folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from bridge_protocol.errors import ErrorCode, RefusedError

FIELD = "--resource-path"
HOW_TO_FIND = (
    "in REAPER: Options > Show REAPER resource path in explorer/finder; then give that folder "
    f"with {FIELD}."
)


def usual_folder(environ: Mapping[str, str], platform: str, home: Path) -> Path:
    """Where an installed REAPER has it; a portable one has its own. ``platform``: ``sys.platform``."""
    if platform.startswith("win"):
        roaming = environ.get("APPDATA", "")
        return (Path(roaming) if roaming else home / "AppData" / "Roaming") / "REAPER"
    if platform == "darwin":
        return home / "Library" / "Application Support" / "REAPER"
    config = environ.get("XDG_CONFIG_HOME", "").strip()
    return (Path(config) if config else home / ".config") / "REAPER"


def resource_folder(given: Path | None, usual: Path) -> Path:
    """The folder as given, else the usual one. RefusedError ``FILE_MISSING`` where there is none,
    ``BAD_FIELD`` where a given one is not REAPER's."""
    if given is None:
        if not usual.is_dir():
            text = f"REAPER's resource folder is not at {usual}. Look it up {HOW_TO_FIND}"
            raise RefusedError(ErrorCode.FILE_MISSING, FIELD, text)
        return usual
    folder = given.expanduser()
    if not folder.is_dir():
        text = f"There is no folder {folder}. Look it up {HOW_TO_FIND}"
        raise RefusedError(ErrorCode.FILE_MISSING, FIELD, text)
    if not (folder / "Scripts").is_dir() and not any(folder.glob("reaper*.ini")):
        text = f"{folder} is not REAPER's: it has no reaper.ini and no Scripts. Look it up "
        raise RefusedError(ErrorCode.BAD_FIELD, FIELD, text + HOW_TO_FIND)
    return folder

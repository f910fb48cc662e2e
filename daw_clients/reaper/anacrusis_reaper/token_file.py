"""Where the gateway keeps its token on this machine; the same rule as the engine's own."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Mapping

from .refusal import RefusedError

VARIABLE = "ANACRUSIS_GATEWAY_TOKEN"
FILE_NAME = "gateway.token"


def token_path(environ: Mapping[str, str], platform: str, home: Path) -> Path:
    """The token's file. ``platform`` is ``sys.platform``."""
    if platform.startswith("win"):
        local = environ.get("LOCALAPPDATA", "")
        folder = Path(local) if local else home / "AppData" / "Local"
    elif platform == "darwin":
        folder = home / "Library" / "Application Support"
    else:
        data = environ.get("XDG_DATA_HOME", "").strip()
        folder = Path(data) if data else home / ".local" / "share"
    return folder / "anacrusis" / FILE_NAME


def read_token(environ: Mapping[str, str], path: Path) -> str:
    """The token: the environment's where it has one, else the file's.

    RefusedError ``FILE_MISSING`` where no gateway has run here yet.
    """
    given = environ.get(VARIABLE, "").strip()
    if given:
        return given
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        words = "There is no gateway token at {}: start the engine once with `anacrusis serve`."
        raise RefusedError("FILE_MISSING", "token", words.format(path)) from None


def token_here(platform: str) -> str:
    """The token of this user on this machine. Raises as :func:`read_token`."""
    return read_token(os.environ, token_path(os.environ, platform, Path.home()))

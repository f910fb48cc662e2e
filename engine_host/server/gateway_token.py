"""The secret that gateway clients sign in with: made once, kept in a file of the user's own."""

from __future__ import annotations

import hmac
import logging
import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import platformdirs

from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.gateway_frames import TOKEN_VARIABLE

SHORTEST = 16
LONGEST = 256
_RANDOM_BYTES = 32

logger = logging.getLogger("anacrusis")


@dataclass(frozen=True)
class GatewayToken:
    """The secret, which is in no repr, and where it comes from, in words for the user."""

    secret: str = field(repr=False)
    where: str

    def matches(self, given: str) -> bool:
        """Takes as long for a token that is almost right as for any other."""
        return hmac.compare_digest(self.secret.encode(), given.encode())


def token_file() -> Path:
    """Where the token is kept, for this user on this machine."""
    return platformdirs.user_data_path("anacrusis", appauthor=False) / "gateway.token"


def gateway_token(environment: Mapping[str, str], path: Path | None = None) -> GatewayToken:
    """The token of ``ANACRUSIS_GATEWAY_TOKEN``, else that of the file, which is made if need be.

    The file can be read by its user alone; one that others could read is closed to them, with a
    warning. RefusedError BAD_TOKEN where the token is too short or too long, FILE_BROKEN where the
    file can't be used.
    """
    given = environment.get(TOKEN_VARIABLE)
    if given is not None:
        return GatewayToken(_checked(given, TOKEN_VARIABLE), f"from {TOKEN_VARIABLE}")
    path = path or token_file()
    try:
        secret = _kept(path)
    except (OSError, UnicodeDecodeError) as error:
        text = f"{path} can't be used ({error}); delete it, or give a token in {TOKEN_VARIABLE}."
        raise RefusedError(ErrorCode.FILE_BROKEN, "token", text) from None
    return GatewayToken(_checked(secret, str(path)), f"in {path}")


def _kept(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        _make(path)
    if os.name == "posix" and path.stat().st_mode & 0o077:
        logger.warning("%s could be read by others; now it can't. Delete it for a new token", path)
        path.chmod(0o600)
    return path.read_text("utf-8").strip()


def _make(path: Path) -> None:
    """Two gateways may do this at once: the first one's token stands."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(secrets.token_urlsafe(_RANDOM_BYTES) + "\n")
        with suppress(FileExistsError):
            os.link(temporary, path)
    finally:
        temporary.unlink()


def _checked(secret: str, where: str) -> str:
    if not SHORTEST <= len(secret) <= LONGEST:
        text = f"A token has {SHORTEST} to {LONGEST} characters; that of {where} has {len(secret)}."
        raise RefusedError(ErrorCode.BAD_TOKEN, "token", text)
    return secret

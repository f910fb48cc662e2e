"""How a client comes in at a gateway: its address, and the first words. Pure; any thread."""

from __future__ import annotations

import os
from typing import Literal

from bridge_protocol import wire
from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.gateway_frames import (
    DEFAULT_GATEWAY_PORT,
    TOKEN_VARIABLE,
    Encoding,
    from_gateway,
    to_gateway,
)
from bridge_protocol.schema import Error, Ok, Refused, SignIn
from daw_clients.client.core import refusal_of

SCHEME = "gateway://"
DEFAULT_GATEWAY = f"{SCHEME}127.0.0.1:{DEFAULT_GATEWAY_PORT}"
SIGN_IN_TIMEOUT_S = 5.0

Sound = Literal["blocks", "files"]


class GatewayDoor:
    """Where a gateway is, and what it is told first.

    Without a ``token`` that of ANACRUSIS_GATEWAY_TOKEN is taken. RefusedError: NOT_SIGNED_IN where
    there is none, BAD_FIELD for an endpoint that is none.
    """

    def __init__(
        self,
        endpoint: str,
        token: str | None = None,
        *,
        encoding: Encoding = "msgpack",
        audio: Sound = "blocks",
        keep_files: bool = False,
    ) -> None:
        self.endpoint, self.encoding = endpoint, encoding
        self.host, self.port = _address(endpoint)
        given = os.environ.get(TOKEN_VARIABLE, "") if token is None else token
        if not given:
            text = f"Give a token, or set {TOKEN_VARIABLE} (`anacrusis gateway --show-token`)."
            raise RefusedError(ErrorCode.NOT_SIGNED_IN, "token", text)
        self._sign_in = SignIn(token=given, audio=audio, keep_files=keep_files)

    def first_frame(self) -> bytes:
        """What is sent before all else."""
        return to_gateway(wire.pack(self._sign_in), self.encoding)

    def checked_answer(self, body: bytes) -> str:
        """The folder of the session's files, "" where there is none; raises what was refused."""
        answer = wire.unpack_from_engine(from_gateway(body)).message
        if isinstance(answer, Refused | Error):
            raise _refused(answer)
        return answer.text if isinstance(answer, Ok) else ""


def _address(endpoint: str) -> tuple[str, int]:
    host, colon, port = endpoint.removeprefix(SCHEME).rstrip("/").rpartition(":")
    if not (endpoint.startswith(SCHEME) and colon and host and port.isdecimal()):
        text = f"{endpoint!r}: a gateway is named like {SCHEME}127.0.0.1:{DEFAULT_GATEWAY_PORT}."
        raise RefusedError(ErrorCode.BAD_FIELD, "endpoint", text)
    return host, int(port)


def _refused(answer: Refused | Error) -> RefusedError:
    error = refusal_of(answer)
    return RefusedError(error.code, "sign_in", error.message)

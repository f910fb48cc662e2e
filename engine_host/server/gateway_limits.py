"""What the gateway takes from its clients, and how long it waits for them."""

from __future__ import annotations

from dataclasses import dataclass

_MIB = 1024 * 1024


@dataclass(frozen=True)
class GatewayLimits:
    """Bytes, counts and seconds; docs/protocol.md names them all."""

    connections: int = 32
    queued_bytes: int = 32 * _MIB  # that wait for a client which does not read
    session_file_bytes: int = 2048 * _MIB
    sign_in_s: float = 10.0
    wrong_token_s: float = 1.0  # before a wrong token is refused
    frame_part_s: float = 30.0  # between two parts of one frame
    engine_s: float = 2.0  # for the engine to take a new connection
    parting_s: float = 1.0  # for a client to read the last words

"""What a client in another language needs to know of the protocol besides the messages' shapes."""

from __future__ import annotations

from dataclasses import dataclass

from bridge_protocol.errors import ErrorCode
from bridge_protocol.gateway_frames import DEFAULT_GATEWAY_PORT, MAX_FRAME_BYTES
from bridge_protocol.meter import DENOMINATORS, MAX_NUMERATOR
from bridge_protocol.parameters import PARAMETERS, ParameterSpec, parameter
from bridge_protocol.schema import VERSION_MAX, LaneMessage
from bridge_protocol.tempo import MAX_BPM, MIN_BPM
from bridge_protocol.wire import MAGIC, MAX_HEADER_BYTES, MAX_PAYLOAD_BYTES

PROMPT_CHARACTERS = 2000
"""The longest text that :class:`bridge_protocol.schema.Prompt` takes; a test holds it to that."""

LANES: tuple[ParameterSpec, ...] = tuple(spec for spec in PARAMETERS if spec.lane)
CODES: tuple[str, ...] = tuple(code.value for code in ErrorCode)


@dataclass(frozen=True)
class Fact:
    """A number; ``name`` in snake_case, with its unit."""

    name: str
    value: int | float


FACTS: tuple[Fact, ...] = (
    Fact("version", VERSION_MAX),
    Fact("gateway_port", DEFAULT_GATEWAY_PORT),
    Fact("max_frame_bytes", MAX_FRAME_BYTES),
    Fact("max_header_bytes", MAX_HEADER_BYTES),
    Fact("max_payload_bytes", MAX_PAYLOAD_BYTES),
    Fact("lane_rate_hz", int(LaneMessage(parameter="", revision=0).rate)),
    Fact("min_bpm", MIN_BPM),
    Fact("max_bpm", MAX_BPM),
    Fact("max_numerator", MAX_NUMERATOR),
    Fact("max_denominator", max(DENOMINATORS)),
    Fact("max_seed", int(parameter("seed").maximum)),
    Fact("prompt_characters", PROMPT_CHARACTERS),
)

__all__ = ["CODES", "FACTS", "LANES", "MAGIC", "PROMPT_CHARACTERS", "Fact"]

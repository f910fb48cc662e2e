"""A refusal as the wire has it."""

from __future__ import annotations

from bridge_protocol.errors import RefusedError
from bridge_protocol.schema import Error
from engine_host.session.song import PastEndError
from engine_host.stream.stream import TooLateError


def refusal(error: RefusedError, seq: int | None) -> Error:
    """The answer to the request ``seq`` (None: to a message whose number could not be read)."""
    reply = Error(re=seq, code=error.code.value, field=error.field, message=error.message)
    if isinstance(error, TooLateError):
        reply.next_bar = error.promise.bar + 1
        reply.next_sample = error.promise.sample
    if isinstance(error, PastEndError):
        reply.last_bar = error.last_bar
    return reply

"""The one list of error codes, and the exception that carries one.

Every refusal in the project, on the wire or on the command line, is a code, the name of the
field it is about, and a sentence that a user can act on.
"""

from __future__ import annotations

from enum import StrEnum


class ErrorCode(StrEnum):
    """What went wrong, as the wire and the command line spell it."""

    BAD_MESSAGE = "BAD_MESSAGE"
    BAD_FIELD = "BAD_FIELD"
    UNKNOWN_TYPE = "UNKNOWN_TYPE"
    VERSION = "VERSION"
    NOT_SIGNED_IN = "NOT_SIGNED_IN"
    BAD_TOKEN = "BAD_TOKEN"
    NOT_GREETED = "NOT_GREETED"
    OUT_OF_RANGE = "OUT_OF_RANGE"
    NOT_FINITE = "NOT_FINITE"
    WRONG_LENGTH = "WRONG_LENGTH"
    BAD_ORDER = "BAD_ORDER"
    BAD_NOTATION = "BAD_NOTATION"
    UNKNOWN_PARAMETER = "UNKNOWN_PARAMETER"
    UNKNOWN_SOURCE = "UNKNOWN_SOURCE"
    UNKNOWN_STREAM = "UNKNOWN_STREAM"
    CANNOT_HEAR = "CANNOT_HEAR"
    HASH_MISMATCH = "HASH_MISMATCH"
    EMPTY_SOURCE = "EMPTY_SOURCE"
    FILE_MISSING = "FILE_MISSING"
    FILE_BROKEN = "FILE_BROKEN"
    RANGE_PAST_END = "RANGE_PAST_END"
    TOO_LATE = "TOO_LATE"
    ENGINE_SLOW = "ENGINE_SLOW"
    LIMIT = "LIMIT"
    PORT_IN_USE = "PORT_IN_USE"
    NO_ENGINE = "NO_ENGINE"
    NOT_INSTALLED = "NOT_INSTALLED"
    CANCELLED = "CANCELLED"
    INTERNAL = "INTERNAL"


class RefusedError(Exception):
    """Something from outside was refused; nothing that was accepted before is changed.

    ``code`` says what kind, ``field`` names the field (dotted where it is nested), ``message`` is
    a sentence for the user that says what to do.
    """

    def __init__(self, code: ErrorCode, field: str, message: str) -> None:
        super().__init__(f"{code.value}: {field}: {message}")
        self.code = code
        self.field = field
        self.message = message

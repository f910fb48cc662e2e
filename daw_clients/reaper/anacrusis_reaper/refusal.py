"""The one exception of the client: something was refused, in words for the user."""

from __future__ import annotations


class RefusedError(Exception):
    """``code`` is the protocol's, or one of the client's own: ``GONE`` (what a handle named was
    deleted), ``NOTHING_SELECTED``, ``NOT_CONNECTED``. ``message`` is a sentence that says what to do.
    """

    def __init__(self, code: str, field: str, message: str) -> None:
        super().__init__(f"{code}: {field}: {message}")
        self.code = code
        self.field = field
        self.message = message

"""The languages that ACE-Step 1.5 sings in, by its own codes."""

from __future__ import annotations

from typing import Final

from bridge_protocol.errors import ErrorCode, RefusedError

DEFAULT_LANGUAGE: Final = "en"
_CODES = (
    "ar az bg bn ca cs da de el en es fa fi fr he hi hr ht hu id is it ja ko la lt ms ne nl no "
    "pa pl pt ro ru sa sk sr sv sw ta te th tl tr uk ur vi yue zh unknown"
)
LANGUAGES: Final = tuple(_CODES.split())


def language_code(told: str) -> str:
    """The code as the model was trained with it; RefusedError OUT_OF_RANGE about ``prompt``."""
    code = told.strip().lower()
    if code not in LANGUAGES:
        raise RefusedError(
            ErrorCode.OUT_OF_RANGE,
            "prompt",
            f"ACE-Step does not know the language {told.strip()[:20]!r}; "
            f"write one of {', '.join(LANGUAGES)}, as in lyrics(en):",
        )
    return code

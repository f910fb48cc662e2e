"""Calls at the next tick. REAPER takes code as a string and runs it in the script's namespace, so a
call is kept here under a number, and the string finds it again."""

from __future__ import annotations

from itertools import count
from typing import Callable

from .api import Api

_numbers = count(1)
_calls: dict[int, Callable[[], None]] = {}


def later(api: Api, call: Callable[[], None]) -> None:
    """Calls ``call`` once, at the next tick."""
    api.later(_code(call))


def at_exit(api: Api, call: Callable[[], None]) -> None:
    """Calls ``call`` when the script ends."""
    api.at_exit(_code(call))


def run(number: int) -> None:
    """What the string calls."""
    call = _calls.pop(number, None)
    if call is not None:
        call()


def _code(call: Callable[[], None]) -> str:
    number = next(_numbers)
    _calls[number] = call
    return f"__import__({__name__!r}, fromlist=['run']).run({number})"

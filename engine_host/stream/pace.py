"""When work must begin, and how much of the song an engine that is too slow renders."""

from __future__ import annotations

from collections.abc import Sequence

MAX_EVERY = 16
ROOM = 0.8  # of the time there is: with less needed than this, more of the song is rendered again


def every_window(every: int, making_seconds: float, window_seconds: float) -> int:
    """Of how many windows one is rendered (1, 2, 4, ... ``MAX_EVERY``), so that making one takes no
    longer than that many last; with room to spare before it goes back, so that it doesn't waver."""
    while every < MAX_EVERY and making_seconds > every * window_seconds:
        every *= 2
    while every > 1 and making_seconds < ROOM * (every // 2) * window_seconds:
        every //= 2
    return every


def must_begin(slacks: Sequence[float], request_to_sound: float, between_births: float) -> bool:
    """Whether the first of some pieces of work has to begin now, in seconds and in order of need.

    ``slacks[i]`` is how long piece ``i`` can wait until it must sound. It is heard in time if it
    begins ``request_to_sound`` before, and those before it in the row have been born by then.
    """
    return any(
        slack <= request_to_sound + place * between_births for place, slack in enumerate(slacks)
    )

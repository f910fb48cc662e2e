"""An offline render: asked for, and collected bar by bar."""

from __future__ import annotations

from typing import Callable, Mapping

from .frames import Message
from .placing import Bar
from .refusal import RefusedError
from .session import Session, gone
from .tasks import Part

STREAM = 65_535


def rendered_bars(
    session: Session, bars: tuple[int, int], window_bars: int, keep: Callable[[Message], Bar]
) -> Part:
    """Renders bars ``[first, end)``, from 0; returns them in order. Each is given to ``keep`` as soon
    as it is there, for the engine may delete its files.

    RefusedError: as the engine or ``keep`` refuses, ``NO_ENGINE`` where the engine ends under way,
    ``CANCELLED`` where it gives up, ``INTERNAL`` where a bar is missing.
    """
    first, end = bars
    for kind in ("audio_file", "render_done"):
        session.heard(kind, STREAM)
    request = {"type": "render", "stream": STREAM, "first_bar": first + 1, "last_bar": end}
    reply = yield session.ask(dict(request, window_bars=window_bars))
    session.tell({"type": "credit", "stream": STREAM, "epoch": 0, "frames": reply["sample"]})
    found: dict[int, Bar] = {}
    done: list[Message] = []
    try:
        while not done:
            if not session.link.is_open:
                raise gone()
            yield None
            done = session.heard("render_done", STREAM)
            found.update((f["bar"], keep(f)) for f in session.heard("audio_file", STREAM))
    finally:
        if not done and session.link.is_open:
            session.tell({"type": "cancel", "stream": STREAM})
    if done[0].get("cancelled"):
        words = "The engine gave the render up; what it said stands above. Try again."
        raise RefusedError("CANCELLED", "render", words)
    return _all_of(found, first, end)


def _all_of(found: Mapping[int, Bar], first: int, end: int) -> list[Bar]:
    wanted = range(first + 1, end + 1)
    missing = [bar for bar in wanted if bar not in found]
    if missing:
        words = f"{len(missing)} of {len(wanted)} bars did not arrive; render again."
        raise RefusedError("INTERNAL", "render", words)
    return [found[bar] for bar in wanted]

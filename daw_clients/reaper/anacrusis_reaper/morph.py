"""From one item to another: the earlier is the source, the later the target, and the pull between
them rises over the bars that are rendered. Afterwards the song is as it was."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Sequence

from .api import Api
from .handles import Item
from .item_sound import ItemSound, read_item
from .refusal import RefusedError
from .session import Session
from .song_map import SongMap
from .tasks import Part
from .upload import no_source, source_use, upload

LANE = "lane morph"


@dataclass(frozen=True, eq=False)
class MorphPlan:
    """The bars ``[first, end)`` over which the sound goes from ``a`` to ``b``."""

    a: ItemSound
    b: ItemSound
    bars: tuple[int, int]


def plan_morph(
    api: Api,
    items: Sequence[Item],
    selection_s: tuple[float, float],
    song: SongMap,
    rate_hz: int,
) -> Part:
    """Reads two items. The bars are those of the time selection; without one, from the earlier
    item's start to the end of the one that ends last. RefusedError: ``NOTHING_SELECTED``, and as
    ``read_item``."""
    if len(items) != 2:
        words = "Select two audio items: the sound goes from the earlier one to the later one."
        raise RefusedError("NOTHING_SELECTED", "items", words)
    ordered = sorted(items, key=lambda item: api.item_place(item).start_s)
    a = yield from read_item(api, ordered[0], song, rate_hz)
    b = yield from read_item(api, ordered[1], song, rate_hz)
    start_s, end_s = selection_s
    if end_s <= start_s:
        start_s = a.place.start_s
        end_s = max(sound.place.start_s + sound.place.length_s for sound in (a, b))
    return MorphPlan(a, b, song.bars_of(start_s, end_s))


def begin_morph(session: Session, plan: MorphPlan, song: SongMap) -> Part:
    """Sends both sounds and the lane. Both begin with the first bar, and again and again, by whole
    bars, so that there is always something of either."""
    at_ppq = float(song.meter.bar_start(plan.bars[0]))
    for role, sound in (("source", plan.a), ("target", plan.b)):
        name = yield from upload(session, sound)
        bars = _whole_bars(song, plan.bars[0], sound.place.length_s)
        yield session.ask(source_use(name, role, at_ppq, sound, bars))
    yield session.ask(_rise(plan, song, session.next_revision()))


def end_morph(session: Session, source: dict[str, Any]) -> Part:
    """Takes the target and the lane away; the ``source`` is again what it was before."""
    revision = session.next_revision()
    undo: list[dict[str, Any]] = [
        no_source("target"),
        source,
        {"type": "lane_clear", "parameter": "morph", "revision": revision},
    ]
    for message in undo:
        yield session.ask(message)


def _rise(plan: MorphPlan, song: SongMap, revision: int) -> dict[str, Any]:
    ends = [float(song.meter.bar_start(bar)) for bar in plan.bars]
    points = [{"position": ppq, "value": value} for ppq, value in zip(ends, (0.0, 1.0))]
    return {"type": "lane", "parameter": "morph", "revision": revision, "points": points}


def _whole_bars(song: SongMap, bar: int, length_s: float) -> int:
    bar_s = song.bar_seconds(bar + 1) - song.bar_seconds(bar)
    return max(math.ceil(length_s / bar_s - 1e-3), 1)

"""Sound on its way to the engine: announced by its hash, sent in pieces only if it isn't there."""

from __future__ import annotations

import hashlib
import sys
from array import array
from typing import Any

from .item_sound import ItemSound
from .refusal import RefusedError
from .session import Session
from .song_map import SongMap
from .tasks import Part
from .tempo_markers import on_tick

PIECE_FRAMES = 65_536


def upload(session: Session, sound: ItemSound) -> Part:
    """Sends the sound if the engine hasn't it; returns its hash."""
    limit = session.welcome.get("limits", {}).get("source_frames", sound.frames)
    if sound.frames > limit:
        raise RefusedError("LIMIT", "item", "The item is longer than the engine takes; split it.")
    octets = _little_endian(sound.samples)
    named: dict[str, Any] = {"hash": hashlib.sha256(octets).hexdigest()}
    begin = dict(named, type="source_begin", rate=sound.rate_hz, channels=sound.channels)
    reply = yield session.ask(dict(begin, frames=sound.frames, name=sound.name[:64]))
    if reply.get("have"):
        return named["hash"]
    width = 4 * sound.channels
    for offset in range(0, sound.frames, PIECE_FRAMES):
        count = min(PIECE_FRAMES, sound.frames - offset)
        piece = bytes(octets[offset * width : (offset + count) * width])
        block = dict(named, type="source_block", offset=offset, frames=count)
        yield session.ask(block, piece)
    yield session.ask(dict(named, type="source_end"))
    return named["hash"]


def source_use(name: str, role: str, at_ppq: float, sound: ItemSound, bars: int) -> dict[str, Any]:
    """Where a sound lies in the song; ``bars`` 0 plays it once."""
    use: dict[str, Any] = {"type": "source_use", "hash": name, "role": role, "at_ppq": at_ppq}
    if bars:
        use["repeat_bars"] = bars
    if sound.bpm is not None:
        use.update(tempo="own", bpm=sound.bpm)
    return use


def no_source(role: str) -> dict[str, Any]:
    """Takes a role's sound away."""
    return {"type": "source_use", "hash": "", "role": role}


def place_ppq(song: SongMap, sound: ItemSound) -> float:
    """Where the item begins; on the bar line where it is within a millisecond of it."""
    start_s = sound.place.start_s
    bar = song.bar_at(start_s)
    if abs(song.bar_seconds(bar) - start_s) <= 1e-3:
        return float(song.meter.bar_start(bar))
    return on_tick(song.tempo.ppq(start_s))


def _little_endian(samples: array[float]) -> memoryview:
    if sys.byteorder == "big":
        samples = array("f", samples)
        samples.byteswap()
    return memoryview(samples).cast("B")

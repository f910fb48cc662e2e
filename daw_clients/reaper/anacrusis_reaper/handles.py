"""What REAPER's functions take and give for objects: strings such as ``(MediaItem*)0x000...12``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar, TypeVar

_SHAPE = re.compile(r"\((\w+\*)\)0x([0-9A-Fa-f]+)")


@dataclass(frozen=True)
class Handle:
    """A pointer that was not null when it was made; what it names may be deleted since."""

    text: str
    kind: ClassVar[str] = ""
    word: ClassVar[str] = ""


class Project(Handle):
    """A project's tab."""

    kind = "ReaProject*"
    word = "project"


class Track(Handle):
    """A track."""

    kind = "MediaTrack*"
    word = "track"


class Item(Handle):
    """An item in a track."""

    kind = "MediaItem*"
    word = "item"


class Take(Handle):
    """A take of an item."""

    kind = "MediaItem_Take*"
    word = "take"


class Source(Handle):
    """What a take plays."""

    kind = "PCM_source*"
    word = "source"


class Envelope(Handle):
    """An envelope."""

    kind = "TrackEnvelope*"
    word = "envelope"


class Accessor(Handle):
    """A reader of a take's samples; to be destroyed by whoever made it."""

    kind = "AudioAccessor*"
    word = "reader"


H = TypeVar("H", bound=Handle)


def handle_of(kind: type[H], text: object) -> H | None:
    """The handle that a function gave; None for null, which REAPER writes as sixteen zeros.

    TypeError for what is no handle of this kind: then REAPER's functions are not those we know.
    """
    match = _SHAPE.fullmatch(str(text))
    if match is None or match.group(1) != kind.kind:
        raise TypeError(f"{text!r} is no {kind.kind}")
    return kind(str(text)) if int(match.group(2), 16) else None

"""The track that follows: every bar that the engine makes is laid in its place, in place of the one
that was there. These edits are no steps of undo."""

from __future__ import annotations

from typing import Any, Mapping

from .api import Api
from .handles import Item, Project, Track
from .placing import lay, taken_over

NAME = "Anacrusis follow"


class LiveTrack:
    """See the module. The track is made with the first bar, and again where it was deleted."""

    def __init__(self, api: Api, project: Project) -> None:
        self._api, self._project = api, project
        self._track: Track | None = None
        self._items: dict[int, Item] = {}
        self._hashes: dict[int, str] = {}

    def take(self, announced: Mapping[str, Any]) -> None:
        """Lays an announced bar. RefusedError as ``taken_over``."""
        number, name = int(announced["bar"]), str(announced["hash"])
        track = self._made_track()
        there = self._items.get(number)
        if there is not None and self._hashes[number] == name and self._api.is_there(there):
            return
        bar = taken_over(announced, self._api.media_folder(self._project))
        if there is not None:
            self._api.remove_item(track, there)
        (self._items[number],) = lay(self._api, track, [bar])
        self._hashes[number] = name

    def _made_track(self) -> Track:
        if self._track is None or not self._api.is_there(self._track):
            self._track = self._api.add_track(self._project, NAME)
            self._items.clear()
            self._hashes.clear()
        return self._track

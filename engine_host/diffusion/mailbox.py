"""Newest wins: what a slot reads when it is born is what was asked for last."""

from __future__ import annotations

import threading
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Mailbox(Generic[Item]):
    """Holds at most one item. Any thread, on either side; neither call waits for an item."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._item: Item | None = None

    def put(self, item: Item) -> Item | None:
        """Hold ``item``; hand back the one that it replaces and that nobody will ever take."""
        with self._lock:
            replaced, self._item = self._item, item
        return replaced

    def take(self) -> Item | None:
        """Hand out the newest item and forget it; None when nothing was put since."""
        with self._lock:
            item, self._item = self._item, None
        return item

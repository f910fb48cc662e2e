"""A bounded memory of what was computed: the least recently used goes first."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class Recent(Generic[Key, Value]):
    """At most ``capacity`` values. One thread at a time."""

    def __init__(self, capacity: int) -> None:
        self._values: OrderedDict[Key, Value] = OrderedDict()
        self._capacity = capacity

    def get(self, key: Key) -> Value | None:
        """The value, which counts as used; None where there is none."""
        if key not in self._values:
            return None
        self._values.move_to_end(key)
        return self._values[key]

    def put(self, key: Key, value: Value) -> None:
        """Keeps a value, and lets the oldest go where there are too many."""
        self._values[key] = value
        self._values.move_to_end(key)
        while len(self._values) > self._capacity:
            self._values.popitem(last=False)

    def got(self, key: Key, make: Callable[[], Value]) -> Value:
        """The value, made first where there is none."""
        found = self.get(key)
        if found is None:
            found = make()
            self.put(key, found)
        return found

    def __len__(self) -> int:
        return len(self._values)

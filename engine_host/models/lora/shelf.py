"""The library as one model sees it: which LoRAs fit, and those that play, loaded once."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch

from bridge_protocol.errors import RefusedError
from engine_host.models.interface import AdapterInfo
from engine_host.models.lora.adapter import Adapter, LayerSize
from engine_host.models.lora.file import fitting, load
from engine_host.models.lora.inject import Row
from engine_host.models.lora.library import Card, Entry, LoraLibrary

KEPT = 8  # loaded LoRAs beyond those that conditions still hold
_Stamp = tuple[str, int, int]


class LoraShelf:
    """An `engine_host.models.interface.Adapters`. ``sizes`` are the model's linear layers.

    LoRAs are loaded on the device and in the dtype of ``like``.
    """

    def __init__(
        self,
        library: LoraLibrary,
        model: str,
        sizes: Mapping[str, LayerSize],
        like: torch.Tensor,
    ) -> None:
        self._library, self._model, self.sizes, self._like = library, model, sizes, like
        self._loaded: OrderedDict[_Stamp, Adapter] = OrderedDict()
        self._lock = threading.Lock()

    def check(self, name: str, field: str) -> AdapterInfo:
        """See `engine_host.models.interface.Adapters`."""
        entry = self._library.entry(name, field)
        fitting(entry.look_at(field), self.sizes, self._model, field)
        return _info(entry, fits=True, text=entry.card.text)

    def digest(self, name: str, field: str) -> str:
        """See `engine_host.models.interface.Adapters`."""
        return self._library.entry(name, field).look_at(field).digest()

    def infos(self) -> list[AdapterInfo]:
        """See `engine_host.models.interface.Adapters`."""
        return [self._told(name) for name in self._library.names()]

    def take(self, names: Sequence[str]) -> Row:
        """The LoRAs of those names, place by place, loaded where they aren't yet. Encode thread.

        `RefusedError` as `check`, and NOT_FINITE; about ``lora_1`` to ``lora_4``.
        """
        return tuple(
            self.adapter(name, f"lora_{place}") if name else None
            for place, name in enumerate(names, 1)
        )

    def _told(self, name: str) -> AdapterInfo:
        entry = Entry(name, self._library.folder / name, Card())
        try:
            entry = self._library.entry(name, "name")
            return self.check(name, "name")
        except RefusedError as refused:
            return _info(entry, fits=False, text=refused.message[:400])

    def adapter(self, name: str, field: str) -> Adapter:
        """One of them, loaded where it isn't yet. Encode thread; `RefusedError` as `take`."""
        file = self._library.entry(name, field).look_at(field)
        stamp = _stamp(name, file.path)
        with self._lock:
            known = self._loaded.get(stamp)
            if known is None:
                placed = fitting(file, self.sizes, self._model, field)
                known = self._loaded[stamp] = load(file, placed, self._like, name, field)
            self._loaded.move_to_end(stamp)
            while len(self._loaded) > KEPT:
                self._loaded.popitem(last=False)
        return known


def _info(entry: Entry, *, fits: bool, text: str) -> AdapterInfo:
    card = entry.card
    return AdapterInfo(entry.name, fits, card.trigger_words, card.strength, text)


def _stamp(name: str, path: Path) -> _Stamp:
    """Another file under the same name is another LoRA."""
    told = path.stat()
    return name, told.st_mtime_ns, told.st_size

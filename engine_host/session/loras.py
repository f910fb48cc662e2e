"""LoRAs of the engine's library: what there is, and one put into a place."""

from __future__ import annotations

from dataclasses import dataclass

from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.schema import LibraryLora, LoraUse, Ok
from engine_host.models.interface import AdaptableModel, AdapterInfo, Adapters, Model
from engine_host.session.capabilities import check_hears
from engine_host.session.changes import Changes
from engine_host.stream.engine import Engine
from engine_host.stream.settings import set_adapter


@dataclass(frozen=True)
class LookedUp:
    """That a model can play a LoRA, and what its author recommends."""

    model: Model
    advice: str


class Loras:
    """See the module."""

    def __init__(self, engine: Engine, changes: Changes) -> None:
        self._engine, self._changes = engine, changes

    def look_up(self, message: LoraUse) -> LookedUp:
        """Reads the head of its file, so not under the engine's lock if it can be helped."""
        model, name = self._engine.model, message.name
        advice = recommended(adapters_of(model, "name").check(name, "name")) if name else ""
        return LookedUp(model, advice)

    def use(self, message: LoraUse, found: LookedUp) -> Ok:
        """A LoRA into a place, or out of it; the reply says what its author recommends. Under the
        engine's lock."""
        if found.model is not self._engine.model:  # another one has taken over since
            found = self.look_up(message)
        name = f"lora_use_{message.place}"
        edit = set_adapter(message.place, message.name)
        reply = self._changes.accept(message.seq, name, edit, message.when)
        reply.text = found.advice
        return reply


def adapters_of(model: Model, field: str) -> Adapters:
    """The LoRAs that the model can play; `RefusedError` CANNOT_HEAR where it can play none."""
    check_hears(model, "lora", field, "LoRAs")
    adapters = model.adapters if isinstance(model, AdaptableModel) else None
    if adapters is None:
        raise RefusedError(ErrorCode.CANNOT_HEAR, field, f"{model.name} has no library of LoRAs.")
    return adapters


def library_loras(model: Model) -> list[LibraryLora]:
    """The library, and which of it the model can play; empty for a model that plays no LoRAs."""
    if "lora" not in model.capabilities:
        return []
    return [
        LibraryLora(
            name=info.name,
            fits=info.fits,
            trigger_words=list(info.trigger_words),
            strength=info.strength,
            text=info.text,
        )
        for info in adapters_of(model, "name").infos()
    ]


def recommended(info: AdapterInfo) -> str:
    """What its author says, in a sentence; empty where that is nothing."""
    words = ", ".join(info.trigger_words)
    told = [f"Trigger words: {words}."] if words else []
    if info.strength != 1.0:
        told.append(f"Recommended strength: {info.strength:g}.")
    return " ".join(told)

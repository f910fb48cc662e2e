"""The LoRAs of a song: ``NAME`` or ``NAME:STRENGTH`` as written, then looked up for the model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.parameters import LORA_PLACES, parameter
from engine_host.models.catalogue.loras import AskedLora
from engine_host.models.interface import MergeableModel, Model
from engine_host.session.loras import adapters_of, recommended
from engine_host.stream.settings import Edit, set_adapter, set_value


@dataclass(frozen=True)
class Lora:
    """One of a song's LoRAs. ``strength`` None: as its author recommends.

    ``digest`` and ``advice`` are known once it was looked up.
    """

    name: str
    strength: float | None = None
    digest: str = ""
    advice: str = ""


def read_loras(texts: Sequence[str], field: str) -> tuple[Lora, ...]:
    """Place by place. `RefusedError`: LIMIT beyond four, BAD_NOTATION or OUT_OF_RANGE for a strength."""
    if len(texts) > LORA_PLACES:
        words = f"{len(texts)} LoRAs are asked for; there are {LORA_PLACES} places."
        raise RefusedError(ErrorCode.LIMIT, field, words)
    return tuple(_read(text, place, field) for place, text in enumerate(texts, 1))


def _read(text: str, place: int, field: str) -> Lora:
    name, colon, told = text.partition(":")
    if not colon:
        return Lora(name)
    try:
        strength = float(told)
    except ValueError:
        words = f"{text[:80]!r} won't do; give NAME or NAME:STRENGTH, e.g. city-pop:0.8."
        raise RefusedError(ErrorCode.BAD_NOTATION, field, words) from None
    return Lora(name, parameter(f"lora_{place}").check(strength, field))


def looked_up(lora: Lora, model: Model, field: str) -> Lora:
    """It, with what the library knows. `RefusedError` where it isn't there, or is another model's."""
    adapters = adapters_of(model, field)
    found = adapters.check(lora.name, field)
    strength = found.strength if lora.strength is None else lora.strength
    words = f"{lora.name}: {advice}" if (advice := recommended(found)) else ""
    return replace(lora, strength=strength, digest=adapters.digest(lora.name, field), advice=words)


def asked_to_merge(texts: Sequence[str], field: str) -> tuple[AskedLora, ...]:
    """What `check_model` is told of LoRAs that `merge_loras` will be given."""
    return tuple(AskedLora(lora.name, field, merged=True) for lora in read_loras(texts, field))


def merge_loras(model: Model, texts: Sequence[str], field: str) -> dict[str, list[str | float]]:
    """Puts LoRAs, as written, into the model's weights; by name the digest and the strength of each.

    `RefusedError` as `read_loras` and `looked_up`, CANNOT_HEAR where the weights can't be changed.
    """
    loras = [looked_up(lora, model, field) for lora in read_loras(texts, field)]
    if not loras:
        return {}
    if not isinstance(model, MergeableModel):
        words = f"{model.name} plays LoRAs in places only; take --lora."
        raise RefusedError(ErrorCode.CANNOT_HEAR, field, words)
    strengths = [1.0 if lora.strength is None else lora.strength for lora in loras]
    names = [lora.name for lora in loras]
    model.merge(list(zip(names, strengths, strict=True)), field)
    return {
        lora.name: [lora.digest, strength] for lora, strength in zip(loras, strengths, strict=True)
    }


def lora_edits(loras: Sequence[Lora]) -> Iterator[tuple[str, Edit]]:
    """The changes that put them into their places."""
    for place, lora in enumerate(loras, 1):
        yield f"lora_use_{place}", set_adapter(place, lora.name)
        if lora.strength is not None:
            yield f"lora_{place}", set_value(f"lora_{place}", lora.strength)

"""What a session makes of another model: its song keeps all that the new one can play, and the user
is told the rest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType

from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.parameters import parameter
from bridge_protocol.schema import Notice
from engine_host.models.interface import Model
from engine_host.session.loras import adapters_of
from engine_host.session.song import Song
from engine_host.stream.settings import Edit, Settings, set_adapter

_HEARD = (  # of the settings, what the model has to hear for it, and in words
    ("source", "source", "the source, and starts from noise"),
    ("target", "source", "the target"),
    ("structure", "structure", "the structure reference"),
    ("timbre", "timbre", "the timbre reference"),
    ("notes", "notes", "the notes"),
)


def new_defaults(old: Mapping[str, float], new: Mapping[str, float]) -> Edit:
    """What nobody has moved away from the old model's defaults goes to the new one's."""

    def edit(s: Settings) -> Settings:
        values = dict(s.values)
        for name in {*old, *new}:
            usual = parameter(name).default
            if values.get(name, usual) == old.get(name, usual):
                values[name] = new.get(name, usual)
        return replace(s, values=MappingProxyType(values))

    return edit


def without_misfits(model: Model, settings: Settings) -> tuple[list[Edit], list[Notice]]:
    """Takes the LoRAs out that the model can't play, and says which."""
    edits, told = [], []
    for place, name in enumerate(settings.adapters, 1):
        if not name:
            continue
        try:
            adapters_of(model, "name").check(name, "name")
        except RefusedError as refused:
            edits.append(set_adapter(place, ""))
            told.append(
                _notice(refused.code, f"LoRA place {place} is empty now: {refused.message}")
            )
    return edits, told


def unheard(model: Model, song: Song) -> Iterator[Notice]:
    """What the song has and the model can't hear or hold."""
    for role, capability, words in _HEARD:
        if getattr(song.base, role) is not None and capability not in model.capabilities:
            yield _notice(ErrorCode.CANNOT_HEAR, f"{model.name} can't hear {words}.")
    try:
        song.check_map(model.geometry)
    except RefusedError as refused:
        yield _notice(refused.code, refused.message)


def _notice(code: ErrorCode, words: str) -> Notice:
    return Notice(code=code.value, message=words[:500])

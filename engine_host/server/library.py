"""What the engine's library has, as the wire tells it."""

from __future__ import annotations

from bridge_protocol.errors import RefusedError
from bridge_protocol.schema import Library, LibraryModel
from engine_host.models.catalogue.choice import HOUSE
from engine_host.models.catalogue.listing import ListedModel, listed_models, size_words
from engine_host.models.interface import Model
from engine_host.session.loras import library_loras


def library_of(model: Model) -> Library:
    """Every model that can be named, and every LoRA with whether ``model`` can play it."""
    try:
        loras = library_loras(model)
    except RefusedError:  # this model was loaded without a library of them
        loras = []
    return Library(models=[_told(listed) for listed in listed_models()], loras=loras)


def _told(listed: ListedModel) -> LibraryModel:
    size = f", {size_words(listed.file_bytes)}" if listed.file_bytes else ""
    state = "" if listed.ready or listed.name == HOUSE else f"; {listed.state}"
    text = f"{listed.words}{size}{state}"
    return LibraryModel(name=listed.name, ready=listed.ready, text=text[:500])

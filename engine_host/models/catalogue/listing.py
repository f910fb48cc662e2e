"""Every model that can be named, and how it stands with each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bridge_protocol.errors import RefusedError
from engine_host.models.catalogue.checks import check_folder
from engine_host.models.catalogue.choice import HOUSE
from engine_host.models.catalogue.families import family_named
from engine_host.models.catalogue.known import known_model
from engine_host.models.catalogue.places import library_names, library_place

READY, NOT_HERE = "ready", "not downloaded"


@dataclass(frozen=True)
class ListedModel:
    """``state`` is ready, not downloaded, or what is wrong, in words; ``file_bytes`` those of its
    weights on disk."""

    name: str
    family: str
    words: str
    licence: str
    folder: Path | None
    file_bytes: int
    state: str

    @property
    def ready(self) -> bool:
        """Whether it can be asked for."""
        return self.state == READY


def size_words(file_bytes: int) -> str:
    """A size on disk, as people say it."""
    if file_bytes >= 100_000_000:
        return f"{file_bytes / 1e9:.1f} GB"
    return f"{file_bytes / 1e6:.1f} MB"


def listed_models() -> list[ListedModel]:
    """All of them, the house model first. Looks at file names and headers, milliseconds each."""
    return [_listed(name) for name in library_names()]


def _listed(name: str) -> ListedModel:
    if name == HOUSE:
        words = "the built-in model; nothing to download"
        return ListedModel(name, HOUSE, words, "Apache-2.0", None, 0, READY)
    known = known_model(name)
    words, licence = (known.words, known.licence) if known else ("added", "as its makers say")
    family = known.family if known else ""
    try:
        place = library_place(name)
        if place is None:
            return ListedModel(name, family, words, licence, None, 0, NOT_HERE)
        if place.record is not None:
            licence = place.record.licence or licence
        assert place.folder is not None
        checked = check_folder(place.folder)
    except RefusedError as error:
        return ListedModel(name, family, words, licence, None, 0, error.message)
    words = words if known else family_named(checked.family.name).words
    return ListedModel(
        name, checked.family.name, words, licence, place.folder, checked.file_bytes, READY
    )

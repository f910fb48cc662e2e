"""The user's LoRAs: a folder for each, with the file, its configuration, and a card.

``NAME/`` holds one ``.safetensors`` file, ``adapter_config.json`` where it came with one, and
``anacrusis.json``: trigger words, the strength its author recommends, the model it is for, a text.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec
import platformdirs
from msgspec import Meta

from bridge_protocol.errors import ErrorCode, RefusedError
from engine_host.models.lora.file import SUFFIX, LoraFile, find_lora, look_at
from engine_host.models.lora.scaling import CONFIG_FILE

CARD_FILE = "anacrusis.json"
ENVIRONMENT = "ANACRUSIS_LORAS"
MAX_CARD_BYTES = 1 << 16
_NAME = re.compile(r"[0-9a-zA-Z_-][0-9a-zA-Z_.-]{0,63}", re.ASCII)  # the wire's, and no hidden file

_Words = Annotated[str, Meta(max_length=64)]


class Card(msgspec.Struct, frozen=True):
    """What its author says of a LoRA; ``model`` is a word for people, the sizes decide."""

    trigger_words: Annotated[tuple[_Words, ...], Meta(max_length=16)] = ()
    strength: Annotated[float, Meta(ge=0.0, le=2.0)] = 1.0
    model: Annotated[str, Meta(max_length=64)] = ""
    text: Annotated[str, Meta(max_length=400)] = ""


def card_of(told: Mapping[str, object], field: str = "card") -> Card:
    """A card, every value in its bounds; RefusedError OUT_OF_RANGE says which isn't."""
    try:
        return msgspec.convert(told, Card)
    except msgspec.ValidationError as error:
        raise RefusedError(ErrorCode.OUT_OF_RANGE, field, f"{error}.") from None


@dataclass(frozen=True)
class Entry:
    """A LoRA of the library."""

    name: str
    folder: Path
    card: Card

    def look_at(self, field: str) -> LoraFile:
        """Its file, by the header; `RefusedError` as `engine_host.models.lora.file.look_at`."""
        return look_at(find_lora(self.folder, field), f"The LoRA {self.name}", field)


def default_folder() -> Path:
    """Where LoRAs are kept: ``ANACRUSIS_LORAS``, else anacrusis/loras in the user's data folder."""
    told = os.environ.get(ENVIRONMENT)
    if told:
        return Path(told).expanduser()
    return platformdirs.user_data_path("anacrusis", appauthor=False) / "loras"


@dataclass(frozen=True)
class LoraLibrary:
    """See the module. Any thread; the folder need not be there. ``at`` None: the user's own."""

    at: Path | None = None

    @property
    def folder(self) -> Path:
        """Where it is, as the environment says at this moment."""
        return self.at or default_folder()

    def names(self) -> list[str]:
        """What is there, in order; a folder whose name can't be asked for is left out."""
        if not self.folder.is_dir():
            return []
        return sorted(p.name for p in self.folder.iterdir() if p.is_dir() and is_name(p.name))

    def entry(self, name: str, field: str) -> Entry:
        """`RefusedError` about ``field``: FILE_MISSING with what there is, FILE_BROKEN for its card."""
        if not is_name(name) or not (self.folder / name).is_dir():
            there = ", ".join(self.names()[:12]) or "none yet; `anacrusis lora add PATH` adds one"
            text = f"There is no LoRA {name[:64]!r} in the library ({there})."
            raise RefusedError(ErrorCode.FILE_MISSING, field, text)
        return Entry(name, self.folder / name, _card(self.folder / name, field))

    def add(self, place: Path, name: str, card: Card, field: str) -> Entry:
        """Copies a file, or the one in a folder, with its configuration; there whole or not at all.

        `RefusedError` as `look_at`, and BAD_FIELD where the name won't do or is taken.
        """
        _check_free(self, name)
        source = find_lora(place.expanduser(), field)
        look_at(source, source.name, field)
        try:
            self._copy(source, name, card)
        except OSError as error:
            text = f"It could not be copied into {self.folder}: {error.strerror or error}."
            raise RefusedError(ErrorCode.FILE_BROKEN, field, text) from None
        return Entry(name, self.folder / name, card)

    def _copy(self, source: Path, name: str, card: Card) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self.folder, prefix=".new-") as work:
            made = Path(work) / name
            made.mkdir()
            shutil.copyfile(source, made / f"{name}{SUFFIX}")
            if (source.parent / CONFIG_FILE).is_file():
                shutil.copyfile(source.parent / CONFIG_FILE, made / CONFIG_FILE)
            text = msgspec.json.format(msgspec.json.encode(card), indent=1)
            (made / CARD_FILE).write_bytes(text)
            made.rename(self.folder / name)

    def remove(self, name: str, field: str) -> None:
        """Deletes its folder. `RefusedError` FILE_MISSING."""
        folder = self.entry(name, field).folder
        if folder.is_symlink():
            folder.unlink()
        else:
            shutil.rmtree(folder)


def is_name(name: str) -> bool:
    """Whether the protocol and every file system take it."""
    return bool(_NAME.fullmatch(name))


def _check_free(library: LoraLibrary, name: str) -> None:
    if not is_name(name):
        text = f"{name[:64]!r} won't do as a name: 1 to 64 of A-Z, a-z, 0-9, _, - and . inside."
        raise RefusedError(ErrorCode.BAD_FIELD, "name", text)
    if name.casefold() in map(str.casefold, library.names()):
        text = f"There is a LoRA {name} already; give another name, or remove it first."
        raise RefusedError(ErrorCode.BAD_FIELD, "name", text)


def _card(folder: Path, field: str) -> Card:
    path = folder / CARD_FILE
    if not path.is_file():
        return Card()
    try:
        if path.stat().st_size > MAX_CARD_BYTES:
            raise OSError("it is too large")
        return msgspec.json.decode(path.read_bytes(), type=Card)
    except (msgspec.MsgspecError, OSError, RecursionError) as error:
        text = f"{CARD_FILE} of the LoRA {folder.name} can't be read: {error}."
        raise RefusedError(ErrorCode.FILE_BROKEN, field, text) from None

"""The facts about the packaged weights that code needs, read from ``weights/config.json``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

WEIGHTS = Path(__file__).parent / "weights"


@dataclass(frozen=True)
class DecoderSizes:
    """The widths of the decoder's network."""

    width: int
    blocks: int
    kernel: int


@dataclass(frozen=True)
class HouseConfig:
    """What differs from one training of the house model to the next."""

    name: str
    tags: tuple[str, ...]  # row ``i + 1`` of the tag table is tag ``i``
    tag_slots: int
    halo_frames: int
    decoder: DecoderSizes
    transformer: Mapping[str, int | float]  # keyword arguments of AceStepTransformer1DModel


def load_config(folder: Path = WEIGHTS) -> HouseConfig:
    """Read ``config.json`` of a weights folder."""
    raw = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    return HouseConfig(
        name=raw["name"],
        tags=tuple(raw["tags"]),
        tag_slots=raw["tag_slots"],
        halo_frames=raw["halo_frames"],
        decoder=DecoderSizes(**raw["decoder"]),
        transformer=raw["dit"],
    )

"""The condition tokens: tags, key and tempo as rows of learned tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import torch

from engine_host.models.house.config import HouseConfig

Mode = Literal["minor", "major"]

_SLOWEST_BPM = 56
_BPM_STEP = 4
_FASTEST_ROW = 33


@dataclass(frozen=True)
class ConditionTables:
    """Row 0 of every table means "not given". ``place [3, 256]`` marks tag, key and tempo tokens."""

    tag_rows: Mapping[str, int]
    slots: int
    tag: torch.Tensor
    key: torch.Tensor
    tempo: torch.Tensor
    place: torch.Tensor

    @classmethod
    def from_weights(
        cls, weights: Mapping[str, torch.Tensor], config: HouseConfig
    ) -> ConditionTables:
        """Take the four tables out of ``dit.safetensors`` (float32)."""
        return cls(
            tag_rows={tag: row for row, tag in enumerate(config.tags, start=1)},
            slots=config.tag_slots,
            tag=weights["emb.weight"],
            key=weights["key.weight"],
            tempo=weights["bpm.weight"],
            place=weights["pos"],
        )

    def tokens(
        self, tags: Iterable[str], key: int | None, mode: Mode, bpm: float | None
    ) -> torch.Tensor:
        """``[slots + 2, 256]``; ``key`` 0..11 with C = 0. Tags past the last slot are dropped."""
        known = [self.tag_rows[tag] for tag in tags if tag in self.tag_rows][: self.slots]
        rows = known + [0] * (self.slots - len(known))
        tag = self.tag[torch.tensor(rows)] + self.place[0]
        pitch = self.key[[key_row(key, mode)]] + self.place[1]
        tempo = self.tempo[[tempo_row(bpm)]] + self.place[2]
        return torch.cat([tag, pitch, tempo])


def key_row(key: int | None, mode: Mode) -> int:
    """0 for no key, 1..12 for the minor keys from C, 13..24 for the major keys."""
    if key is None:
        return 0
    return 1 + key + (12 if mode == "major" else 0)


def tempo_row(bpm: float | None) -> int:
    """0 for no tempo, then one row for each 4 bpm from 56, the last for all that is faster."""
    if bpm is None:
        return 0
    return 1 + min(_FASTEST_ROW - 1, max(0, int((bpm - _SLOWEST_BPM) / _BPM_STEP)))

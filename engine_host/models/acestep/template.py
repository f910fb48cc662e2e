"""The strings that ACE-Step 1.5 was trained on, to the letter; its line breaks count.

Tempo, signature, key and duration reach the model as these words and in no other way.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from engine_host.models.acestep.prompt_text import PromptText
from engine_host.models.interface import GridFrames

Task = Literal["text2music", "cover", "repaint"]

INSTRUCTIONS: Final[dict[Task, str]] = {
    "text2music": "Fill the audio semantic mask based on the given conditions:",
    "cover": "Generate audio semantic tokens based on the given conditions:",
    "repaint": "Repaint the mask area based on the given conditions:",
}
_UNKNOWN = "N/A"
_SIGNATURES: Final = (2, 3, 4, 6)
_END = "<|endoftext|>"


@dataclass(frozen=True)
class Metas:
    """What the host's grid says: whole beats a minute, quarter notes in a bar, whole seconds.

    ``signature`` is None where the model knows no such bar.
    """

    bpm: int
    signature: int | None
    seconds: int


def metas_of(grid: GridFrames, frame_rate_hz: float) -> Metas:
    """Of one window: its mean tempo, rounded; the bar that most of it is in; its length."""
    lengths, counts = np.unique(np.round(grid.bar_quarters, 6), return_counts=True)
    usual = float(lengths[np.argmax(counts)])
    signature = int(usual) if usual in _SIGNATURES else None
    return Metas(round(float(np.mean(grid.bpm))), signature, int(len(grid.bpm) / frame_rate_hz))


def caption_string(task: Task, text: PromptText, metas: Metas) -> str:
    """What the text encoder reads."""
    signature = _UNKNOWN if metas.signature is None else str(metas.signature)
    return (
        f"# Instruction\n{INSTRUCTIONS[task]}\n\n# Caption\n{text.caption}\n\n# Metas\n"
        f"- bpm: {metas.bpm}\n- timesignature: {signature}\n- keyscale: {text.key or _UNKNOWN}\n"
        f"- duration: {metas.seconds} seconds\n{_END}\n"
    )


def lyric_string(text: PromptText) -> str:
    """What the lyric encoder reads, token by token."""
    return f"# Languages\n{text.language}\n\n# Lyric\n{text.lyrics}{_END}"

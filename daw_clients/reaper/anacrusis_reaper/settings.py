"""What the user chose for a project; kept in the project, and the port for the whole machine."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import Sequence

from .loras import CAPTION, lora_names
from .refusal import RefusedError

KEY = "settings"
CAPTIONS = ("Prompt", "Prompt B", "Negative prompt", "Seed", "Bars rendered together", CAPTION)
MOST_TEXT = 2000
MOST_SEED = 2**32 - 1
MOST_BARS = 64


@dataclass(frozen=True)
class Settings:
    """``window_bars``: how many bars are rendered together. ``loras``: as :func:`.lora_names` reads."""

    prompt: str = ""
    prompt_b: str = ""
    negative: str = ""
    seed: int = 0
    window_bars: int = 4
    loras: str = ""

    def fields(self) -> list[str]:
        """As the dialog shows them, in the order of ``CAPTIONS``."""
        numbers = [str(self.seed), str(self.window_bars)]
        return [self.prompt, self.prompt_b, self.negative, *numbers, self.loras]

    def text(self) -> str:
        """As the project keeps them."""
        return json.dumps(asdict(self), sort_keys=True)


def settings_of(text: str) -> Settings:
    """What :meth:`Settings.text` wrote; what can't be read has its default."""
    try:
        kept = json.loads(text)
    except ValueError:
        return Settings()
    found = Settings()
    if not isinstance(kept, dict):
        return found
    for name, default in asdict(found).items():
        if type(kept.get(name)) is type(default):
            found = replace(found, **{name: kept[name]})
    return found


def settings_from(fields: Sequence[str]) -> Settings:
    """What the user typed. RefusedError names the field."""
    prompt, prompt_b, negative, seed, bars, loras = (field.strip() for field in fields)
    for caption, text in zip(CAPTIONS, (prompt, prompt_b, negative)):
        if len(text) > MOST_TEXT:
            words = f"{caption} has more than {MOST_TEXT} characters."
            raise RefusedError("OUT_OF_RANGE", caption, words)
    lora_names(loras)
    return Settings(
        prompt=prompt,
        prompt_b=prompt_b,
        negative=negative,
        seed=_whole(CAPTIONS[3], seed, 0, MOST_SEED),
        window_bars=_whole(CAPTIONS[4], bars, 1, MOST_BARS),
        loras=loras,
    )


def _whole(caption: str, text: str, low: int, high: int) -> int:
    if not text.isdigit() or not low <= int(text) <= high:
        words = "{}: {!r} won't do; give a whole number from {} to {}."
        raise RefusedError("OUT_OF_RANGE", caption, words.format(caption, text, low, high))
    return int(text)

"""Normal noise that depends on its key and on nothing else.

A slot's noise is a function of ``(seed, generation, step, place)``: which other slots are in
flight, in which order they were born and on which device they run change no bit of it. ``place``
is a frame of the song: two windows that overlap draw the same noise where they do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from engine_host.diffusion.philox import WORD_MASK, Words4, philox4x32
from engine_host.diffusion.portable import cos_sin_turns, log

INITIAL_STEP = 0
"""The step index under which a slot's initial noise is drawn."""

FIRST_SOLVER_STEP = 1
"""Solver step ``i`` draws under the index ``FIRST_SOLVER_STEP + i``."""

MASK_STEP = WORD_MASK
"""The step index under which the fixed noise of an inpainting mask is drawn."""

_WORDS = 4
_TO_UNIT = 2.0**-32


@dataclass(frozen=True)
class NoiseKey:
    """Names one slot's noise: ``seed`` and ``generation``, both taken modulo 2**64.

    ``places``: the song frames that the slot's frames stand for, as runs ``(first, count)``;
    frames beyond the last run go on from it.
    """

    seed: int
    generation: int
    places: tuple[tuple[int, int], ...] = ((0, 0),)


def normal(
    keys: Sequence[NoiseKey],
    step: int | Sequence[int],
    frames: int,
    channels: int,
    device: torch.device | None = None,
) -> Tensor:
    """Standard normal noise ``[B, frames, channels]``, float32, one row for each key.

    ``step`` is one index for all rows or one for each. A row depends on its own key and step only,
    to the bit, on every device; a frame's values depend on its place and on no other frame. Values
    lie within +-6.8. Philox words (``philox.py``) turned into pairs by Box and Muller (1958). Any
    thread.
    """
    per_frame = -(-channels // _WORDS)
    words = _words(keys, _one_each(step, len(keys)), frames, per_frame, device)
    drawn = _box_muller(words).reshape(len(keys), frames, per_frame * _WORDS)
    return drawn[:, :, :channels]


def _one_each(step: int | Sequence[int], rows: int) -> list[int]:
    steps = [step] * rows if isinstance(step, int) else list(step)
    if len(steps) != rows:
        raise ValueError(f"{len(steps)} steps for {rows} keys")
    return steps


def _words(
    keys: Sequence[NoiseKey],
    steps: Sequence[int],
    frames: int,
    per_frame: int,
    device: torch.device | None,
) -> Words4:
    """Four tensors ``[B, frames * per_frame]``: the counter is (block, step, generation), the key
    the seed; a frame's blocks are numbered by its place."""
    rows = [
        (*_halves(key.seed), step & WORD_MASK, *_halves(key.generation))
        for key, step in zip(keys, steps, strict=True)
    ]
    table = torch.tensor(rows, dtype=torch.int64).reshape(len(rows), 5, 1).to(device)
    seed_low, seed_high, step, low, high = table.unbind(1)
    places = torch.tensor([_places(key, frames) for key in keys], dtype=torch.int64).to(device)
    within = torch.arange(per_frame, dtype=torch.int64, device=device)
    block = (places[:, :, None] * per_frame + within).flatten(1) & WORD_MASK
    return philox4x32((block, step, low, high), (seed_low, seed_high))


def _places(key: NoiseKey, frames: int) -> list[int]:
    found: list[int] = []
    for first, count in key.places:
        found.extend(range(first, first + count))
    last = found[-1] + 1 if found else key.places[-1][0]
    return [*found, *range(last, last + frames - len(found))][:frames]


def _halves(value: int) -> tuple[int, int]:
    return value & WORD_MASK, (value >> 32) & WORD_MASK


def _box_muller(words: Words4) -> Tensor:
    """``[B, 4 * blocks]`` float32: words 0 and 2 give radii, words 1 and 3 angles."""
    radius = torch.sqrt(-2.0 * log(_unit(torch.stack((words[0], words[2]), dim=-1), offset=0.5)))
    cosine, sine = cos_sin_turns(_unit(torch.stack((words[1], words[3]), dim=-1), offset=0.0))
    pairs = torch.stack((radius * cosine, radius * sine), dim=-1)
    return pairs.to(torch.float32).flatten(1)


def _unit(words: Tensor, offset: float) -> Tensor:
    """Words as float64 fractions of 2**32, exactly."""
    return (words.to(torch.float64) + offset) * _TO_UNIT

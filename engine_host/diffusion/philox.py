"""Philox4x32-10: random words from a counter and a key, with no state to keep.

Salmon, Moraes, Dror and Shaw, "Parallel Random Numbers: As Easy as 1, 2, 3" (SC 2011); checked
against the known-answer vectors that its authors publish with Random123.
"""

from __future__ import annotations

from torch import Tensor

Words4 = tuple[Tensor, Tensor, Tensor, Tensor]
Words2 = tuple[Tensor, Tensor]

WORD_MASK = 0xFFFFFFFF
_ROUNDS = 10
_MULTIPLIER_0 = 0xD2511F53
_MULTIPLIER_1 = 0xCD9E8D57
_WEYL_0 = 0x9E3779B9
_WEYL_1 = 0xBB67AE85


def philox4x32(counter: Words4, key: Words2) -> Words4:
    """Four words of 32 bits for each counter and key.

    Every tensor is int64 and holds values in [0, 2**32); the six broadcast against one another.
    Whole numbers only, so the words are the same on every device. Any thread.
    """
    for _ in range(_ROUNDS):
        counter = _round(counter, key)
        key = ((key[0] + _WEYL_0) & WORD_MASK, (key[1] + _WEYL_1) & WORD_MASK)
    return counter


def _round(counter: Words4, key: Words2) -> Words4:
    high_0, low_0 = _multiply(counter[0], _MULTIPLIER_0)
    high_1, low_1 = _multiply(counter[2], _MULTIPLIER_1)
    return high_1 ^ counter[1] ^ key[0], low_1, high_0 ^ counter[3] ^ key[1], low_0


def _multiply(word: Tensor, by: int) -> Words2:
    """High and low word of the 64-bit product; the sign that int64 gives it is masked away."""
    product = word * by
    return (product >> 32) & WORD_MASK, product & WORD_MASK

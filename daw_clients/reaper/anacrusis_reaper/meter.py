"""Signatures and bar lines, exact, in quarter notes."""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass
from fractions import Fraction
from typing import Sequence, Tuple

TICK_PPQ = Fraction(1, 10**6)

Place = Tuple[Fraction, int, int]
"""Where a signature begins, and the signature."""


@dataclass(frozen=True)
class Signature:
    """From a bar on (counted from 0). ``cut_at`` is where that bar starts, if the one before it is
    cut short."""

    bar: int
    numerator: int
    denominator: int
    cut_at: Fraction | None = None

    @property
    def length(self) -> Fraction:
        """Of a bar, in quarter notes."""
        return Fraction(4 * self.numerator, self.denominator)


class Meter:
    """Signatures by position, the first at 0; a bar that one falls into ends there."""

    def __init__(self, places: Sequence[Place]) -> None:
        self.signatures: list[Signature] = []
        self._starts: list[Fraction] = []
        for at, numerator, denominator in places:
            self._add(at, numerator, denominator)
        self._bars = [signature.bar for signature in self.signatures]

    def bar_start(self, bar: int) -> Fraction:
        """A bar's first position."""
        row = max(bisect_right(self._bars, bar) - 1, 0)
        return self._starts[row] + (bar - self._bars[row]) * self.signatures[row].length

    def signature(self, bar: int) -> Signature:
        """The one that a bar has."""
        return self.signatures[max(bisect_right(self._bars, bar) - 1, 0)]

    def bar_at(self, ppq: float) -> int:
        """The bar that a position is in; the float nearest to a bar line is on it."""
        at = Fraction(ppq)
        row = max(bisect_right(self._starts, at) - 1, 0)
        bar = self._bars[row] + math.floor((at - self._starts[row]) / self.signatures[row].length)
        return bar + 1 if float(self.bar_start(bar + 1)) == ppq else bar

    def _add(self, at: Fraction, numerator: int, denominator: int) -> None:
        if not self.signatures:
            self.signatures.append(Signature(0, numerator, denominator))
            self._starts.append(Fraction(0))
            return
        old, start = self.signatures[-1], self._starts[-1]
        bars = round((at - start) / old.length)
        line = start + bars * old.length
        if abs(line - at) <= TICK_PPQ:
            self.signatures.append(Signature(old.bar + bars, numerator, denominator))
            self._starts.append(line)
            return
        bar = old.bar + math.ceil((at - start) / old.length)
        self.signatures.append(Signature(bar, numerator, denominator, at))
        self._starts.append(at)

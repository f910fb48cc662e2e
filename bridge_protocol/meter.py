"""Signatures and bars: where each bar starts, in exact quarter notes.

Spec: "Musical time", "Units". Bars are counted from 0 here; the notation that people type
counts them from 1. A bar is ``numerator * 4 / denominator`` quarter notes.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from bridge_protocol.errors import ErrorCode, RefusedError

MAX_NUMERATOR = 64
DENOMINATORS = (1, 2, 4, 8, 16, 32)
MAX_BAR = 1_000_000
MAX_CHANGES = 65_536


@dataclass(frozen=True)
class SignatureChange:
    """From the bar with this 0-based index on, bars have this signature."""

    bar: int
    numerator: int
    denominator: int


class MeterMap:
    """An immutable list of signatures; bar 0 starts at position 0.

    Before bar 0 the first signature continues backwards. Every bar line is a multiple of an
    eighth of a quarter note, so its ``Fraction`` and its float are the same number.
    Equal and hashed by its changes. Thread-safe.

    Raises ``RefusedError``: ``WRONG_LENGTH`` for no change, ``LIMIT`` for more than
    ``MAX_CHANGES``, ``OUT_OF_RANGE`` (a numerator outside 1..64, a denominator that is not 1, 2,
    4, 8, 16 or 32, a first bar other than 0, a bar beyond ``MAX_BAR``), ``BAD_ORDER`` (bars that
    don't increase).
    """

    __slots__ = ("_bars", "_changes", "_starts")

    def __init__(self, changes: Sequence[SignatureChange]) -> None:
        self._changes = tuple(changes)
        _check_changes(self._changes)
        self._bars = [change.bar for change in self._changes]
        self._starts = [Fraction(0)]
        for old, new in zip(self._changes, self._changes[1:], strict=False):
            self._starts.append(self._starts[-1] + (new.bar - old.bar) * _length(old))

    @classmethod
    def constant(cls, numerator: int, denominator: int) -> MeterMap:
        """One signature throughout. Raises as the class does."""
        return cls([SignatureChange(0, numerator, denominator)])

    @property
    def changes(self) -> tuple[SignatureChange, ...]:
        """The changes as given."""
        return self._changes

    def signature(self, bar: int) -> SignatureChange:
        """The change that the bar's signature comes from."""
        return self._changes[self._row(bar)]

    def bar_length(self, bar: int) -> Fraction:
        """The bar's length in quarter notes."""
        return _length(self.signature(bar))

    def beat_length(self, bar: int) -> Fraction:
        """The length in quarter notes of one beat, as the bar's denominator has it."""
        return Fraction(4, self.signature(bar).denominator)

    def bar_start(self, bar: int) -> Fraction:
        """The bar's first position in quarter notes; negative before bar 0."""
        row = self._row(bar)
        return self._starts[row] + (bar - self._bars[row]) * _length(self._changes[row])

    def bar_at(self, ppq: float | Fraction) -> int:
        """The bar that a finite position is in; a position on a bar line is in the new bar."""
        at = Fraction(ppq)
        row = max(bisect_right(self._starts, at) - 1, 0)
        return self._bars[row] + (at - self._starts[row]) // _length(self._changes[row])

    def _row(self, bar: int) -> int:
        return max(bisect_right(self._bars, bar) - 1, 0)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, MeterMap) and self._changes == other._changes

    def __hash__(self) -> int:
        return hash(self._changes)

    def __repr__(self) -> str:
        return f"MeterMap({list(self._changes)!r})"


def check_signature(numerator: int, denominator: int, field: str) -> None:
    """Refuse (``OUT_OF_RANGE``) a signature that no host of ours writes."""
    if not 1 <= numerator <= MAX_NUMERATOR:
        text = f"{numerator} beats in a bar is out of range; give 1 to {MAX_NUMERATOR}"
        raise RefusedError(ErrorCode.OUT_OF_RANGE, f"{field}.numerator", text)
    if denominator not in DENOMINATORS:
        known = ", ".join(map(str, DENOMINATORS))
        text = f"a beat of 1/{denominator} is not a note value; give one of {known}"
        raise RefusedError(ErrorCode.OUT_OF_RANGE, f"{field}.denominator", text)


def _length(change: SignatureChange) -> Fraction:
    return Fraction(4 * change.numerator, change.denominator)


def _check_changes(changes: tuple[SignatureChange, ...]) -> None:
    if not changes:
        text = "a meter needs a signature; give one at the first bar"
        raise RefusedError(ErrorCode.WRONG_LENGTH, "changes", text)
    if len(changes) > MAX_CHANGES:
        text = f"{len(changes)} signature changes are too many; give at most {MAX_CHANGES}"
        raise RefusedError(ErrorCode.LIMIT, "changes", text)
    for index, change in enumerate(changes):
        _check_bar(changes, index)
        check_signature(change.numerator, change.denominator, f"changes[{index}]")


def _check_bar(changes: tuple[SignatureChange, ...], index: int) -> None:
    bar, field = changes[index].bar, f"changes[{index}].bar"
    if index == 0 and bar != 0:
        text = "the first signature is not at the first bar; give one there"
        raise RefusedError(ErrorCode.OUT_OF_RANGE, field, text)
    if bar > MAX_BAR:
        text = f"a signature at bar {bar + 1} is too far; give at most bar {MAX_BAR}"
        raise RefusedError(ErrorCode.OUT_OF_RANGE, field, text)
    if index > 0 and bar <= changes[index - 1].bar:
        before = changes[index - 1].bar + 1
        text = f"a signature at bar {bar + 1} follows one at bar {before}; sort them, one per bar"
        raise RefusedError(ErrorCode.BAD_ORDER, field, text)

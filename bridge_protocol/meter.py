"""Signatures and bars: where each bar starts, in exact quarter notes.

Spec: "Musical time", "Units". Bars are counted from 0 here; the notation that people type
counts them from 1. A bar is ``numerator * 4 / denominator`` quarter notes, unless a signature
that starts before its end cuts it short: a pick-up, or a change that a host has within a bar.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise

from bridge_protocol.errors import ErrorCode, RefusedError

MAX_NUMERATOR = 64
DENOMINATORS = (1, 2, 4, 8, 16, 32)
MAX_BAR = 1_000_000
MAX_CHANGES = 65_536
TICK_PPQ = Fraction(1, 1_000_000)
"""Positions this near each other are one: hosts write ticks, and no host's tick is as fine."""


@dataclass(frozen=True)
class SignatureChange:
    """From the bar with this 0-based index on, bars have this signature.

    ``start_ppq`` is where that bar starts where the bar before it is cut short; None where it
    starts at its natural place, the end of that bar. Of the first change it is None or 0.
    """

    bar: int
    numerator: int
    denominator: int
    start_ppq: Fraction | None = None


class MeterMap:
    """An immutable list of signatures; bar 0 starts at position 0.

    Before bar 0 the first signature continues backwards. Bar starts are exact. Where no bar is
    cut, every bar line is a multiple of an eighth of a quarter note, so its ``Fraction`` and its
    float are the same number; after a cut the float is the nearest one.
    Equal and hashed by signatures and bar starts. Thread-safe.

    Raises ``RefusedError``: ``WRONG_LENGTH`` for no change, ``LIMIT`` for more than
    ``MAX_CHANGES``, ``OUT_OF_RANGE`` (a numerator outside 1..64, a denominator that is not 1, 2,
    4, 8, 16 or 32, a first bar or a first start other than 0, a bar beyond ``MAX_BAR``, a start
    behind its natural place), ``BAD_ORDER`` (bars that don't increase, a start that leaves
    nothing of the bar before it). A start within ``TICK_PPQ`` of its natural place is there.
    """

    __slots__ = ("_bars", "_changes", "_starts")

    def __init__(self, changes: Sequence[SignatureChange]) -> None:
        given = tuple(changes)
        _check_changes(given)
        self._bars = [change.bar for change in given]
        self._changes, self._starts = _placed(given)

    @classmethod
    def constant(cls, numerator: int, denominator: int) -> MeterMap:
        """One signature throughout. Raises as the class does."""
        return cls([SignatureChange(0, numerator, denominator)])

    @classmethod
    def from_positions(cls, changes: Sequence[tuple[float | Fraction, int, int]]) -> MeterMap:
        """Signatures as ``(ppq, numerator, denominator)``, the first at 0, in increasing order.

        A bar that a signature falls into ends there; a bar line within ``TICK_PPQ`` takes it.
        Raises as the class does, and ``NOT_FINITE``, ``OUT_OF_RANGE`` (a first position other
        than 0) and ``BAD_ORDER`` for ``changes[i].ppq``.
        """
        numbered: list[SignatureChange] = []
        start = Fraction(0)
        for index, (ppq, numerator, denominator) in enumerate(changes):
            check_signature(numerator, denominator, f"changes[{index}]")
            at = _position(ppq, start if index else None, f"changes[{index}].ppq")
            bar, start = _bar_from(numbered[-1], start, at) if numbered else (0, at)
            numbered.append(SignatureChange(bar, numerator, denominator, start))
        return cls(numbered)

    @property
    def changes(self) -> tuple[SignatureChange, ...]:
        """The changes; ``start_ppq`` only of those that cut the bar before them."""
        return self._changes

    def signature(self, bar: int) -> SignatureChange:
        """The change that the bar's signature comes from."""
        return self._changes[self._row(bar)]

    def bar_length(self, bar: int) -> Fraction:
        """The bar's length in quarter notes: of a bar that is cut short, what is left of it."""
        return self.bar_start(bar + 1) - self.bar_start(bar)

    def beat_length(self, bar: int) -> Fraction:
        """The length in quarter notes of one beat, as the bar's denominator has it.

        The last beat of a bar that is cut short may be shorter.
        """
        return Fraction(4, self.signature(bar).denominator)

    def bar_start(self, bar: int) -> Fraction:
        """The bar's first position in quarter notes; negative before bar 0."""
        row = self._row(bar)
        return self._starts[row] + (bar - self._bars[row]) * _length(self._changes[row])

    def bar_at(self, ppq: float | Fraction) -> int:
        """The bar that a finite position is in; a position on a bar line is in the new bar.

        The float nearest to a bar line is on it.
        """
        at = Fraction(ppq)
        row = max(bisect_right(self._starts, at) - 1, 0)
        bar = self._bars[row] + (at - self._starts[row]) // _length(self._changes[row])
        on_next_line = isinstance(ppq, float) and float(self.bar_start(bar + 1)) == ppq
        return bar + 1 if on_next_line else bar

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


def _placed(
    changes: tuple[SignatureChange, ...],
) -> tuple[tuple[SignatureChange, ...], list[Fraction]]:
    """The changes with the starts that cut a bar and no other, and where each one's bar starts."""
    kept, starts = [replace(changes[0], start_ppq=None)], [Fraction(0)]
    for index, (old, new) in enumerate(pairwise(changes), 1):
        natural = starts[-1] + (new.bar - old.bar) * _length(old)
        cut_at = _cut_at(new.start_ppq, natural, _length(old), f"changes[{index}].start_ppq")
        kept.append(replace(new, start_ppq=cut_at))
        starts.append(natural if cut_at is None else cut_at)
    return tuple(kept), starts


def _cut_at(
    start: Fraction | None, natural: Fraction, bar_length: Fraction, field: str
) -> Fraction | None:
    """Where the last bar before ``natural`` is cut; None where it is whole."""
    if start is None or abs(start - natural) <= TICK_PPQ:
        return None
    if start > natural:
        text = (
            f"a start at {float(start):g} quarter notes is behind the bar line at "
            f"{float(natural):g}; give a later bar, or a start up to there"
        )
        raise RefusedError(ErrorCode.OUT_OF_RANGE, field, text)
    if start - (natural - bar_length) <= TICK_PPQ:
        text = (
            f"a start at {float(start):g} quarter notes leaves nothing of the bar before; "
            f"give one after {float(natural - bar_length):g}, or an earlier bar"
        )
        raise RefusedError(ErrorCode.BAD_ORDER, field, text)
    return start


def _position(ppq: float | Fraction, before: Fraction | None, field: str) -> Fraction:
    """A change's position; ``before`` is that of the change before it, None for the first."""
    if isinstance(ppq, float) and not math.isfinite(ppq):
        text = "the position is not a number; give quarter notes from the song's start"
        raise RefusedError(ErrorCode.NOT_FINITE, field, text)
    at = Fraction(ppq)
    if before is None and abs(at) > TICK_PPQ:
        text = f"the first signature is at {float(at):g} quarter notes; give one at 0"
        raise RefusedError(ErrorCode.OUT_OF_RANGE, field, text)
    if before is not None and at - before <= TICK_PPQ:
        text = (
            f"a signature at {float(at):g} quarter notes follows one at {float(before):g}; "
            "sort them, one per position"
        )
        raise RefusedError(ErrorCode.BAD_ORDER, field, text)
    return at if before is not None else Fraction(0)


def _bar_from(old: SignatureChange, start: Fraction, at: Fraction) -> tuple[int, Fraction]:
    """The bar that a change at ``at`` begins, after bars of ``old`` from ``start``; its start."""
    length = _length(old)
    bars = round((at - start) / length)
    line = start + bars * length
    if abs(line - at) <= TICK_PPQ:
        return old.bar + bars, line
    return old.bar + math.ceil((at - start) / length), at


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
    start = changes[index].start_ppq or Fraction(0)
    if index == 0 and abs(start) > TICK_PPQ:
        text = "the first signature doesn't start at 0; leave its start_ppq out"
        raise RefusedError(ErrorCode.OUT_OF_RANGE, "changes[0].start_ppq", text)
    if bar > MAX_BAR:
        text = f"a signature at bar {bar + 1} is too far; give at most bar {MAX_BAR}"
        raise RefusedError(ErrorCode.OUT_OF_RANGE, field, text)
    if index > 0 and bar <= changes[index - 1].bar:
        before = changes[index - 1].bar + 1
        text = f"a signature at bar {bar + 1} follows one at bar {before}; sort them, one per bar"
        raise RefusedError(ErrorCode.BAD_ORDER, field, text)

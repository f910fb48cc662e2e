"""Measurements that share the machine's moods: contenders take turns, and ratios are paired by round."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bridge_protocol.clock import Clock
from engine_host.accel.threads import fix_threads

Tell = Callable[[str], None]
"""Where progress goes, one line at a time."""


@dataclass(frozen=True)
class Contender:
    """One block of work. ``threads`` are PyTorch's; ``inner_ns`` reads a meter of its forwards."""

    name: str
    threads: int
    run: Callable[[], object]
    inner_ns: Callable[[], int] = lambda: 0


@dataclass(frozen=True)
class Block:
    """What one block took, and how much of that was spent inside the metered forwards."""

    wall_ns: int
    inner_ns: int


@dataclass(frozen=True)
class Spread:
    """The median and the quartiles of some measurements."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Of at least one value."""
        if len(values) == 1:
            return cls(values[0], values[0], values[0])
        low, median, high = statistics.quantiles(values, n=4, method="inclusive")
        return cls(median, low, high)

    def as_json(self) -> dict[str, float]:
        """Six significant digits of each."""
        return {key: rounded(value) for key, value in vars(self).items()}


def rounded(value: float) -> float:
    """Six significant digits."""
    return float(f"{value:.6g}")


def interleave(
    contenders: Sequence[Contender], rounds: int, clock: Clock, tell: Tell
) -> dict[str, list[Block]]:
    """Blocks of every contender, one a round, the order turned round in every other round.

    Each runs once before, unmeasured.
    """
    for contender in contenders:
        _block(contender, clock)
    blocks: dict[str, list[Block]] = {contender.name: [] for contender in contenders}
    for number in range(rounds):
        started = clock.now_ns()
        for contender in contenders if number % 2 == 0 else reversed(contenders):
            blocks[contender.name].append(_block(contender, clock))
        took = (clock.now_ns() - started) / 1e9
        tell(f"round {number + 1} of {rounds}: {len(contenders)} contenders, {took:.1f} s")
    return blocks


def _block(contender: Contender, clock: Clock) -> Block:
    fix_threads(contender.threads)
    inner, started = contender.inner_ns(), clock.now_ns()
    contender.run()
    return Block(clock.now_ns() - started, contender.inner_ns() - inner)


def ratio(over: Sequence[Block], under: Sequence[Block]) -> Spread:
    """How many times longer the first took, round by round."""
    return Spread.of([a.wall_ns / b.wall_ns for a, b in zip(over, under, strict=True)])


def of_fastest(over: Sequence[Block], under: Sequence[Block]) -> float:
    """How many times longer the first's fastest block took: what contention can't slow."""
    return min(block.wall_ns for block in over) / min(block.wall_ns for block in under)


def outside(blocks: Sequence[Block]) -> Spread:
    """Time outside the metered forwards, as a share of the time inside them."""
    return Spread.of([(block.wall_ns - block.inner_ns) / block.inner_ns for block in blocks])


def per_second(blocks: Sequence[Block], each: float = 1.0) -> Spread:
    """``each`` pieces of work a block, as a rate."""
    return Spread.of([each * 1e9 / block.wall_ns for block in blocks])

"""Forwards at one fixed number of rows, and who is to blame when one fails.

A transformer's result for a row doesn't depend on what is in the other rows, but in the last bits
it does depend on how many rows there are. So every forward has exactly one number of rows, the bucket.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import torch
from torch import Tensor


class VelocityFn(Protocol):
    """One transformer forward: ``(x [B, T, C], t [B], conditions) -> v [B, T, C]``.

    Where some row has adapters, their ``strengths [B, P, T]`` are a fourth argument.
    """

    def __call__(
        self, x: Tensor, t: Tensor, conditions: Sequence[object], strengths: Tensor = ..., /
    ) -> Tensor:
        """See the class. Tick thread."""
        ...


@dataclass(frozen=True, eq=False, slots=True)
class Rows:
    """Rows of a forward: latents ``x [N, T, C]``, times ``t [N]`` and one condition for each.

    ``strengths [N, P, T]`` are those of each row's adapters; None where no row has any.
    """

    x: Tensor
    t: Tensor
    conditions: Sequence[object]
    strengths: Tensor | None = None

    def part(self, rows: slice) -> Rows:
        """Some of the rows."""
        strengths = None if self.strengths is None else self.strengths[rows]
        return Rows(self.x[rows], self.t[rows], self.conditions[rows], strengths)

    def padded(self, count: int) -> Rows:
        """``count`` rows, those that are missing being repeats of the first."""
        missing = count - len(self.conditions)
        if missing == 0:
            return self
        return Rows(
            _filled(self.x, missing),
            _filled(self.t, missing),
            [*self.conditions, *[self.conditions[0]] * missing],
            None if self.strengths is None else _filled(self.strengths, missing),
        )

    def velocity(self, model: VelocityFn) -> Tensor:
        """The model's answer to these rows."""
        if self.strengths is None:
            return model(self.x, self.t, self.conditions)
        return model(self.x, self.t, self.conditions, self.strengths)


def _filled(rows: Tensor, missing: int) -> Tensor:
    return torch.cat([rows, rows[:1].expand(missing, *rows.shape[1:])])


@dataclass(eq=False)
class Forwarded:
    """Velocities ``[N, T, C]``, how many forwards they took, and the rows that could not be had.

    ``velocity`` is zero in the rows of ``errors``.
    """

    velocity: Tensor
    calls: int = 0
    errors: dict[int, Exception] = field(default_factory=dict)


def padded_velocity(velocity: VelocityFn, rows: Rows, bucket: int) -> Tensor:
    """One forward of at most ``bucket`` rows, filled up to ``bucket``.

    Raises whatever the model raises, and ValueError when it answers in another shape.
    """
    whole = rows.padded(bucket)
    v = whole.velocity(velocity)
    if v.shape != whole.x.shape:
        raise ValueError(f"velocity: want {[*whole.x.shape]}, got {[*v.shape]}")
    return v[: len(rows.conditions)]


def forward(velocity: VelocityFn, rows: Rows, bucket: int) -> Forwarded:
    """Velocities of any number of rows, in chunks of ``bucket``.

    When a chunk raises, each of its rows is tried alone: only those that raise again are lost. The
    others get the same bits as ever. Tick thread.
    """
    done = Forwarded(torch.zeros_like(rows.x))
    count = len(rows.conditions)
    for first in range(0, count, bucket):
        _run(velocity, rows, slice(first, min(first + bucket, count)), bucket, done)
    return done


def _run(velocity: VelocityFn, rows: Rows, chunk: slice, bucket: int, done: Forwarded) -> None:
    done.calls += 1
    try:
        done.velocity[chunk] = padded_velocity(velocity, rows.part(chunk), bucket)
    except Exception as error:  # noqa: BLE001 - a model may raise anything; the ring must go on
        if chunk.stop - chunk.start == 1:
            done.errors[chunk.start] = error
            return
        for row in range(chunk.start, chunk.stop):
            _run(velocity, rows, slice(row, row + 1), bucket, done)

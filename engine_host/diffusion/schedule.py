"""When a generation starts and which timesteps it visits.

The shifted schedule of ACE-Step 1.5 (arXiv 2602.00744), ending at exactly 0 ("Common Diffusion
Noise Schedules and Sample Steps are Flawed", arXiv 2305.08891). Kept in float64 on the CPU.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Times = NDArray[np.float64]
DenoiseLaw = Literal["continuous", "stepped"]
StepsLaw = Literal["constant", "proportional"]
Schedule = Callable[[Times, float], Times]
"""``(tau, shift) -> t``: times that fall evenly from 1 to 0, moved to where a model was trained.

Strictly rising in ``tau``; 0 and 1 stay where they are.
"""

# Denoise arrives as float32: a whole quotient may miss its integer by some 1e-7 of itself.
_SLACK = 1e-6


def timesteps(
    steps: int,
    shift: float,
    denoise: float,
    denoise_law: DenoiseLaw = "continuous",
    steps_law: StepsLaw = "constant",
    schedule: Schedule | None = None,
) -> Times:
    """``t_0 .. t_S`` ``[S + 1]``, falling from the start that ``denoise`` in [0, 1] sets to 0.

    ``S`` is ``steps``, or ``ceil(steps * denoise)`` (at least 1) under the law ``proportional``.
    ``t_S`` is exactly 0. ``denoise = 0`` gives all zeros. ``schedule`` None is :func:`shifted`. Any
    thread.
    """
    count = step_count(steps, denoise, steps_law)
    tau = start(np.float64(denoise), steps, denoise_law) * (1.0 - np.arange(count + 1) / count)
    return (schedule or shifted)(tau, shift)


def step_count(steps: int, denoise: float, law: StepsLaw) -> int:
    """How many steps a generation takes under ``law``."""
    if law == "constant":
        return steps
    return max(1, math.ceil(steps * denoise - _SLACK * steps))


def start(denoise: Times | np.float64, steps: int, law: DenoiseLaw) -> Times:
    """``tau_0`` for each value of ``denoise``: itself, or upstream's staircase.

    ``stepped`` is ``S / floor(S / d)``: the last ``S`` of a longer schedule's steps, which knows
    only a handful of levels (nine of them from .5 to 1 at ``S = 8``).
    """
    d = np.asarray(denoise, dtype=np.float64)
    if law == "continuous":
        return d
    whole = np.floor(steps / np.maximum(d, 1e-12) * (1.0 + _SLACK))
    return np.where(d > 0.0, steps / whole, 0.0)


def shifted(tau: Times, shift: float) -> Times:
    """``a tau / (1 + (a - 1) tau)``: time moved towards noise by ``a = shift`` (1 = unmoved)."""
    moved: Times = shift * tau / (1.0 + (shift - 1.0) * tau)
    return moved

"""The one registry of parameters; manifests, plugins, docs and checks are made from it.

Propagation classes are those of DEMON (arXiv 2605.28657): when a change is first heard.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from bridge_protocol.errors import ErrorCode, RefusedError


class PropagationClass(StrEnum):
    """When a change takes effect."""

    STEP = "step"  # the next tick, in every slot in flight
    SUBMISSION = "submission"  # the next slot born
    DECODE = "decode"  # the next block decoded
    SESSION = "session"  # between two ticks


class Law(StrEnum):
    """How a control maps to the value."""

    LINEAR = "linear"
    DECIBEL = "decibel"
    INTEGER = "integer"
    CHOICE = "choice"


@dataclass(frozen=True)
class ParameterSpec:
    """One parameter. ``lane`` says whether it may be a curve; a choice's value is its index."""

    name: str
    unit: str
    minimum: float
    maximum: float
    default: float
    law: Law
    propagation: PropagationClass
    lane: bool
    help: str
    choices: tuple[str, ...] = ()

    def check(self, value: float, field: str) -> float:
        """``value`` if it is finite and in range, else RefusedError naming ``field``."""
        if not math.isfinite(value):
            raise RefusedError(
                ErrorCode.NOT_FINITE, field, f"{self.name} must be a number, not {value}."
            )
        if not self.minimum <= value <= self.maximum:
            raise RefusedError(
                ErrorCode.OUT_OF_RANGE,
                field,
                f"{self.name} goes from {self.minimum:g} to {self.maximum:g}; {value:g} is outside.",
            )
        if self.law in (Law.INTEGER, Law.CHOICE) and value != int(value):
            raise RefusedError(
                ErrorCode.OUT_OF_RANGE, field, f"{self.name} is a whole number, not {value:g}."
            )
        return value


def _curve(
    name: str, low: float, high: float, default: float, when: PropagationClass, text: str
) -> ParameterSpec:
    return ParameterSpec(name, "", low, high, default, Law.LINEAR, when, True, text)


_STEP, _SUBMISSION, _DECODE = (
    PropagationClass.STEP,
    PropagationClass.SUBMISSION,
    PropagationClass.DECODE,
)

PARAMETERS: tuple[ParameterSpec, ...] = (
    _curve(
        "denoise",
        0.0,
        1.0,
        0.6,
        _SUBMISSION,
        "How far the sound leaves its source: 0 is the source itself, 1 starts from noise.",
    ),
    _curve(
        "morph",
        0.0,
        1.0,
        0.0,
        _STEP,
        "How far the sound is pulled to the target (to the source where no target is set).",
    ),
    _curve(
        "sde_blend",
        0.0,
        1.0,
        1.0,
        _STEP,
        "With solver=sde: 1 follows the model, 0 holds on to the source.",
    ),
    _curve("velocity", 0.5, 1.5, 1.0, _STEP, "Scales the model's step; 1 is neutral."),
    _curve("ode_noise", 0.0, 1.0, 0.0, _STEP, "Fresh noise added after each ODE step."),
    _curve(
        "initial_noise",
        0.0,
        1.0,
        1.0,
        _SUBMISSION,
        "Share of noise (1) against source (0) that a generation starts from.",
    ),
    ParameterSpec(
        "seed",
        "",
        0,
        2**32 - 1,
        0,
        Law.INTEGER,
        _SUBMISSION,
        False,
        "Another seed is another take; the same seed is the same bytes.",
    ),
    ParameterSpec(
        "steps",
        "steps",
        1,
        64,
        8,
        Law.INTEGER,
        _SUBMISSION,
        False,
        "Solver steps of a generation; more costs more and changes little above 8.",
    ),
    ParameterSpec(
        "shift",
        "",
        0.25,
        10,
        1.5,
        Law.LINEAR,
        _SUBMISSION,
        False,
        "Where the steps are spent: above 1 at the noisy end.",
    ),
    ParameterSpec(
        "solver",
        "",
        0,
        1,
        0,
        Law.CHOICE,
        _SUBMISSION,
        False,
        "ode is repeatable in feel; sde draws fresh noise each step and hears sde_blend.",
        ("ode", "sde"),
    ),
    ParameterSpec(
        "denoise_law",
        "",
        0,
        1,
        0,
        Law.CHOICE,
        _SUBMISSION,
        False,
        "continuous: every value is its own; stepped: the nine levels of upstream.",
        ("continuous", "stepped"),
    ),
    ParameterSpec(
        "steps_law",
        "",
        0,
        1,
        0,
        Law.CHOICE,
        _SUBMISSION,
        False,
        "constant: always all steps; proportional: fewer at a small denoise.",
        ("constant", "proportional"),
    ),
    ParameterSpec(
        "output_gain",
        "dB",
        -60,
        12,
        0,
        Law.DECIBEL,
        _DECODE,
        True,
        "Loudness of the rendering, before the soft limit at -1 dBFS.",
    ),
    _curve("dry_wet", 0.0, 1.0, 1.0, _DECODE, "0 is the source alone, 1 the rendering alone."),
)

_BY_NAME = {spec.name: spec for spec in PARAMETERS}


def parameter(name: str, field: str = "parameter") -> ParameterSpec:
    """The spec of ``name``, else RefusedError(UNKNOWN_PARAMETER) that lists the known ones."""
    spec = _BY_NAME.get(name)
    if spec is None:
        known = ", ".join(_BY_NAME)
        raise RefusedError(
            ErrorCode.UNKNOWN_PARAMETER,
            field,
            f"There is no parameter {name[:40]!r}. Known: {known}.",
        )
    return spec


def lane_parameter(name: str, field: str = "parameter") -> ParameterSpec:
    """Like :func:`parameter`, and refused where the parameter can't be a curve."""
    spec = parameter(name, field)
    if not spec.lane:
        raise RefusedError(
            ErrorCode.CANNOT_HEAR,
            field,
            f"{name} takes one value, not a lane; send it as a parameter change.",
        )
    return spec

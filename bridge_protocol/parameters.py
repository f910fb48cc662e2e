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


_STEP, _SUBMISSION, _DECODE, _SESSION = (
    PropagationClass.STEP,
    PropagationClass.SUBMISSION,
    PropagationClass.DECODE,
    PropagationClass.SESSION,
)
MAX_CHANNELS = 512
GAIN_GROUPS = 8
MAX_DEPTH = 16
LORA_PLACES = 4


def _curve(
    name: str, low: float, high: float, default: float, when: PropagationClass, text: str
) -> ParameterSpec:
    return ParameterSpec(name, "", low, high, default, Law.LINEAR, when, True, text)


def _knob(
    name: str, low: float, high: float, default: float, when: PropagationClass, text: str
) -> ParameterSpec:
    return ParameterSpec(name, "", low, high, default, Law.LINEAR, when, False, text)


def _whole(
    name: str, low: int, high: int, default: int, when: PropagationClass, text: str
) -> ParameterSpec:
    return ParameterSpec(name, "", low, high, default, Law.INTEGER, when, False, text)


def _choice(
    name: str, choices: tuple[str, ...], default: str, when: PropagationClass, text: str
) -> ParameterSpec:
    top, index = len(choices) - 1, choices.index(default)
    return ParameterSpec(name, "", 0, top, index, Law.CHOICE, when, False, text, choices)


def _channel_gain(channel: int) -> ParameterSpec:
    text = f"Gain of latent channel {channel} at the model's input; multiplies with its group's."
    return _curve(f"channel_gain_{channel}", 0.0, 2.0, 1.0, _STEP, text)


PARAMETERS: tuple[ParameterSpec, ...] = (
    # heard at the next tick, by every slot in flight
    _curve("sde_blend", 0.0, 1.0, 1.0, _STEP, "With solver=sde: 1 follows the model, 0 holds on to the source."),
    _curve("morph", 0.0, 1.0, 0.0, _STEP, "How far the sound is pulled to the target (to the source where no target is set)."),
    _curve("velocity", 0.5, 1.5, 1.0, _STEP, "Scales the model's step; 1 is neutral."),
    _curve("ode_noise", 0.0, 1.0, 0.0, _STEP, "Fresh noise added after each ODE step."),
    _curve("guidance", 1.0, 10.0, 1.0, _STEP, "With a guidance_mode: how far away from the negative prompt; 1 is not at all."),
    _curve("guidance_rescale", 0.0, 1.0, 0.0, _STEP, "How far guided steps are brought back to their unguided size."),
    _curve("apg_momentum", -1.0, 1.0, -0.75, _STEP, "Momentum of the guidance from step to step (APG)."),
    *(
        _curve(f"channel_gain_group_{g}", 0.0, 2.0, 1.0, _STEP, f"Gain of the {g}. eighth of the latent channels at the model's input.")
        for g in range(1, GAIN_GROUPS + 1)
    ),
    *(
        _curve(f"lora_{p}", 0.0, 2.0, 1.0, _STEP, f"Strength of the LoRA in place {p}; 0 is as without it.")
        for p in range(1, LORA_PLACES + 1)
    ),
    _choice("dcw_mode", ("off", "low", "high", "double", "pix"), "off", _STEP, "Wavelet correction of each step: which band it moves."),
    _choice("dcw_wavelet", ("haar", "db4", "sym8", "db8"), "haar", _STEP, "Wavelet of the correction."),
    _curve("dcw_scale", -1.0, 1.0, 0.05, _STEP, "Strength of the wavelet correction."),
    _curve("dcw_high_scale", -1.0, 1.0, 0.02, _STEP, "With dcw_mode=double: strength in the high band."),
    _knob("dcw_soft_threshold", 0.0, 1.0, 0.0, _STEP, "Shrinks small differences of the bands away; 0 is plain."),
    _knob("dcw_multiplicative", 0.0, 1.0, 0.0, _STEP, "Scales the band in place of adding to it; 0 is plain."),
    _knob("dcw_magnitude_phase", 0.0, 1.0, 0.0, _STEP, "Moves envelope and phase in place of values; 0 is plain."),
    # heard by the next slot born
    _curve("denoise", 0.0, 1.0, 0.6, _SUBMISSION, "How far the sound leaves its source: 0 is the source itself, 1 starts from noise."),
    _curve("initial_noise", 0.0, 1.0, 1.0, _SUBMISSION, "Share of noise (1) against source (0) that a generation starts from."),
    _curve("mask", 0.0, 1.0, 1.0, _SUBMISSION, "Where it generates (1) and where it keeps the source (0)."),
    _curve("prompt_blend", 0.0, 1.0, 0.0, _SUBMISSION, "From prompt a (0) to prompt b (1)."),
    _choice("prompt_blend_law", ("slerp", "lerp"), "slerp", _SUBMISSION, "How the prompts' encodings are mixed where the blend holds still."),
    _whole("seed", 0, 2**32 - 1, 0, _SUBMISSION, "Another seed is another take; the same seed is the same bytes."),
    _whole("steps", 1, 64, 8, _SUBMISSION, "Solver steps of a generation; more costs more and changes little above 8."),
    _knob("shift", 0.25, 10.0, 1.5, _SUBMISSION, "Where the steps are spent: above 1 at the noisy end."),
    _choice("solver", ("ode", "sde"), "ode", _SUBMISSION, "ode is repeatable in feel; sde draws fresh noise each step and hears sde_blend."),
    _choice("denoise_law", ("continuous", "stepped"), "continuous", _SUBMISSION, "continuous: every value is its own; stepped: the nine levels of upstream."),
    _choice("steps_law", ("constant", "proportional"), "constant", _SUBMISSION, "constant: always all steps; proportional: fewer at a small denoise."),
    _choice("guidance_mode", ("off", "full", "initialize", "self"), "off", _SUBMISSION, "full: a negative forward at every step; initialize: at the first; self: the slot's own noise."),
    _choice("morph_gate", ("half", "ramp"), "half", _SUBMISSION, "half: the morph pulls from the middle step on; ramp: more and more from morph_gate_from."),
    _knob("morph_gate_from", 0.0, 0.99, 0.0, _SUBMISSION, "With morph_gate=ramp: the share of the steps where it begins."),
    _knob("timbre_strength", 0.0, 1.0, 1.0, _SUBMISSION, "How far the timbre reference is heard."),
    _knob("structure_strength", 0.0, 1.0, 1.0, _SUBMISSION, "How far the structure (of its reference, else of the source) is heard."),
    _knob("feedback", 0.0, 1.0, 0.0, _SUBMISSION, "In a loop: how much of an earlier pass is mixed into the source."),
    _whole("feedback_tap", 1, 8, 1, _SUBMISSION, "How many passes earlier."),
    # heard in the next block
    ParameterSpec("output_gain", "dB", -60, 12, 0, Law.DECIBEL, _DECODE, True, "Loudness of the rendering, before the soft limit at -1 dBFS."),
    _curve("dry_wet", 0.0, 1.0, 1.0, _DECODE, "0 is the source alone, 1 the rendering alone."),
    ParameterSpec("declick", "ms", 1, 40, 40, Law.LINEAR, _DECODE, False, "Length of the crossfade that joins two renderings, before the line where the new one is whole."),
    # between two ticks
    _whole("window_bars", 1, 64, 4, _SESSION, "Bars rendered together, where the model's longest window allows."),
    _choice("spare_ticks", ("refine", "rest"), "refine", _SESSION, "Ticks that nothing needs yet: refine makes the next window ready and clean, rest leaves the machine cool. For the whole engine."),
    _whole("depth", 1, MAX_DEPTH, 1, _SESSION, "Generations in flight at once, for the whole engine; slots beyond it finish."),
)  # fmt: skip

_BY_NAME = {spec.name: spec for spec in PARAMETERS}


def find_parameter(name: str) -> ParameterSpec | None:
    """The spec of ``name``, None where there is none."""
    return _BY_NAME.get(name) or _single_channel(name)


def parameter(name: str, field: str = "parameter") -> ParameterSpec:
    """The spec of ``name``, else RefusedError(UNKNOWN_PARAMETER) that lists the known ones."""
    spec = find_parameter(name)
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


def channel_gains(channels: int) -> tuple[ParameterSpec, ...]:
    """The specs of a model's single channel gains, ``channel_gain_1`` and on."""
    return tuple(_channel_gain(channel) for channel in range(1, channels + 1))


def gain_channel(name: str) -> int | None:
    """The channel (from 1) that a single channel gain is about; None for any other name."""
    prefix, _, number = name.rpartition("_")
    if prefix != "channel_gain" or not (number.isascii() and number.isdigit()):
        return None
    channel = int(number[:4])
    return channel if 1 <= channel <= MAX_CHANNELS and str(channel) == number else None


def _single_channel(name: str) -> ParameterSpec | None:
    channel = gain_channel(name)
    return None if channel is None else _channel_gain(channel)

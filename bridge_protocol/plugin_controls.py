"""What a plugin shows its host: the one list of its knobs, switches and displays.

The engine's parameters are taken from the registry by name; the rest is the plugin's own. The
plugin's C++ table is made from this (:mod:`bridge_protocol.generate.plugin_header`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bridge_protocol.parameters import LORA_PLACES, Law, parameter


class Role(StrEnum):
    """Whose a control is, and which way it goes."""

    ENGINE = "engine"  # a parameter of the engine: sent as a lane, else as single values
    PLUGIN = "plugin"  # read by the plugin alone
    DISPLAY = "display"  # told by the plugin, read by the host


@dataclass(frozen=True)
class Control:
    """A plugin parameter. ``name`` is also its symbol; ``lane`` is read for the engine's alone."""

    name: str
    label: str
    unit: str
    minimum: float
    maximum: float
    default: float
    law: Law
    role: Role
    lane: bool
    help: str
    choices: tuple[str, ...] = ()


_FIRST: tuple[tuple[str, str], ...] = (
    ("denoise", "Denoise"),
    ("morph", "Morph"),
    ("sde_blend", "SDE blend"),
    ("velocity", "Velocity"),
    ("guidance", "Guidance"),
    ("prompt_blend", "Prompt blend"),
    ("dry_wet", "Dry/wet"),
    ("output_gain", "Output gain"),
    ("timbre_strength", "Timbre strength"),
    ("structure_strength", "Structure strength"),
    ("feedback", "Feedback"),
    ("solver", "Solver"),
    ("guidance_mode", "Guidance mode"),
)
"""``solver`` and ``guidance_mode`` are here because sde_blend and guidance are not heard without."""

_LATER = tuple((f"lora_{place}", f"LoRA {place}") for place in range(1, LORA_PLACES + 1))
"""They come last of all: hosts' projects know a control by its place in the list."""

ENGINE_CONTROLS: tuple[tuple[str, str], ...] = (*_FIRST, *_LATER)


class Status(StrEnum):
    """What the plugin tells its user, in words; the value of the display ``status`` is the index."""

    OFF = "off"
    LOOKING = "looking for the engine"
    CONNECTED = "connected"
    LISTENING = "listening: play the track once"
    PREPARING = "preparing"
    PLAYING = "playing"
    LATE = "late: the engine is too slow"
    LEARNED = "automation changed: bounce again"
    HUNG = "the engine hangs"
    WRONG_VERSION = "wrong version: update the older side"
    REFUSED = "refused: see the details"
    NO_SOURCE = "the source is missing: play the track once"
    BOUNCE_FAILED = "bounce failed: no engine"


def _engine(name: str, label: str) -> Control:
    spec = parameter(name)
    return Control(
        name, label, spec.unit, spec.minimum, spec.maximum, spec.default, spec.law, Role.ENGINE,
        spec.lane, spec.help, spec.choices,
    )  # fmt: skip


def _choice(name: str, label: str, choices: tuple[str, ...], text: str) -> Control:
    top = len(choices) - 1
    return Control(name, label, "", 0, top, 0, Law.CHOICE, Role.PLUGIN, False, text, choices)


def _number(
    name: str, label: str, unit: str, low: int, high: int, default: int, text: str
) -> Control:
    return Control(name, label, unit, low, high, default, Law.INTEGER, Role.PLUGIN, False, text)


def _display(
    name: str, label: str, unit: str, high: float, text: str, choices: tuple[str, ...] = ()
) -> Control:
    law = Law.CHOICE if choices else Law.LINEAR
    return Control(name, label, unit, 0, high, 0, law, Role.DISPLAY, False, text, choices)


_STATES = tuple(status.value for status in Status)

CONTROLS: tuple[Control, ...] = (
    *(_engine(name, label) for name, label in _FIRST),
    _choice("quantise", "Quantise", ("now", "next_beat", "next_bar"), "Where a turned knob is heard: as soon as can be, at the next beat, or at the next bar line."),
    _choice("mode", "Mode", ("follow", "interval", "bounce"), "follow: plays in place; interval: the track's live input, some bars later; bounce: waits for the engine, as in an offline bounce."),
    _number("interval_bars", "Interval", "bars", 2, 16, 2, "With mode=interval: how many bars later the input is heard."),
    _number("buffer_ms", "Buffer", "ms", 100, 4000, 750, "Sound kept ahead of the host: more survives a slower engine, less hears knobs sooner."),
    _number("wait_s", "Patience", "s", 1, 600, 20, "In a bounce: how long the engine may give no sign of life before the bounce goes on dry."),
    _choice("wait", "Wait for the engine", ("off", "on"), "Set by the host while it bounces (LV2); on by hand is mode=bounce."),
    _choice("bypass", "Bypass", ("off", "on"), "The track's own sound, after a fade of 10 ms."),
    _display("status", "Status", "", len(_STATES) - 1, "How it goes, in words.", _STATES),
    _display("lead_ms", "Lead", "ms", 60_000, "Sound that lies ahead of the host in the plugin."),
    _display("late_bars", "Late bars", "", 1_000_000, "Bars that were not what was asked for: the engine was too slow."),
    *(_engine(name, label) for name, label in _LATER),
)  # fmt: skip

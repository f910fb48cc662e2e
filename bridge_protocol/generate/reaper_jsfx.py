"""``Anacrusis Lanes.jsfx``, made from the list of controls: ``python -m
bridge_protocol.generate.reaper_jsfx FILE``.

The effect lets sound through as it is. Its sliders are there to be automated in REAPER; names,
ranges and defaults are the registry's.
"""

from __future__ import annotations

import sys
from pathlib import Path

from bridge_protocol.parameters import Law
from bridge_protocol.plugin_controls import CONTROLS, Control, Role

MOST_SLIDERS = 64
STEPS = 10_000  # of a slider's range

_HEAD = """desc:Anacrusis Lanes
// @noindex
// Made from bridge_protocol/plugin_controls.py by `make docs`; do not edit.
// A carrier of automation: it changes no sound. REAPER's actions of Anacrusis send the envelopes of
// these sliders to the engine.
tags: automation
options:no_meter
"""
_TAIL = """
in_pin:left
in_pin:right
out_pin:left
out_pin:right

@init
ext_nodenorm = 1;
"""


def effect() -> str:
    """The whole file."""
    controls = [control for control in CONTROLS if control.role is Role.ENGINE]
    if len(controls) > MOST_SLIDERS:
        raise ValueError(f"a JSFX has at most {MOST_SLIDERS} sliders")
    sliders = [f"slider{n}:{_slider(control)}\n" for n, control in enumerate(controls, 1)]
    return "".join([_HEAD, *sliders, _TAIL])


def _slider(control: Control) -> str:
    low, high, default = (
        f"{value:g}" for value in (control.minimum, control.maximum, control.default)
    )
    step = (control.maximum - control.minimum) / STEPS
    if control.law is Law.CHOICE:
        return f"{default}<{low},{high},1{{{','.join(control.choices)}}}>{_name(control)}"
    return f"{default}<{low},{high},{step:g}>{_name(control)}"


def _name(control: Control) -> str:
    """Its label, as far as importers find the parameter by it: without signs, and without a unit."""
    return control.label.replace("/", " ")


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(effect())

"""The plugin's table of controls in C++: ``python -m bridge_protocol.generate.plugin_header FILE``."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from bridge_protocol.generate.cpp_text import (
    banner,
    boolean,
    camel_case,
    float32,
    quoted,
    safe_name,
    word_list,
)
from bridge_protocol.parameters import Law
from bridge_protocol.plugin_controls import CONTROLS, Control, Role, Status

_SPEC = """
/// A control as hosts are told it. Of a choice, the value is the index into ``choices``.
struct ControlSpec {
    const char* name;   // also its symbol
    const char* label;
    const char* unit;
    const char* help;
    float minimum, maximum, default_value;
    Law law;
    Role role;
    bool lane;          // of the engine's alone: it may be sent as a curve
    const char* const* choices;
    int choice_count;   // 0: no choice
};
"""
_TAIL = """
/// The index of a control in kControls.
constexpr int index_of(Control control) noexcept { return static_cast<int>(control); }

/// The value of the display ``status``.
constexpr int index_of(Status status) noexcept { return static_cast<int>(status); }

}  // namespace anacrusis
"""


def header() -> str:
    """The whole header."""
    parts = [
        banner("bridge_protocol/plugin_controls.py"),
        "\nnamespace anacrusis {\n",
        _enum("Law", "How a control maps to the value.", (law.value for law in Law)),
        _enum(
            "Role", "Whose a control is: sent, read here, or told.", (role.value for role in Role)
        ),
        _enum("Status", "How it goes.", (status.name.lower() for status in Status)),
        _words("kStatusWords", "What ``Status`` is for the user.", (s.value for s in Status)),
        _enum("Control", "A control by its place in kControls.", (c.name for c in CONTROLS)),
        _SPEC,
        *(_choices(control) for control in CONTROLS if control.choices),
        f"\ninline constexpr int kControlCount = {len(CONTROLS)};\n",
        "inline constexpr ControlSpec kControls[kControlCount] = {\n",
        *(_row(control) for control in CONTROLS),
        "};\n",
        _TAIL,
    ]
    return "".join(parts)


def _enum(name: str, comment: str, members: Iterable[str]) -> str:
    listed = "".join(f"    {safe_name(member)},\n" for member in members)
    return f"\n/// {comment}\nenum class {name} : int {{\n{listed}}};\n"


def _words(name: str, comment: str, words: Iterable[str]) -> str:
    listed = "".join(f"    {quoted(word)},\n" for word in words)
    return f"\n/// {comment}\ninline constexpr const char* {name}[] = {{\n{listed}}};\n"


def _choices_name(control: Control) -> str:
    return f"k{camel_case(control.name)}Choices"


def _choices(control: Control) -> str:
    name = _choices_name(control)
    return f"inline constexpr const char* {name}[] = {{{word_list(control.choices)}}};\n"


def _row(control: Control) -> str:
    words = (control.name, control.label, control.unit, control.help)
    numbers = (control.minimum, control.maximum, control.default)
    fields = (
        word_list(words),
        ", ".join(float32(number) for number in numbers),
        f"Law::{control.law.value}",
        f"Role::{control.role.value}",
        boolean(control.lane),
        _choices_name(control) if control.choices else "nullptr",
        str(len(control.choices)),
    )
    return f"    {{{', '.join(fields)}}},\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(header())

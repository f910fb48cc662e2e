"""``docs/parameters.md``, made from the registry: ``python -m bridge_protocol.generate.parameters_page FILE``."""

from __future__ import annotations

import sys
from pathlib import Path

from bridge_protocol.parameters import PARAMETERS, Law, ParameterSpec, PropagationClass

_WHEN = {
    PropagationClass.STEP: "Step class: heard at the next tick, by every slot in flight",
    PropagationClass.SUBMISSION: "Submission class: heard by the next slot born",
    PropagationClass.DECODE: "Decode class: heard in the next block sent",
    PropagationClass.SESSION: "Session class: takes effect between two ticks",
}
_HEAD = """# Parameters

Made from `bridge_protocol/parameters.py` by `make docs`; do not edit.

A parameter with a lane can be a curve, read at every latent frame of the model (25 a second of the
built-in one); the others take one value. Each latent channel of the model has a gain of its own
besides (`channel_gain_1` and on, step class, 0 to 2, with a lane), which multiplies with its group's.
"""


def page() -> str:
    """The whole page."""
    parts = [_HEAD]
    for propagation, words in _WHEN.items():
        specs = [spec for spec in PARAMETERS if spec.propagation is propagation]
        parts.append(
            f"\n## {words}\n\n| name | range | default | lane | what it does |\n|---|---|---|---|---|\n"
        )
        parts += [_row(spec) for spec in specs]
    return "".join(parts)


def _row(spec: ParameterSpec) -> str:
    lane = "yes" if spec.lane else ""
    return f"| `{spec.name}` | {_range(spec)} | {_default(spec)} | {lane} | {spec.help} |\n"


def _range(spec: ParameterSpec) -> str:
    if spec.law is Law.CHOICE:
        return ", ".join(spec.choices)
    unit = f" {spec.unit}" if spec.unit else ""
    return f"{_number(spec.minimum)} to {_number(spec.maximum)}{unit}"


def _default(spec: ParameterSpec) -> str:
    return spec.choices[int(spec.default)] if spec.choices else _number(spec.default)


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else f"{value:g}"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page())

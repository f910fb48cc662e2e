"""The protocol's constants in ES5: ``python -m bridge_protocol.generate.es5_constants FILE``."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path

from bridge_protocol.generate.client_facts import CODES, FACTS, LANES, Fact
from bridge_protocol.parameters import ParameterSpec

_HEAD = """// Made from bridge_protocol/generate/client_facts.py by `make docs`; do not edit.

/** What the protocol fixes; `LANES` are the parameters that may be a curve. */
"""


def constants() -> str:
    """The whole file: one global, ``PROTOCOL``."""
    parts = [
        *(_number(fact) for fact in FACTS),
        _block("CODES", "{", "}", (f"{code}: {json.dumps(code)}" for code in CODES)),
        _block("LANES", "[", "]", (_lane(spec) for spec in LANES)),
    ]
    return f"{_HEAD}var PROTOCOL = {{\n    " + ",\n    ".join(parts) + "\n};\n"


def _block(name: str, opening: str, closing: str, rows: Iterable[str]) -> str:
    inside = ",\n        ".join(rows)
    return f"{name}: {opening}\n        {inside}\n    {closing}"


def _number(fact: Fact) -> str:
    return f"{fact.name.upper()}: {json.dumps(fact.value)}"


def _lane(spec: ParameterSpec) -> str:
    fields = {"name": spec.name, "minimum": spec.minimum, "maximum": spec.maximum}
    return "{" + ", ".join(f"{key}: {json.dumps(value)}" for key, value in fields.items()) + "}"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(constants())

"""The protocol's constants in Java: ``python -m bridge_protocol.generate.java_constants FILE``."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from bridge_protocol.generate.client_facts import CODES, FACTS, LANES, MAGIC, Fact
from bridge_protocol.parameters import ParameterSpec

_LARGEST_INT = 2**31 - 1
_HEAD = """// Made from bridge_protocol/generate/client_facts.py by `make docs`; do not edit.
package anacrusis.core;

import java.util.List;

/** What the protocol fixes. */
public final class Protocol {
"""
_MAGIC = """
    /** Frame 0 of every message; the last byte is the version. */
    static byte[] magic() {{
        return new byte[] {{{bytes}}};
    }}

    private Protocol() {{
    }}
}}
"""


def constants() -> str:
    """The whole file: the class ``Protocol``."""
    lanes = ",\n".join(f"            {_lane(spec)}" for spec in LANES)
    parts = [
        _HEAD,
        *(f"    public static final {_number(fact)};\n" for fact in FACTS),
        "\n",
        *(f"    static final String {code} = {json.dumps(code)};\n" for code in CODES),
        "\n    /** The parameters that may be a curve. */\n",
        f"    static final List<LaneSpec> LANES = List.of(\n{lanes});\n",
        _MAGIC.format(bytes=", ".join(str(byte) for byte in MAGIC)),
    ]
    return "".join(parts)


def _number(fact: Fact) -> str:
    name = fact.name.upper() if fact.name != "version" else "PROTOCOL_VERSION"
    if isinstance(fact.value, float):
        return f"double {name} = {fact.value!r}"
    if fact.value > _LARGEST_INT:
        return f"long {name} = {fact.value}L"
    return f"int {name} = {fact.value}"


def _lane(spec: ParameterSpec) -> str:
    low, high = float(spec.minimum), float(spec.maximum)
    return f"new LaneSpec({json.dumps(spec.name)}, {low!r}, {high!r})"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(constants())

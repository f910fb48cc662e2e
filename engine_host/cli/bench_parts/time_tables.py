"""The result of ``anacrusis bench time`` for people: three tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.table import Table

from engine_host.bench.time_hog import Heard

_HEARD = {
    "bars": "bars played",
    "late_bars": "bars late",
    "repeated_bars": "bars repeated",
    "gaps": "gaps",
    "asked": "changes asked for",
    "kept": "kept on their sample",
    "replaced": "replaced by newer ones",
    "broken": "broken",
    "refused": "refused",
    "pending": "not heard by the end",
    "tick_ms_p50": "tick ms, median",
    "tick_ms_p99": "tick ms, p99",
    "least_lead_ms": "least ms ahead of the host",
}
assert _HEARD.keys() <= set(Heard.__dataclass_fields__)


def tables(result: dict[str, Any]) -> Iterator[Table]:
    """One for each part."""
    yield _lead(result["lead"])
    yield _lookups(result["lookups"])
    yield _hog(result["hog"])


def _lead(part: dict[str, Any]) -> Table:
    setup = part["setup"]
    table = Table(
        title=f"Lead: {setup['steps']} steps, a decode of {setup['decode_ms']:g} ms, "
        f"{setup['buffer_ms']:g} ms of buffer; ms of a virtual clock"
    )
    for words in ("tick", "depth", "limit", "needed", "promised", "busy ring", "promised", "kept"):
        table.add_column(words, justify="right")
    for row in part["rows"]:
        asks = row["next_bar"]
        table.add_row(
            f"{row['tick_ms']:g}",
            str(row["depth"]),
            f"{row['limit_ms']:.0f}",
            *_state(row["idle"]),
            *_state(row["busy"]),
            f"{asks['kept']}/{asks['asked']}",
        )
    return table


def _state(state: dict[str, Any]) -> tuple[str, str]:
    """The lead that was needed, with how many times the limit that is, and the one promised."""
    needed = f"{state['needed_ms']:.0f} ({state['needed_ratio']:.1f})"
    return needed, f"{state['promised_ms']:.0f}"


def _lookups(part: dict[str, Any]) -> Table:
    table = Table(title=f"Lookups in a tempo map of {part['setup']['segments']} segments")
    table.add_column("", no_wrap=True)
    table.add_column("a second", justify="right")
    table.add_column("times its rival", justify="right")
    for name, rate in part["per_second"].items():
        ratio = part["ratio"].get(name)
        against = "" if ratio is None else f"{ratio['median']:.3g}  {ratio['to']}"
        table.add_row(name, f"{rate['median']:,.0f}", against)
    return table


def _hog(part: dict[str, Any]) -> Table:
    setup = part["setup"]
    table = Table(title=f"The built-in model in real time, {setup['seconds']:g} s each")
    table.add_column("", no_wrap=True)
    table.add_column("alone", justify="right")
    table.add_column(f"beside {setup['hogs']} hogs", justify="right")
    for key, words in _HEARD.items():
        table.add_row(words, f"{part['without'][key]:g}", f"{part['with'][key]:g}")
    return table

"""Options that several commands share, and how their little languages become maps."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from bridge_protocol.bars import BarGrid
from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.meter import MeterMap
from bridge_protocol.notation import parse_meter, parse_tempo
from bridge_protocol.tempo import TempoMap, check_bpm
from daw_clients.projects.project import Locator

DEFAULT_BPM = 120.0
TIME_PANEL, ENGINE_PANEL = "Bars and tempo", "Engine"  # headings of --help

Bpm = Annotated[
    float | None,
    typer.Option(
        "--bpm",
        help="One tempo throughout, 20 to 999. [default: 120]",
        rich_help_panel=TIME_PANEL,
    ),
]
Tempo = Annotated[
    str | None,
    typer.Option(
        "--tempo",
        help='A tempo map, e.g. "1:120, 9:120>90/time, 17:90". Positions are bar or bar.beat, '
        "counted from 1; a>b is a ramp up to the next entry, /time (as REAPER) or /beats (as Live).",
        rich_help_panel=TIME_PANEL,
    ),
]
Meter = Annotated[
    str,
    typer.Option(
        "--meter", help='Signatures by bar, e.g. "1:4/4, 5:7/8".', rich_help_panel=TIME_PANEL
    ),
]
Rate = Annotated[int | None, typer.Option("--rate", help="Sample rate in Hz, a multiple of 25.")]
Depth = Annotated[
    int,
    typer.Option(
        "--depth",
        min=1,
        max=16,
        help="Generations in flight at once; part of what makes bytes equal.",
        rich_help_panel=ENGINE_PANEL,
    ),
]
Threads = Annotated[
    int,
    typer.Option(
        "--threads",
        min=1,
        max=64,
        help="CPU threads; part of what makes bytes equal.",
        rich_help_panel=ENGINE_PANEL,
    ),
]
Accelerator = Annotated[
    str,
    typer.Option(
        "--accelerator",
        help="How the model runs: auto, onnx or eager.",
        rich_help_panel=ENGINE_PANEL,
    ),
]
Model = Annotated[
    str,
    typer.Option(
        "--model",
        help="Which model plays: a name of `anacrusis models list`, or the path to a folder.",
        rich_help_panel=ENGINE_PANEL,
    ),
]
Device = Annotated[
    str,
    typer.Option(
        "--device",
        help="Where it runs: auto, cpu, cuda, cuda:N or mps.",
        rich_help_panel=ENGINE_PANEL,
    ),
]
Dtype = Annotated[
    str,
    typer.Option(
        "--dtype",
        help="Its number format: auto, fp32, fp16 or bf16; part of what makes bytes equal.",
        rich_help_panel=ENGINE_PANEL,
    ),
]
MergeLora = Annotated[
    list[str] | None,
    typer.Option(
        "--merge-lora",
        help="A LoRA of the library, NAME or NAME:STRENGTH, put into the model's weights: it costs "
        "nothing while it plays, and is heard in everything; its strength can't move.",
        rich_help_panel=ENGINE_PANEL,
    ),
]
MERGE_LORA = "--merge-lora"
Out = Annotated[Path, typer.Option("--out", help="Where to write.")]


@dataclass(frozen=True)
class Maps:
    """Tempo and meter of the command line or of a project, and the places that a project names."""

    tempo: TempoMap
    meter: MeterMap
    locators: tuple[Locator, ...] = ()

    def grid(self, rate_hz: int) -> BarGrid:
        """With a sample rate."""
        return BarGrid(self.tempo, self.meter, rate_hz)


def maps_of(bpm: float | None, tempo: str | None, meter: str, dashes: str = "--") -> Maps:
    """The maps that --bpm, --tempo and --meter describe; in a file they have no ``dashes``."""
    meters = parse_meter(meter, f"{dashes}meter")
    if bpm is not None and tempo is not None:
        raise RefusedError(
            ErrorCode.BAD_NOTATION,
            f"{dashes}bpm",
            f"Give {dashes}bpm or {dashes}tempo, not both.",
        )
    if tempo is not None:
        return Maps(parse_tempo(tempo, meters, f"{dashes}tempo"), meters)
    check_bpm(DEFAULT_BPM if bpm is None else bpm, f"{dashes}bpm")
    return Maps(TempoMap.constant(DEFAULT_BPM if bpm is None else bpm), meters)


def checked_rate(rate_hz: int, field: str = "--rate") -> int:
    """A sample rate the engine can serve."""
    if rate_hz % 25 or not 8_000 <= rate_hz <= 384_000:
        raise RefusedError(
            ErrorCode.OUT_OF_RANGE,
            field,
            f"{rate_hz} Hz: give a multiple of 25 from 8000 to 384000, e.g. 44100 or 48000.",
        )
    return rate_hz

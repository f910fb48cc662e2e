"""The options of ``anacrusis render`` that no other command has."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bridge_protocol.parameters import PARAMETERS
from engine_host.cli.options import ENGINE_PANEL

SOUND, AUTOMATION, OUTPUT, STEMS = "Sound", "Automation", "Output", "Several songs in one go"

Source = Annotated[
    Path | None,
    typer.Argument(help="Audio to transform; without it the prompt alone is played."),
]
Prompt = Annotated[
    str, typer.Option("--prompt", help="What it should be, in words.", rich_help_panel=SOUND)
]
PromptB = Annotated[
    str,
    typer.Option(
        "--prompt-b",
        help="Where prompt_blend goes; automate it as a lane.",
        rich_help_panel=SOUND,
    ),
]
Negative = Annotated[
    str,
    typer.Option(
        "--negative",
        help="With --set guidance_mode=full: what to lead away from.",
        rich_help_panel=SOUND,
    ),
]
Seed = Annotated[
    int, typer.Option("--seed", help="Another seed is another take.", rich_help_panel=SOUND)
]
Structure = Annotated[
    Path | None,
    typer.Option(
        "--structure",
        help="Audio whose structure is followed. [default: the source]",
        rich_help_panel=SOUND,
    ),
]
Target = Annotated[
    Path | None,
    typer.Option(
        "--target", help="Audio that morph pulls to. [default: the source]", rich_help_panel=SOUND
    ),
]
SourceAt = Annotated[
    str,
    typer.Option("--source-at", help="Position where the source begins.", rich_help_panel=SOUND),
]
SourceBpm = Annotated[
    str | None,
    typer.Option(
        "--source-bpm",
        help="The source's own tempo: a bpm, or auto to find it. It is stretched to the song's. "
        "[default: it follows the song already]",
        rich_help_panel=SOUND,
    ),
]
Downbeat = Annotated[
    float | None,
    typer.Option(
        "--downbeat",
        help="With --source-bpm: seconds into the source where its first bar line lies.",
        rich_help_panel=SOUND,
    ),
]
Repeat = Annotated[
    int,
    typer.Option(
        "--repeat",
        min=0,
        help="Begin the source again every so many bars.",
        rich_help_panel=SOUND,
    ),
]
Lane = Annotated[
    list[str] | None,
    typer.Option(
        "--lane",
        help='A parameter that moves, e.g. "denoise=1:0.2, 5.3:0.9"; may be repeated.',
        rich_help_panel=AUTOMATION,
    ),
]
Setting = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        help="A parameter's value, e.g. steps=12; may be repeated. Known: "
        + ", ".join(spec.name for spec in PARAMETERS),
        rich_help_panel=AUTOMATION,
    ),
]
Lora = Annotated[
    list[str] | None,
    typer.Option(
        "--lora",
        help="A LoRA of the library, NAME or NAME:STRENGTH (0 to 2; else as its author recommends), "
        'into places 1 to 4 in order; its strength can move: --lane "lora_1=1:0, 5:1".',
        rich_help_panel=SOUND,
    ),
]
Bars = Annotated[
    str | None,
    typer.Option(
        "--bars",
        help="e.g. 5-8 (both included); with --project also a locator's name. "
        "[default: all of the source, or 1-8]",
        rich_help_panel=OUTPUT,
    ),
]
Out = Annotated[
    Path | None,
    typer.Option(
        "--out",
        help="A .wav or .flac; with --stems a folder; or a .dawproject, with the bars as clips. "
        "[default: anacrusis.wav, or stems]",
        rich_help_panel=OUTPUT,
    ),
]
Rate = Annotated[
    int | None,
    typer.Option(
        "--rate",
        help="Sample rate in Hz, a multiple of 25. [default: the source's, or 48000]",
        rich_help_panel=OUTPUT,
    ),
]
Bits = Annotated[
    str,
    typer.Option("--bits", help="16, 24 or float; float only in a .wav.", rich_help_panel=OUTPUT),
]
AsJson = Annotated[
    bool,
    typer.Option("--json", help="Print one JSON object at the end.", rich_help_panel=OUTPUT),
]
Quiet = Annotated[
    bool,
    typer.Option(
        "--quiet", "-q", help="Print nothing but errors (and --json).", rich_help_panel=OUTPUT
    ),
]
NoResume = Annotated[
    bool,
    typer.Option(
        "--no-resume",
        help="Throw away what an interrupted render has kept, and start anew.",
        rich_help_panel=OUTPUT,
    ),
]
ClipBars = Annotated[
    int | None,
    typer.Option(
        "--clip-bars",
        min=1,
        max=1024,
        help="With --out X.dawproject: bars of each clip. [default: 4]",
        rich_help_panel=OUTPUT,
    ),
]
Stems = Annotated[
    Path | None,
    typer.Option(
        "--stems",
        help="A TOML file of several songs over the same bars, each a [stem.NAME]; "
        "they are rendered together and written as NAME.wav.",
        rich_help_panel=STEMS,
    ),
]
Window = Annotated[
    int,
    typer.Option(
        "--window",
        min=1,
        max=64,
        help="Bars rendered together; part of what makes bytes equal.",
        rich_help_panel=ENGINE_PANEL,
    ),
]
Rows = Annotated[
    int | None,
    typer.Option(
        "--rows",
        min=1,
        max=64,
        help="Rows of every forward; part of what makes bytes equal. Across rows, threads and "
        "accelerators of one machine a sound differs by less than -100 dBFS. "
        "[default: as many as --depth]",
        rich_help_panel=ENGINE_PANEL,
    ),
]

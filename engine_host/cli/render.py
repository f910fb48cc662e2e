"""``anacrusis render``: a file out of a prompt, a source, a tempo map and lanes."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from bridge_protocol.bars import BarGrid
from bridge_protocol.blocks import Samples
from bridge_protocol.clock import MonotonicClock
from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.notation import (
    parse_assignment,
    parse_bar_range,
    parse_lane,
    parse_position,
    position_ppq,
)
from bridge_protocol.parameters import (
    PARAMETERS,
    Law,
    PropagationClass,
    lane_parameter,
    parameter,
)
from engine_host.cli import options
from engine_host.files import Depth, read_source, write_wav
from engine_host.models.house.model import load_house_model
from engine_host.models.interface import Model
from engine_host.render import OfflineRender
from engine_host.session.song import Song
from engine_host.stream.engine import DEFAULT_DEPTH, Engine
from engine_host.stream.settings import (
    Change,
    Edit,
    LaneEntry,
    propagation_of,
    set_lane,
    set_placement,
    set_prompt,
    set_value,
)
from engine_host.stream.sources import Placement, Source

DEFAULT_BARS_WITHOUT_SOURCE = 8
_notes = Console(stderr=True, highlight=False, soft_wrap=True)


def render(
    source: Annotated[
        Path | None,
        typer.Argument(help="Audio to transform; without it the prompt alone is played."),
    ] = None,
    out: options.Out = Path("anacrusis.wav"),
    prompt: Annotated[str, typer.Option("--prompt", help="What it should be, in words.")] = "",
    bars: Annotated[
        str | None,
        typer.Option(
            "--bars", help="e.g. 5-8 (both included). [default: all of the source, or 1-8]"
        ),
    ] = None,
    bpm: options.Bpm = None,
    tempo: options.Tempo = None,
    meter: options.Meter = "1:4/4",
    lane: Annotated[
        list[str] | None,
        typer.Option("--lane", help='Automation, e.g. "denoise=1:0.2, 5.3:0.9"; may be repeated.'),
    ] = None,
    setting: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            help="A parameter's value, e.g. steps=12; may be repeated. Known: "
            + ", ".join(spec.name for spec in PARAMETERS),
        ),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Another seed is another take.")] = 0,
    prompt_b: Annotated[
        str, typer.Option("--prompt-b", help="Where prompt_blend goes; automate it as a lane.")
    ] = "",
    negative: Annotated[
        str,
        typer.Option("--negative", help="With --set guidance_mode=full: what to lead away from."),
    ] = "",
    structure: Annotated[
        Path | None,
        typer.Option(
            "--structure", help="Audio whose structure is followed. [default: the source]"
        ),
    ] = None,
    target: Annotated[
        Path | None,
        typer.Option("--target", help="Audio that morph pulls to. [default: the source]"),
    ] = None,
    source_at: Annotated[
        str, typer.Option("--source-at", help="Position where the source begins.")
    ] = "1",
    repeat: Annotated[
        int, typer.Option("--repeat", min=0, help="Begin the source again every so many bars.")
    ] = 0,
    window: Annotated[
        int, typer.Option("--window", min=1, max=64, help="Bars rendered together.")
    ] = 4,
    rate: options.Rate = None,
    bits: Annotated[str, typer.Option("--bits", help="16, 24 or float.")] = "24",
    depth: options.Depth = DEFAULT_DEPTH,
    threads: options.Threads = 2,
    accelerator: options.Accelerator = "auto",
) -> None:
    """Render bars to a WAV file; the same command gives the same bytes, every time.

    Example: anacrusis render loop.wav --bpm 120 --bars 1-8 --prompt "jazz piano trio"
    --lane "denoise=1:0.2, 5.3:0.9" --out jazz.wav
    """
    file_depth = _file_depth(bits)
    maps = options.maps_of(bpm, tempo, meter)
    grid = maps.grid(48_000)
    edits = _edits(lane or [], setting or [], seed, grid)
    edits += [
        ("prompt", set_prompt(prompt)),
        ("prompt_b", set_prompt(prompt_b, "b")),
        ("prompt_negative", set_prompt(negative, "negative")),
    ]
    at_ppq = position_ppq(parse_position(source_at, "--source-at"), maps.meter, "--source-at")
    given = _read(source, "source")
    aim = _read(target, "--target")
    followed = _read(structure, "--structure")
    asked = parse_bar_range(bars, "--bars") if bars else None
    rate_hz = _output_rate(rate, given)
    for role, audio in (("source", given), ("target", aim), ("structure", followed)):
        if audio is not None:
            edits.append((role, set_placement(role, Placement(audio, at_ppq, repeat))))
    _warn_of_the_inaudible(lane or [], given, aim)

    model = load_house_model(accelerator=accelerator, threads=threads)
    song = Song(rate_hz, model.geometry)
    song.set_map(maps.tempo, maps.meter)
    for number, (name, edit) in enumerate(edits):
        song.apply(Change(number, name, propagation_of(name), edit), song.next_state())
    first_bar, last_bar = _range(asked, song)
    song.check_range(first_bar, last_bar)
    _tell_prompt(model, prompt)
    engine = Engine(model, MonotonicClock(), depth=depth)
    sound = _with_progress(OfflineRender(engine, song, window), first_bar, last_bar)
    write_wav(out, sound, rate_hz, file_depth)
    seconds = len(sound) / rate_hz
    typer.echo(f"{out}: bars {first_bar}-{last_bar}, {len(sound)} samples, {seconds:.3f} s")


def _edits(
    lanes: list[str], settings: list[str], seed: int, grid: BarGrid
) -> list[tuple[str, Edit]]:
    found: list[tuple[str, Edit]] = []
    parameter("seed").check(seed, "--seed")
    found.append(("seed", set_value("seed", float(seed))))
    for text in settings:
        name, value = parse_assignment(text, "--set")
        if parameter(name, "--set").propagation is PropagationClass.SESSION:
            raise RefusedError(
                ErrorCode.CANNOT_HEAR,
                f"--set {name}",
                f"It is no part of the song: give --{'window' if name == 'window_bars' else name}.",
            )
        found.append((name, set_value(name, _number(name, value))))
    for text in lanes:
        name, points = parse_assignment(text, "--lane")
        spec = lane_parameter(name, "--lane")
        curve = parse_lane(points, grid.meter, f"--lane {name}")
        for point in curve.points:
            spec.check(point.value, f"--lane {name}")
        found.append((name, set_lane(name, LaneEntry(curve, 1))))
    return found


def _number(name: str, text: str) -> float:
    spec = parameter(name, "--set")
    if spec.law is Law.CHOICE and text in spec.choices:
        return float(spec.choices.index(text))
    try:
        value = float(text)
    except ValueError:
        choices = ", ".join(spec.choices) or f"a number from {spec.minimum:g} to {spec.maximum:g}"
        raise RefusedError(
            ErrorCode.BAD_NOTATION, f"--set {name}", f"{text!r} won't do; give {choices}."
        ) from None
    return spec.check(value, f"--set {name}")


def _read(path: Path | None, field: str) -> Source | None:
    return None if path is None else read_source(path, field, 0.04)


def _file_depth(bits: str) -> Depth:
    if bits not in ("16", "24", "float"):
        raise RefusedError(ErrorCode.OUT_OF_RANGE, "--bits", f"{bits!r}: give 16, 24 or float.")
    return bits  # type: ignore[return-value]


def _output_rate(rate: int | None, source: Source | None) -> int:
    """As asked; else the source's own where the engine can serve it; else 48 kHz."""
    if rate is not None:
        return options.checked_rate(rate)
    if source is not None and source.rate_hz % 25 == 0 and source.rate_hz >= 8_000:
        return source.rate_hz
    return 48_000


def _range(asked: tuple[int, int] | None, song: Song) -> tuple[int, int]:
    """First and last bar, counted from 1."""
    if asked is not None:
        return asked[0] + 1, asked[1]
    end = song.source_end_sample()
    if end is None:
        return 1, DEFAULT_BARS_WITHOUT_SOURCE
    source = song.base.source
    assert source is not None
    first = song.grid.meter.bar_at(source.at_ppq)
    return first + 1, max(first, song.grid.bar_of_sample(end - 1)) + 1


def _warn_of_the_inaudible(lanes: list[str], source: Source | None, target: Source | None) -> None:
    names = [text.partition("=")[0].strip() for text in lanes]
    for name in names:
        if source is None and name in ("denoise", "initial_noise", "sde_blend"):
            _notes.print(f"[yellow]note[/] {name} is heard only with a SOURCE; there is none.")
        if name == "morph" and source is None and target is None:
            _notes.print("[yellow]note[/] morph needs a SOURCE or a --target to pull to.")


def _tell_prompt(model: Model, prompt: str) -> None:
    reading = model.read_prompt(prompt)
    if reading.ignored:
        _notes.print(f"[yellow]note[/] not understood: {', '.join(reading.ignored)}")


def _with_progress(job: OfflineRender, first_bar: int, last_bar: int) -> Samples:
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=_notes, transient=True) as progress:
        task = progress.add_task(f"bars {first_bar}-{last_bar}", total=math.inf)
        return job.bars(
            first_bar,
            last_bar,
            lambda done, total: progress.update(task, completed=done, total=total),
        )

"""``anacrusis render``: a file out of a prompt, a source, a tempo map and lanes."""

from __future__ import annotations

from pathlib import Path

import typer
from rich.console import Console

from bridge_protocol.clock import MonotonicClock
from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.notation import parse_assignment
from engine_host.cli import options
from engine_host.cli import project_options as projects
from engine_host.cli.opened import (
    bar_range,
    given_options,
    opened_project,
    refuse_beside_project,
    refuse_without_project,
)
from engine_host.cli.render_parts import options as own
from engine_host.cli.render_parts import report
from engine_host.cli.render_parts.destinations import destination_of
from engine_host.cli.render_parts.from_project import FromProject, ProjectUse
from engine_host.cli.render_parts.job import Job
from engine_host.cli.render_parts.loaded import EngineChoice, load_engine
from engine_host.cli.render_parts.outputs import OUT
from engine_host.cli.render_parts.part import PartText, read_part
from engine_host.cli.render_parts.request import Request, file_depth, output_rate
from engine_host.cli.render_parts.stems_file import read_stems
from engine_host.models.catalogue import HOUSE, ModelChoice
from engine_host.stream.engine import DEFAULT_DEPTH

DEFAULT_FILE, DEFAULT_FOLDER = Path("anacrusis.wav"), Path("stems")
_WITH_STEMS = frozenset(
    {"stems", "out", "clip_bars", "depth", "rows", "threads", "accelerator", "as_json", "quiet"}
    | {"no_resume", "model", "device", "dtype", "merge_lora"}
)
_ABOUT_PROJECT = ("live_law", "project_lane", "notes")
_notes = Console(stderr=True, highlight=False, soft_wrap=True)


def render(
    context: typer.Context,
    source: own.Source = None,
    prompt: own.Prompt = "",
    seed: own.Seed = 0,
    prompt_b: own.PromptB = "",
    negative: own.Negative = "",
    structure: own.Structure = None,
    target: own.Target = None,
    source_at: own.SourceAt = "1",
    repeat: own.Repeat = 0,
    source_bpm: own.SourceBpm = None,
    downbeat: own.Downbeat = None,
    lane: own.Lane = None,
    setting: own.Setting = None,
    lora: own.Lora = None,
    bpm: options.Bpm = None,
    tempo: options.Tempo = None,
    meter: options.Meter = "1:4/4",
    project: projects.ProjectFile = None,
    live_law: projects.LiveLawWord = None,
    project_lane: projects.ProjectLanes = None,
    notes: projects.PlayNotes = False,
    bars: own.Bars = None,
    out: own.Out = None,
    rate: own.Rate = None,
    bits: own.Bits = "24",
    as_json: own.AsJson = False,
    quiet: own.Quiet = False,
    no_resume: own.NoResume = False,
    clip_bars: own.ClipBars = None,
    stems: own.Stems = None,
    window: own.Window = 4,
    depth: options.Depth = DEFAULT_DEPTH,
    rows: own.Rows = None,
    threads: options.Threads = 2,
    accelerator: options.Accelerator = "auto",
    model: options.Model = HOUSE,
    device: options.Device = "auto",
    dtype: options.Dtype = "auto",
    merge_lora: options.MergeLora = None,
) -> None:
    """Render bars to a file; the same command gives the same bytes, every time.

    Ctrl-C keeps the bars that are done, and the same command goes on from there.

    Example: anacrusis render loop.wav --bpm 120 --bars 1-8 --prompt "jazz piano trio"
    --lane "denoise=1:0.2, 5.3:0.9" --out jazz.flac
    """
    if stems is not None:
        _refuse_beside_stems(context)
        request = read_stems(stems)
    else:
        text = PartText(
            source=source,
            prompt=prompt,
            prompt_b=prompt_b,
            negative=negative,
            seed=seed,
            target=target,
            structure=structure,
            source_at=source_at,
            repeat=repeat,
            source_bpm=source_bpm,
            downbeat=downbeat,
            settings=tuple(parse_assignment(entry, "--set") for entry in setting or ()),
            lanes=tuple(parse_assignment(entry, "--lane") for entry in lane or ()),
            loras=tuple(lora or ()),
        )
        given = _given(context, project, live_law)
        maps = given.opened.maps if given else options.maps_of(bpm, tempo, meter)
        lanes = (parse_assignment(entry, "--project-lane") for entry in project_lane or ())
        use = ProjectUse(tuple(lanes), notes)
        request = _request(text, maps, bars, rate, bits, window, given, use)
    path = out or (DEFAULT_FILE if stems is None else DEFAULT_FOLDER)
    destination = destination_of(path, many=stems is not None, mix=request.mix, clip_bars=clip_bars)
    if request.project is not None:
        request.project.refuse_overwriting(path.expanduser(), OUT)
    destination.check(request.depth, request.rate_hz)
    clock = MonotonicClock()
    choice = ModelChoice(model, device, dtype, accelerator, threads, depth)
    chosen = EngineChoice(choice, rows, tuple(merge_lora or ()), request.loras())
    loaded = load_engine(chosen, clock)
    request = request.for_model(loaded.model)
    job = Job(request, loaded, destination, _notes, clock, quiet=quiet, resume=not no_resume)
    outcome = job.run()
    if as_json:
        typer.echo(report.as_json(outcome))
    elif not quiet:
        typer.echo(report.lines(outcome))


def _request(
    text: PartText,
    maps: options.Maps,
    bars: str | None,
    rate: int | None,
    bits: str,
    window: int,
    given: FromProject | None,
    use: ProjectUse,
) -> Request:
    """One song, as the command line and the project that it names describe it."""
    depth = file_depth(bits, "--bits")
    project = given.opened.project if given else None
    asked = bar_range(bars, project, "--bars") if bars else None
    part = read_part(text, maps.meter)
    part = given.into(part, use) if given else part
    return Request(
        parts=(part,),
        maps=maps,
        bars=None if asked is None else (asked[0] + 1, asked[1]),
        rate_hz=output_rate(rate, (part,), "--rate"),
        depth=depth,
        window_bars=window,
        project=given.opened if given else None,
        remarks=given.remarks() if given else (),
    )


def _given(
    context: typer.Context, project: Path | None, live_law: str | None
) -> FromProject | None:
    """The project that the command line names."""
    if project is None:
        refuse_without_project(given_options(context), _ABOUT_PROJECT)
        return None
    refuse_beside_project(given_options(context))
    return FromProject(opened_project(project, live_law, "--project"))


def _refuse_beside_stems(context: typer.Context) -> None:
    """What describes a song is written in the stems file, and not beside it."""
    for parameter in context.command.params:
        name = parameter.name or ""
        came_from = context.get_parameter_source(name)
        given = came_from is not None and came_from.name == "COMMANDLINE"
        if given and name not in _WITH_STEMS:
            field = parameter.opts[0] if parameter.opts[0].startswith("-") else name
            raise RefusedError(
                ErrorCode.BAD_FIELD, field, "With --stems this is written in the stems file."
            )

"""The commands, and what they have in common: how errors are told."""

from __future__ import annotations

import sys

import typer
from rich.console import Console
from rich.markup import escape

from bridge_protocol.errors import ErrorCode, RefusedError
from engine_host.cli import (
    bars,
    bench,
    bitwig,
    demo,
    doctor,
    gateway,
    lora,
    models,
    project,
    reaper,
    render,
    serve,
    source,
)

app = typer.Typer(
    name="anacrusis",
    help="A streaming music-diffusion engine that plays on your DAW's bar lines, to the sample.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)

app.command("demo")(demo.demo)
app.command("render")(render.render)
app.command("serve")(serve.serve)
app.command("gateway")(gateway.gateway)
app.command("source")(source.source)
app.command("bars")(bars.bars)
app.command("project")(project.project)
app.command("doctor")(doctor.doctor)
app.add_typer(models.models_app, name="models")
app.add_typer(bench.bench_app, name="bench")
app.add_typer(reaper.reaper_app, name="reaper")
app.add_typer(bitwig.bitwig_app, name="bitwig")
app.add_typer(lora.lora_app, name="lora")


def run() -> None:
    """Runs the app; a refusal is one line on standard error and exit code 2, 130 where a signal
    asked for it."""
    try:
        app()
    except RefusedError as error:
        console = Console(stderr=True, highlight=False, soft_wrap=True)
        console.print(f"[bold red]error[/] {error.code.value} {escape(error.field)}: ", end="")
        console.print(error.message, markup=False)
        sys.exit(130 if error.code is ErrorCode.CANCELLED else 2)
    except KeyboardInterrupt:
        sys.exit(130)

"""``anacrusis bench``: the engine and its sense of time against their rivals, on this machine."""

from __future__ import annotations

import datetime
import importlib.metadata
import json
import os
import platform
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from bridge_protocol.clock import MonotonicClock
from bridge_protocol.errors import ErrorCode, RefusedError
from engine_host.bench import time as musical_time
from engine_host.bench.any_model import run_any
from engine_host.bench.engine import DEPTHS, Settings, run
from engine_host.bench.time_hog import HogSettings
from engine_host.cli import options
from engine_host.cli.bench_parts.played import play
from engine_host.cli.bench_parts.rehearsal import Rehearsal
from engine_host.cli.bench_parts.time_tables import tables
from engine_host.cli.model_loading import loaded_aloud
from engine_host.models.catalogue import HOUSE, ModelChoice, check_model
from engine_host.models.house.model import LONGEST_WINDOW_FRAMES

_QUICK_FRAMES = 100
_QUICK_SECONDS = 8.0
_STDOUT = Path("-")
_PACKAGES = ("anacrusis", "torch", "onnxruntime", "diffusers", "numpy")
_notes = Console(stderr=True, highlight=False, soft_wrap=True)

bench_app = typer.Typer(
    help="Measure this machine.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)


@bench_app.callback()
def bench() -> None:
    """Measure this machine."""


@bench_app.command("engine")
def engine(
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write every number there as well.")
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Seconds instead of minutes; rough numbers.")
    ] = False,
    frames: Annotated[
        int | None,
        typer.Option(
            "--frames", help="Latent frames of a generation, even. [default: 1500 = 60 s]"
        ),
    ] = None,
    threads: options.Threads = 2,
    model: options.Model = HOUSE,
    device: options.Device = "auto",
    dtype: options.Dtype = "auto",
) -> None:
    """Compare the engine with diffusers, with a plain loop and with the upstream ring.

    Same weights, same steps, same process, contenders taking turns. With another --model than the
    house model: what its forwards and its decoding cost here, and no rivals.
    """
    if model != HOUSE:
        _other_model(ModelChoice(model, device, dtype, threads=threads), json_file)
        return
    settings = _settings(quick, frames, threads)
    found = run(settings, MonotonicClock(), _tell)
    result = {"machine": _machine(), "versions": _versions(), "date": _today(), **found}
    if json_file is not None:
        _write(json_file, json.dumps(result, indent=1))
    console = Console(highlight=False)
    console.print(_table(result))
    for line in _lines(result):
        console.print(line, markup=False, soft_wrap=True)


def _other_model(choice: ModelChoice, json_file: Path | None) -> None:
    found = run_any(loaded_aloud(check_model(choice)), DEPTHS, MonotonicClock(), _tell)
    result = {"machine": _machine(), "versions": _versions(), "date": _today(), **found}
    if json_file is not None:
        _write(json_file, json.dumps(result, indent=1))
    table = Table("", *(f"depth {depth}" for depth in DEPTHS), title=choice.model)
    for words, key in (("tick ms", "tick_ms"), ("generations/s", "generations_per_s")):
        row: Any = found[key]
        table.add_row(words, *(f"{row[str(depth)]:.3g}" for depth in DEPTHS))
    console = Console(highlight=False)
    console.print(table)
    console.print(f"decoding: {found['decode_realtime_factor']:.1%} of real time", markup=False)


@bench_app.command("time")
def time(
    json_file: Annotated[
        Path | None,
        typer.Option(
            "--json", help="Write every number there as well; - writes them here, and no tables."
        ),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="A minute instead of several; rough numbers.")
    ] = False,
    seconds: Annotated[
        float | None,
        typer.Option(
            "--seconds",
            min=_QUICK_SECONDS,
            max=600.0,
            help="How long the host plays, without and with hogs. [default: 20]",
        ),
    ] = None,
    hogs: Annotated[
        int | None,
        typer.Option(
            "--hogs", min=1, max=256, help="Processes that spin. [default: one for each core]"
        ),
    ] = None,
) -> None:
    """Measure the lead that changes need, how fast tempo maps are read, and playing beside hogs.

    The lead is measured under a virtual clock: it is the same on every machine.
    """
    settings = _time_settings(quick, seconds, hogs)
    found = musical_time.run(settings, MonotonicClock(), _tell, make=Rehearsal, play=play)
    result = {"machine": _machine(), "versions": _versions(), "date": _today(), **found}
    text = json.dumps(result, indent=1)
    if json_file == _STDOUT:
        typer.echo(text)
        return
    if json_file is not None:
        _write(json_file, text)
    console = Console(highlight=False)
    for table in tables(result):
        console.print(table)


def _time_settings(quick: bool, seconds: float | None, hogs: int | None) -> musical_time.Settings:
    spinning = os.cpu_count() or 1 if hogs is None else hogs
    if quick:
        return musical_time.Settings.quick(seconds or _QUICK_SECONDS, spinning)
    hog = HogSettings(hogs=spinning) if seconds is None else HogSettings(seconds, spinning)
    return musical_time.Settings(hog=hog)


def _tell(line: str) -> None:
    _notes.print(line, markup=False)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + "\n", encoding="utf-8")


def _settings(quick: bool, frames: int | None, threads: int) -> Settings:
    if frames is not None and (frames % 2 or not 2 <= frames <= LONGEST_WINDOW_FRAMES):
        raise RefusedError(
            ErrorCode.OUT_OF_RANGE,
            "--frames",
            f"{frames}: give an even number from 2 to {LONGEST_WINDOW_FRAMES}.",
        )
    if quick:
        return Settings.quick(_QUICK_FRAMES if frames is None else frames, threads)
    return Settings(LONGEST_WINDOW_FRAMES if frames is None else frames, threads)


def _machine() -> dict[str, object]:
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "cpu": _cpu_name(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "load_average": [*os.getloadavg()] if hasattr(os, "getloadavg") else None,
    }


def _cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def _versions() -> dict[str, str]:
    return {package: importlib.metadata.version(package) for package in _PACKAGES}


def _today() -> str:
    return datetime.datetime.now(datetime.UTC).date().isoformat()


def _table(result: dict[str, Any]) -> Table:
    setup = result["setup"]
    table = Table(title=f"{setup['model']}, {setup['frames']} frames, {setup['steps']} steps")
    table.add_column("", no_wrap=True)
    for depth in DEPTHS:
        table.add_column(f"depth {depth}", justify="right")
    for words, read in _rows(result):
        table.add_row(words, *[read(str(depth)) for depth in DEPTHS])
    return table


def _rows(result: dict[str, Any]) -> list[tuple[str, Any]]:
    """Words of a row, and how its cell is read for a depth."""

    def median(*keys: str, form: str = "{:.2f}") -> Any:
        def read(depth: str) -> str:
            value: Any = result
            for key in keys:
                value = value[key]
            return form.format(value[depth]["median"])

        return read

    def both(key: str) -> Any:
        def read(depth: str) -> str:
            pair = result[key][depth]
            return f"{_list(pair['ours'])} ({_list(pair['upstream_ring'])})"

        return read

    ours = {"onnx": "ours_onnx", "eager": "ours_eager"}
    rows = [
        ("age in ticks (upstream)", both("age_ticks")),
        ("gaps in ticks (upstream)", both("completion_gaps")),
    ]
    rows += [(f"tick ms, {e}", median("tick_ms", k, form="{:.1f}")) for e, k in ours.items()]
    for name, key in ours.items():
        rows += [
            (f"generations/s, {name}", median("generations_per_s", key, form="{:.3g}")),
            (f"overhead, {name}", median("overhead", key, form="{:.2%}")),
            (f"x diffusers, {name}", median("ratio_diffusers", key)),
            (f"x sequential, {name}", median("ratio_sequential", key)),
            (f"x upstream ring, {name}", median("ratio_upstream_ring", key)),
        ]
    return rows


def _list(value: int | list[int]) -> str:
    if not isinstance(value, list):
        return str(value)
    return str(value[0]) if len(set(value)) == 1 else ",".join(map(str, value))


def _lines(result: dict[str, Any]) -> list[str]:
    decode, memory = result["windowed_decode"], result["memory_per_slot_bytes"]
    rates = result["generations_per_s"]
    lines = [
        "generations a second: "
        + ", ".join(
            f"{name} {rates[name]['median']:.3g}"
            for name in ("diffusers", "sequential_eager", "sequential_onnx")
        ),
        f"windowed decode: {result['windowed_decode_ratio']['median']:.1f} times cheaper "
        f"({decode['full_ms']['median']:.0f} ms against {decode['bar_ms']['median']:.1f} ms)",
        f"memory of a slot: {memory['tensors'] / 2**20:.2f} MiB of tensors",
    ]
    for kind in ("step", "submission"):
        waits = [result["latency"]["ours_onnx"][str(d)][kind]["ours"] for d in DEPTHS]
        told = ", ".join(f"{wait['ticks_worst']} ({wait['ms_worst']:.0f} ms)" for wait in waits)
        lines.append(f"worst wait of a {kind}-class change in ticks, onnx, by depth: {told}")
    return lines

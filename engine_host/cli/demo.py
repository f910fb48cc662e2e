"""``anacrusis demo``: a real engine process, a simulated DAW, and what it heard."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from bridge_protocol.blocks import Samples
from bridge_protocol.clock import Clock, MonotonicClock
from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.schema import Pulse
from daw_clients.client.client import Client
from daw_clients.client.simulated_daw import SimulatedDaw
from engine_host.cli import options
from engine_host.cli.demo_parts import loops
from engine_host.cli.demo_parts.picture import draw
from engine_host.cli.demo_parts.report import make_report, problems
from engine_host.cli.demo_parts.scenario import BPM, LOOP_BARS, Scenario, Song, demo_song
from engine_host.cli.engine_process import START_TIMEOUT_S, engine_process
from engine_host.files import read_source, replacing, write_wav
from engine_host.models.catalogue import HOUSE, ModelChoice

RATE_HZ = 48_000
HOUSE_THREADS = 2
BUFFER_SECONDS = 0.75
LARGE_MODEL_BUFFER_SECONDS = 4.0  # a larger model takes longer from a change to its sound
PLAY_TIMEOUT_S = 150.0
HEADROOM_BARS = 26
_console = Console(stderr=True, highlight=False)


@dataclass(frozen=True)
class Material:
    """The audio the demo plays with, and how many bars pass before it begins again."""

    source: Samples
    source_rate: int
    repeat_bars: int
    target: Samples


def demo(
    out: Annotated[Path, typer.Option("--out", help="Folder for the results.")] = Path("out/demo"),
    source: Annotated[
        Path | None, typer.Option("--source", help="Your own audio, instead of the demo's loop.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Another seed is another take.")] = 0,
    port: Annotated[
        int, typer.Option("--port", help="Port of the engine; 0 takes a free one.")
    ] = 0,
    model: options.Model = HOUSE,
    device: options.Device = "auto",
    dtype: options.Dtype = "auto",
) -> None:
    """Play 24 bars through the bridge in real time, and write what the DAW heard.

    Starts an engine in another process and a simulated DAW in this one. Writes demo.wav, demo.png
    and report.json (explained in docs/demo.md); takes about a minute.
    """
    song = demo_song()
    material = _material(source, song)
    clock = MonotonicClock()
    # Another model ticks on one thread and encodes on another, both PyTorch's.
    threads = HOUSE_THREADS if model == HOUSE else 1
    choice = ModelChoice(model, device, dtype, threads=threads)
    with engine_process(port, choice) as endpoint, Client(endpoint, clock) as client:
        welcome = client.connect()
        pulses: list[Pulse] = []
        client.on(Pulse, pulses.append)
        hears_source = "source" in welcome.model.capabilities
        heard = material if hears_source else None
        large = model != HOUSE
        buffer_seconds = LARGE_MODEL_BUFFER_SECONDS if large else BUFFER_SECONDS
        daw = _daw(client, clock, song, heard, seed, buffer_seconds)
        scenario = Scenario(daw, song, early=large)
        _play(daw, scenario)
        client.poll(0.3)
    report = make_report(daw, scenario, welcome, _while_playing(pulses, daw), seed)
    _write(out, daw, scenario, report, pulses)
    _tell(out, report)


def _material(path: Path | None, song: Song) -> Material:
    target = loops.arpeggio(BPM, LOOP_BARS, RATE_HZ)
    if path is None:
        return Material(loops.groove(BPM, LOOP_BARS, RATE_HZ), RATE_HZ, LOOP_BARS, target)
    given = read_source(path, "--source", 0.04)
    bars = max(1, round(given.seconds / song.grid(RATE_HZ).seconds(1)))
    return Material(given.audio, given.rate_hz, bars, target)


def _daw(
    client: Client,
    clock: Clock,
    song: Song,
    material: Material | None,
    seed: int,
    buffer_seconds: float,
) -> SimulatedDaw:
    """The host with its song, source and target in place, not playing yet; without them where the
    model hears none."""
    daw = SimulatedDaw(
        client,
        song.tempo,
        song.meter,
        clock,
        sample_rate_hz=RATE_HZ,
        buffer_seconds=buffer_seconds,
    )
    client.set_tempo(song.tempo, song.meter)
    client.param("seed", float(seed))
    if material is None:
        return daw
    source = client.upload(material.source, material.source_rate)
    client.use_source(source, role="source", at_ppq=0.0, repeat_bars=material.repeat_bars)
    target = client.upload(material.target, RATE_HZ)
    client.use_source(target, role="target", at_ppq=0.0, repeat_bars=LOOP_BARS)
    return daw


def _play(daw: SimulatedDaw, scenario: Scenario) -> None:
    """Opens the stream, waits until its first blocks are here, and plays to the end."""
    daw.open()
    scenario.prepare()
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=_console, transient=True) as progress:
        task = progress.add_task("waiting for the first bars", total=HEADROOM_BARS)
        if not daw.run_until(lambda d: d.buffered_frames >= d.buffer_frames, START_TIMEOUT_S):
            raise RefusedError(ErrorCode.NO_ENGINE, "engine", "No audio came from the engine.")
        daw.play()

        def done(d: SimulatedDaw) -> bool:
            scenario.act()
            progress.update(task, completed=len(d.log.bars), description="playing")
            return scenario.finished

        if not daw.run_until(done, PLAY_TIMEOUT_S):
            raise RefusedError(ErrorCode.NO_ENGINE, "engine", "The demo did not come to its end.")
        daw.stop()
        daw.process(4 * daw.block_size)


def _while_playing(pulses: list[Pulse], daw: SimulatedDaw) -> list[Pulse]:
    """The pulses that came while the host played; both processes read the machine's one clock."""
    played = [span for span in daw.heard if span.kind == "played"]
    start, end = played[0].at_ns, played[-1].at_ns
    found = [pulse for pulse in pulses if start <= pulse.at <= end]
    return found if len(found) >= 2 else pulses


def _write(
    out: Path, daw: SimulatedDaw, scenario: Scenario, report: dict[str, Any], pulses: list[Pulse]
) -> None:
    out.mkdir(parents=True, exist_ok=True)
    write_wav(out / "demo.wav", daw.recording, RATE_HZ)
    draw(out / "demo.png", daw, scenario, report, pulses)
    with replacing(out / "report.json") as temporary:
        temporary.write_text(json.dumps(report, indent=1) + "\n")


def _tell(out: Path, report: dict[str, Any]) -> None:
    typer.echo(f"{out}/demo.wav  {report['seconds_heard']:.1f} s, {len(report['bars'])} bars")
    typer.echo(f"{out}/demo.png  the picture")
    typer.echo(
        f"{out}/report.json  {report['realtime_factor']:.0%} of real time, "
        f"tick {report['tick_ms']['p50']:.0f} ms, joins {report['joins_max_db']:.0f} dB"
    )
    wrong = problems(report)
    if wrong:
        raise RefusedError(ErrorCode.INTERNAL, "report", "; ".join(wrong))

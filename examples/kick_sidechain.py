"""Lets the source through at every kick, and leaves it between: a sidechain on `denoise`.

    python kick_sidechain.py loop.wav kick.wav --bpm 120 --bars 1-4

At each onset in the kick's file `denoise` falls to --low, and rises back to --high over --release
seconds. The lane's points are in seconds: they belong to the file, not to the bars.
"""

from pathlib import Path

import numpy as np

from bridge_protocol.blocks import Samples
from bridge_protocol.lanes import Anchor, Breakpoint, BreakpointLane
from bridge_protocol.meter import MeterMap
from bridge_protocol.notation import parse_bar_range
from bridge_protocol.tempo import TempoMap
from daw_clients.client import Client
from daw_clients.client.audio_files import read_audio, write_audio
from daw_clients.client.scripting import bars_told, run_script, script_parser

RATE_HZ = 48_000
HOP_S, RISE_DB, BELOW_PEAK_DB, APART_S = 0.005, 12.0, 30.0, 0.08


def onsets(audio: Samples, rate_hz: int) -> list[float]:
    """Seconds at which the level rises by 12 dB within 10 ms, 80 ms apart at least."""
    hop = max(1, round(HOP_S * rate_hz))
    power = np.mean(audio.astype(np.float64) ** 2, axis=1)
    frames = power[: len(power) // hop * hop].reshape(-1, hop).mean(axis=1)
    level = np.concatenate([[-80.0, -80.0], 10 * np.log10(frames + 1e-8)])
    rises = level[2:] - np.minimum(level[1:-1], level[:-2]) >= RISE_DB
    found: list[float] = []
    for frame in np.flatnonzero(rises & (level[2:] > level.max() - BELOW_PEAK_DB)):
        if not found or frame * hop / rate_hz - found[-1] >= APART_S:
            found.append(float(frame * hop / rate_hz))
    return found


def ducked(times: list[float], low: float, high: float, release_s: float) -> BreakpointLane:
    """A fall at each time and a straight way back, which the next fall may cut."""
    points = [Breakpoint(0.0, high)]
    for time, following in zip(times, [*times[1:], float("inf")], strict=True):
        end = min(time + release_s, following)
        value = low + (high - low) * (end - time) / release_s
        points += [Breakpoint(time, points[-1].value), Breakpoint(time, low)]
        points.append(Breakpoint(end, value))
    return BreakpointLane(points, Anchor.SECONDS)


def main(words: list[str] | None = None) -> None:
    """Onsets of one file move the other."""
    parser = script_parser(__doc__)
    parser.add_argument("source", help="the loop, at the song's tempo")
    parser.add_argument("kick", help="a file with the kicks, from bar 1 on")
    parser.add_argument("--low", type=float, default=0.15, help="denoise at a kick")
    parser.add_argument("--high", type=float, default=0.8, help="denoise between")
    parser.add_argument("--release", type=float, default=0.3, help="seconds (default: 0.3)")
    parser.add_argument("--prompt", default="", help="what the music should be")
    parser.add_argument("--bpm", type=float, default=120.0, help="default: 120")
    parser.add_argument("--bars", default="1-4", help="default: 1-4")
    parser.add_argument("--repeat", type=int, default=4, help="the loop's bars (default: 4)")
    parser.add_argument("--out", type=Path, default=Path("sidechain.wav"))
    given = parser.parse_args(words)
    first, end = parse_bar_range(given.bars, "--bars")
    times = onsets(*read_audio(given.kick, "kick"))
    with Client(given.endpoint) as client:
        client.set_tempo(TempoMap.constant(given.bpm), MeterMap.constant(4, 4))
        client.use_source(client.upload(*read_audio(given.source)), repeat_bars=given.repeat)
        client.prompt(given.prompt)
        client.lane("denoise", ducked(times, given.low, given.high, given.release))
        audio = client.render(first + 1, end, bars_told("sidechain"))
    path = write_audio(given.out, audio, RATE_HZ)
    print(f"{len(times)} kicks, the first at {', '.join(f'{time:.3f}' for time in times[:4])} s")
    print(f"{path}: bars {first + 1}-{end}, {len(audio)} samples")


if __name__ == "__main__":
    run_script(main)

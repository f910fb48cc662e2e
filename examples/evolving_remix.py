"""Plays a two-bar loop that turns into something else, pass by pass, and records it.

    python evolving_remix.py loop.wav --bpm 120 --passes 8

It plays in real time. Each pass hears some of the pass before (`feedback`), leaves the loop a
little further behind (`denoise`), and is another take (`seed`). The file is the passes one after
the other, to the sample.
"""

from pathlib import Path

from bridge_protocol.clock import MonotonicClock
from bridge_protocol.meter import MeterMap
from bridge_protocol.schema import When
from bridge_protocol.tempo import TempoMap
from daw_clients.client import Client, SimulatedDaw
from daw_clients.client.audio_files import read_audio, write_audio
from daw_clients.client.scripting import play_until, run_script, script_parser

RATE_HZ, LOOP_BARS, LOOP_PPQ = 48_000, 2, 8.0
BUFFER_S = 0.5
AHEAD_S = 1.9  # a change takes the buffer and a generation, or a little more
NEXT_BAR = When(kind="next_bar")


def play(daw: SimulatedDaw, passes: int, last_denoise: float) -> None:
    """Plays the passes; before the end of each it asks for what the next one is to be."""
    loop, ahead = daw.grid.sample(LOOP_BARS), round(AHEAD_S * RATE_HZ)
    for number in range(1, passes):
        play_until(daw, lambda d, at=number * loop - ahead: d.head.address >= at)
        denoise = 0.3 + (last_denoise - 0.3) * number / (passes - 1)
        daw.param("seed", number, NEXT_BAR)
        daw.param("denoise", denoise, NEXT_BAR)
        print(f"pass {number + 1} of {passes}: seed {number}, denoise {denoise:.2f}", flush=True)
    play_until(daw, lambda d: d.head.address >= passes * loop)


def main(words: list[str] | None = None) -> None:
    """The simulated DAW is the host; a plugin would do the same."""
    parser = script_parser(__doc__)
    parser.add_argument("loop", help="two bars at the tempo")
    parser.add_argument("--bpm", type=float, default=120.0, help="default: 120")
    parser.add_argument("--passes", type=int, default=8, help="default: 8")
    parser.add_argument("--prompt", default="synthwave, bright")
    parser.add_argument("--feedback", type=float, default=0.4, help="default: 0.4")
    parser.add_argument("--denoise", type=float, default=0.9, help="of the last pass")
    parser.add_argument("--out", type=Path, default=Path("remix.wav"))
    given = parser.parse_args(words)
    clock, tempo = MonotonicClock(), TempoMap.constant(given.bpm)
    with Client(given.endpoint, clock) as client:
        client.use_source(client.upload(*read_audio(given.loop)), repeat_bars=LOOP_BARS)
        client.prompt(given.prompt)
        client.param("feedback", given.feedback)
        client.param("denoise", 0.3)
        daw = SimulatedDaw(
            client,
            tempo,
            MeterMap.constant(4, 4),
            clock,
            buffer_seconds=BUFFER_S,
            window_bars=LOOP_BARS,
        )
        daw.set_loop(0.0, LOOP_PPQ)
        daw.open()
        play_until(daw, lambda d: d.buffered_frames >= d.buffer_frames)
        start = daw.timeline - daw.recording_start
        daw.play()
        play(daw, given.passes, given.denoise)
        frames, report = given.passes * daw.grid.sample(LOOP_BARS), daw.report()
        path = write_audio(given.out, daw.recording[start : start + frames], RATE_HZ)
    told = [change.promise.status for change in report.changes if change.promise]
    print(f"{path}: {given.passes} passes, {frames} samples, {report.gap_frames} missing")
    kept, asked = told.count("kept"), len(report.changes)
    later = asked - len(told)
    print(f"{asked} changes: {kept} heard where they were promised, {later} not before the end")


if __name__ == "__main__":
    run_script(main)

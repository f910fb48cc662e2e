"""Feeds a WAV file as live input, bar by bar, and records what comes back some bars later.

    python interval_jam.py guitar.wav --bpm 120 --bars 8 --prompt "funk, clav"

As in NINJAM, what is played in bar k is heard transformed in bar k + n. It runs in real time, as
a track's input would. The file has the bars that came back, without the n bars of waiting.
"""

from pathlib import Path

import numpy as np

from bridge_protocol.blocks import Samples
from bridge_protocol.clock import MonotonicClock
from bridge_protocol.meter import MeterMap
from bridge_protocol.tempo import TempoMap
from daw_clients.client import Client, SimulatedDaw
from daw_clients.client.audio_files import read_audio, write_audio
from daw_clients.client.scripting import play_until, run_script, script_parser


class FileInput:
    """A file that goes round, as a track that plays it."""

    def __init__(self, audio: Samples) -> None:
        self._audio = np.broadcast_to(audio, (len(audio), 2))

    def __call__(self, sample: int, frames: int) -> Samples:
        """What the track plays from a song sample on, float32 ``[frames, 2]``."""
        return self._audio[np.arange(sample, sample + frames) % len(self._audio)]


def main(words: list[str] | None = None) -> None:
    """Windows of one bar and two bars of waiting are the quickest."""
    parser = script_parser(__doc__)
    parser.add_argument("input", help="a WAV file; it goes round where it is too short")
    parser.add_argument("--bpm", type=float, default=120.0, help="default: 120")
    parser.add_argument("--bars", type=int, default=8, help="that come back (default: 8)")
    parser.add_argument("--wait", type=int, default=2, help="bars, 2 at least (default: 2)")
    parser.add_argument("--prompt", default="", help="what the music should be")
    parser.add_argument("--denoise", type=float, default=0.5, help="0 gives the input back")
    parser.add_argument("--out", type=Path, default=Path("jam.wav"))
    given = parser.parse_args(words)
    audio, rate_hz = read_audio(given.input, "input")
    clock, tempo, meter = MonotonicClock(), TempoMap.constant(given.bpm), MeterMap.constant(4, 4)
    with Client(given.endpoint, clock) as client:
        client.connect(sample_rate=rate_hz)
        client.prompt(given.prompt)
        client.param("denoise", given.denoise)
        daw = SimulatedDaw(
            client,
            tempo,
            meter,
            clock,
            sample_rate_hz=rate_hz,
            window_bars=1,
            live_input=FileInput(audio),
        )
        daw.open()
        client.use_live_input(given.wait)
        play_until(daw, lambda d: d.buffered_frames >= d.block_size)
        start = daw.timeline - daw.recording_start
        daw.play()
        for bar in range(1, given.wait + given.bars + 1):
            play_until(daw, lambda d, bar=bar: d.head.sample >= d.grid.sample(bar))
            told = "waiting" if bar <= given.wait else f"bar {bar - given.wait} came back"
            print(f"bar {bar}: {told}", flush=True)
        first, end = (daw.grid.sample(bar) for bar in (given.wait, given.wait + given.bars))
        path = write_audio(given.out, daw.recording[start + first : start + end], rate_hz)
    print(f"{path}: {given.bars} bars, {end - first} samples, {daw.report().gap_frames} missing")


if __name__ == "__main__":
    run_script(main)

"""Morphs a loop towards another sound, as far as a file is loud at each moment.

    python morph_from_rms.py loop.wav strings.wav --envelope vocals.wav --bars 1-8

The loudness (RMS) of the envelope file, 25 values a second, becomes the lane of `morph`.
"""

from pathlib import Path

import numpy as np

from bridge_protocol.blocks import Samples
from bridge_protocol.lanes import SampledLane
from bridge_protocol.meter import MeterMap
from bridge_protocol.notation import parse_bar_range
from bridge_protocol.tempo import TempoMap
from daw_clients.client import Client
from daw_clients.client.audio_files import read_audio, write_audio
from daw_clients.client.scripting import bars_told, run_script, script_parser

RATE_HZ = 48_000
LANE_HZ = 25  # what the engine reads


def rms_lane(audio: Samples, rate_hz: int, top: float) -> SampledLane:
    """RMS over 80 ms around each frame, scaled so that the loudest frame is ``top``."""
    half = rate_hz // LANE_HZ
    power = np.mean(audio.astype(np.float64) ** 2, axis=1)
    total = np.concatenate([[0.0], np.cumsum(power)])
    centres = np.arange(0, len(power), half)
    starts, ends = np.maximum(centres - half, 0), np.minimum(centres + half, len(power))
    rms = np.sqrt((total[ends] - total[starts]) / (2 * half))
    return SampledLane(0.0, rate_hz / half, top * rms / max(rms.max(), 1e-9))


def main(words: list[str] | None = None) -> None:
    """A lane is sent like a knob: by its parameter's name."""
    parser = script_parser(__doc__)
    parser.add_argument("source", help="the loop, at the song's tempo")
    parser.add_argument("target", help="what it is morphed to")
    parser.add_argument("--envelope", help="whose loudness counts (default: the loop's own)")
    parser.add_argument("--top", type=float, default=0.8, help="morph where it is loudest")
    parser.add_argument("--prompt", default="", help="what the music should be")
    parser.add_argument("--bpm", type=float, default=120.0, help="default: 120")
    parser.add_argument("--bars", default="1-4", help="default: 1-4")
    parser.add_argument("--repeat", type=int, default=4, help="the loop's bars (default: 4)")
    parser.add_argument("--out", type=Path, default=Path("morph.wav"))
    given = parser.parse_args(words)
    first, end = parse_bar_range(given.bars, "--bars")
    lane = rms_lane(*read_audio(given.envelope or given.source, "--envelope"), given.top)
    with Client(given.endpoint) as client:
        client.set_tempo(TempoMap.constant(given.bpm), MeterMap.constant(4, 4))
        for name, role in ((given.source, "source"), (given.target, "target")):
            sound = client.upload(*read_audio(name, role))
            client.use_source(sound, role, repeat_bars=given.repeat)
        client.prompt(given.prompt)
        client.lane("morph", lane)
        audio = client.render(first + 1, end, bars_told("morph"))
    path = write_audio(given.out, audio, RATE_HZ)
    low, high = lane.values.min(), lane.values.max()
    print(f"morph follows {len(lane.values)} values from {low:.2f} to {high:.2f}")
    print(f"{path}: bars {first + 1}-{end}, {len(audio)} samples")


if __name__ == "__main__":
    run_script(main)

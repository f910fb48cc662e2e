"""One prompt, several seeds: all takes in one WAV, bar after bar, with an index beside it.

    python seed_contact_sheet.py --prompt "jazz piano trio" --seeds 1 2 3 4 --bars 2

The index (sheet.csv beside sheet.wav) says where each take starts, and its SHA-256: the same seed
is the same bytes, so a take that you like can be made again at any length.
"""

import csv
import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from bridge_protocol.blocks import Samples
from bridge_protocol.meter import MeterMap
from bridge_protocol.tempo import TempoMap
from daw_clients.client import Client
from daw_clients.client.audio_files import read_audio, write_audio
from daw_clients.client.scripting import bars_told, run_script, script_parser

RATE_HZ = 48_000


def takes(client: Client, seeds: list[int], bars: int) -> Iterator[Samples]:
    """The same bars with each seed."""
    for seed in seeds:
        client.param("seed", seed)
        yield client.render(1, bars, bars_told(f"seed {seed}"))


def main(words: list[str] | None = None) -> None:
    """Every take has the same number of samples: the bars of a constant tempo."""
    parser = script_parser(__doc__)
    parser.add_argument("--prompt", default="jazz piano trio")
    parser.add_argument("--source", help="an audio file at the tempo that the takes are covers of")
    parser.add_argument("--seeds", type=int, nargs="+", default=list(range(1, 9)), metavar="SEED")
    parser.add_argument("--bars", type=int, default=2, help="of each take (default: 2)")
    parser.add_argument("--bpm", type=float, default=120.0, help="default: 120")
    parser.add_argument("--out", type=Path, default=Path("sheet.wav"))
    given = parser.parse_args(words)
    with Client(given.endpoint) as client:
        client.set_tempo(TempoMap.constant(given.bpm), MeterMap.constant(4, 4))
        if given.source:
            client.use_source(client.upload(*read_audio(given.source)), repeat_bars=given.bars)
        client.prompt(given.prompt)
        sheet = list(takes(client, given.seeds, given.bars))
    path = write_audio(given.out, np.concatenate(sheet), RATE_HZ)
    index = path.with_suffix(".csv")
    with index.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(("seed", "first_sample", "samples", "sha256"))
        first = 0
        for seed, take in zip(given.seeds, sheet, strict=True):
            digest = hashlib.sha256(take.tobytes()).hexdigest()
            rows.writerow((seed, first, len(take), digest))
            print(f"seed {seed}: sample {first}, {first / RATE_HZ:.3f} s, {digest[:12]}")
            first += len(take)
    print(f"{path} and {index}: {len(sheet)} takes of {given.bars} bars")


if __name__ == "__main__":
    run_script(main)

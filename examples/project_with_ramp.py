"""Renders bars of a project along its own tempo map: ramps, signatures and lanes.

    python project_with_ramp.py song.dawproject --bars 1-8 --prompt "funk, electric piano"

Reads DAWproject (and .rpp, .mid, .als). Lanes that have a parameter's name, such as `denoise`, are
used. The table shows where each bar line falls, and the tempo there.
"""

from pathlib import Path

from bridge_protocol.bars import BarGrid
from bridge_protocol.notation import parse_bar_range
from daw_clients.client import Client
from daw_clients.client.audio_files import read_audio, write_audio
from daw_clients.client.scripting import bars_told, run_script, script_parser
from daw_clients.projects.lane_matching import match_lanes
from daw_clients.projects.opening import open_project

RATE_HZ = 48_000


def print_bars(grid: BarGrid, first: int, end: int) -> None:
    """Bar lines from ``first`` (counted from 0) to the one behind the last bar."""
    print(" bar     bpm    seconds    sample")
    for bar in range(first, end + 1):
        line = grid.line(bar)
        bpm = grid.tempo.bpm(line.ppq)
        print(f"{line.bar:4d} {bpm:7.2f} {line.seconds:10.6f} {line.sample:9d}")


def main(words: list[str] | None = None) -> None:
    """The project is read here; the engine gets a tempo map and lanes."""
    parser = script_parser(__doc__)
    parser.add_argument("project", type=Path)
    parser.add_argument("--source", help="the song as audio, from its bar 1 on")
    parser.add_argument("--prompt", default="", help="what the music should be")
    parser.add_argument("--bars", default="1-4", help="default: 1-4")
    parser.add_argument("--out", type=Path, default=Path("ramp.wav"))
    given = parser.parse_args(words)
    first, end = parse_bar_range(given.bars, "--bars")
    project = open_project(given.project, name="project")
    matched = match_lanes(project)
    for sentence in (*project.warnings, *matched.passed):
        print(f"note {sentence}")
    print_bars(BarGrid(project.tempo, project.meter, RATE_HZ), first, end)
    with Client(given.endpoint) as client:
        client.set_tempo(project.tempo, project.meter)
        if given.source:
            client.use_source(client.upload(*read_audio(given.source)))
        client.prompt(given.prompt)
        for lane in matched.used:
            client.lane(lane.parameter, lane.scaled.lane)
            print(lane.words)
        audio = client.render(first + 1, end, bars_told("render"))
    path = write_audio(given.out, audio, RATE_HZ)
    print(f"{path}: bars {first + 1}-{end}, {len(audio)} samples")


if __name__ == "__main__":
    run_script(main)

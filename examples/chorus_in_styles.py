"""Renders one part of a song, its chorus, in eight styles: a WAV file for each.

    python chorus_in_styles.py song.wav --bpm 120 --bars 5-8
    python chorus_in_styles.py song.wav --project song.rpp --bars Chorus

Every file starts on the first bar's sample and ends where the part ends, so that all of them can
be dropped on the same bar of the song. With a project its tempo map counts, and --bars may be the
name of a locator.
"""

from argparse import Namespace
from pathlib import Path

from bridge_protocol.meter import MeterMap
from bridge_protocol.notation import parse_bar_range
from bridge_protocol.tempo import TempoMap
from daw_clients.client import Client
from daw_clients.client.audio_files import read_audio, write_audio
from daw_clients.client.scripting import bars_told, run_script, script_parser
from daw_clients.projects.opening import open_project
from daw_clients.projects.sections import section_bars

RATE_HZ = 48_000
STYLES = ("house", "techno", "synthwave", "funk", "jazz", "ambient", "rock", "lofi hip hop")


def song_of(given: Namespace) -> tuple[TempoMap, MeterMap, tuple[int, int]]:
    """The song's maps, and the part: its first bar from 0, and the bar behind its last."""
    if given.project is None:
        bars = parse_bar_range(given.bars, "--bars")
        return TempoMap.constant(given.bpm), MeterMap.constant(4, 4), bars
    project = open_project(given.project, name="--project")
    named = any(locator.name == given.bars for locator in project.locators)
    bars = (section_bars if named else _numbered)(project, given.bars, "--bars")
    return project.tempo, project.meter, bars


def _numbered(_: object, text: str, field: str) -> tuple[int, int]:
    return parse_bar_range(text, field)


def main(words: list[str] | None = None) -> None:
    """Uploads the song once; then each style is a prompt and a render."""
    parser = script_parser(__doc__)
    parser.add_argument("song", help="the song as audio, from its bar 1 on")
    parser.add_argument("--bars", default="1-4", help="bars, or a locator (default: 1-4)")
    parser.add_argument("--bpm", type=float, default=120.0, help="default: 120")
    parser.add_argument("--project", type=Path, help="a project file with the tempo map")
    parser.add_argument("--denoise", type=float, default=0.6, help="0 is the song, 1 is new")
    parser.add_argument("--styles", nargs="+", default=STYLES, metavar="PROMPT")
    parser.add_argument("--out", type=Path, default=Path("styles"), help="folder")
    given = parser.parse_args(words)
    tempo, meter, (first, end) = song_of(given)
    with Client(given.endpoint) as client:
        client.set_tempo(tempo, meter)
        client.use_source(client.upload(*read_audio(given.song)))
        client.param("denoise", given.denoise)
        for number, style in enumerate(given.styles, 1):
            told = client.prompt(style).text
            audio = client.render(first + 1, end, bars_told(style))
            name = f"{number:02d}-{style.replace(' ', '-')}.wav"
            path = write_audio(given.out / name, audio, RATE_HZ)
            print(f"{path}: bars {first + 1}-{end}, {len(audio)} samples {told or ''}".rstrip())


if __name__ == "__main__":
    run_script(main)

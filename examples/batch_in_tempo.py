"""Renders every audio file of a folder at one tempo, whatever tempo it has itself.

    python batch_in_tempo.py loops --bpm 128 --bars 4 --prompt "house, piano" --out at-128

Each file's own tempo is found (or given, with --source-bpm); it is stretched at its own pitch and
goes round on the bar lines. A file that can't be used is told, and the others go on.
"""

from pathlib import Path

from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.meter import MeterMap
from bridge_protocol.tempo import TempoMap
from daw_clients.client import Client
from daw_clients.client.audio_files import read_audio, write_audio
from daw_clients.client.scripting import bars_told, run_script, script_parser

RATE_HZ = 48_000
SUFFIXES = (".wav", ".flac", ".aif", ".aiff", ".ogg", ".mp3")


def audio_files(folder: Path) -> list[Path]:
    """The folder's audio files, in the order of their names."""
    files = sorted(folder.iterdir()) if folder.is_dir() else []
    found = [path for path in files if path.suffix.lower() in SUFFIXES]
    if not found:
        text = f"{folder} has no audio files; give a folder with WAV, FLAC, AIFF, OGG or MP3 files."
        raise RefusedError(ErrorCode.FILE_MISSING, "folder", text)
    return found


def main(words: list[str] | None = None) -> None:
    """One connection for all: the engine is warm after the first file."""
    parser = script_parser(__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--bpm", type=float, default=120.0, help="of the results (default: 120)")
    parser.add_argument("--source-bpm", type=float, help="of the files (default: found)")
    parser.add_argument("--repeat", type=int, default=4, help="a file goes round in so many bars")
    parser.add_argument("--bars", type=int, default=4, help="default: 4")
    parser.add_argument("--prompt", default="", help="what the music should be")
    parser.add_argument("--denoise", type=float, default=0.4, help="0 only stretches")
    parser.add_argument("--out", type=Path, default=Path("in-tempo"), help="folder")
    given = parser.parse_args(words)
    failed, files = 0, audio_files(given.folder)
    with Client(given.endpoint) as client:
        client.set_tempo(TempoMap.constant(given.bpm), MeterMap.constant(4, 4))
        client.prompt(given.prompt)
        client.param("denoise", given.denoise)
        for file in files:
            try:
                sound = client.upload(*read_audio(file), file.name)
                told = client.use_source(
                    sound, repeat_bars=given.repeat, tempo="own", bpm=given.source_bpm
                )
                audio = client.render(1, given.bars, bars_told(file.name))
                path = write_audio(given.out / f"{file.stem}.wav", audio, RATE_HZ)
                print(f"{path}: {len(audio)} samples {told.text or ''}".rstrip(), flush=True)
            except RefusedError as error:
                failed += 1
                print(f"{file.name} is left out: {error.message}", flush=True)
    print(f"{len(files) - failed} of {len(files)} files at {given.bpm:g} bpm")
    if failed:
        raise SystemExit(1)


if __name__ == "__main__":
    run_script(main)

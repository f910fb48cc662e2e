"""Renders a MIDI file's channels as stems: each channel's notes, played by the model.

    python stems_from_midi.py song.mid --prompt 1="electric piano" --prompt 2="synth bass"

Tempo and signatures are the file's. All stems have the same bars and length, to the sample; a
channel without a prompt is played as --style says.
"""

from collections import defaultdict
from fractions import Fraction
from pathlib import Path

from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.notation import parse_bar_range
from bridge_protocol.schema import Note
from daw_clients.client import Client
from daw_clients.client.audio_files import write_audio
from daw_clients.client.scripting import bars_told, run_script, script_parser
from daw_clients.projects.opening import open_project
from daw_clients.projects.project import Project

RATE_HZ = 48_000


def by_channel(project: Project) -> dict[int, list[Note]]:
    """The notes of each channel that has any, channels from 1 (10 is the drums)."""
    found: dict[int, list[Note]] = defaultdict(list)
    for note in project.notes:
        found[note.channel].append(note)
    if not found:
        text = "The file has no notes; give a MIDI file with some."
        raise RefusedError(ErrorCode.BAD_FIELD, "midi", text)
    return dict(sorted(found.items()))


def bars_of(project: Project, text: str | None) -> tuple[int, int]:
    """The bars asked for, else all to the last note's end; the first from 0, the end outside."""
    if text is not None:
        return parse_bar_range(text, "--bars")
    end_ppq = max(Fraction(note.ppq) + Fraction(note.length_ppq) for note in project.notes)
    last = project.meter.bar_at(end_ppq)
    return 0, last + (project.meter.bar_start(last) < end_ppq)


def _prompt(text: str) -> tuple[int, str]:
    channel, _, words = text.partition("=")
    return int(channel), words


def main(words: list[str] | None = None) -> None:
    """The notes replace what the engine would play by itself."""
    parser = script_parser(__doc__)
    parser.add_argument("midi", type=Path)
    parser.add_argument("--prompt", type=_prompt, action="append", default=[], metavar="CH=WORDS")
    parser.add_argument("--style", default="funk", help="of channels without a prompt")
    parser.add_argument("--bars", help="such as 5-8 (default: all)")
    parser.add_argument("--out", type=Path, default=Path("stems"), help="folder")
    given = parser.parse_args(words)
    project, prompts = open_project(given.midi, name="midi"), dict(given.prompt)
    channels = by_channel(project)
    first, end = bars_of(project, given.bars)
    with Client(given.endpoint) as client:
        client.set_tempo(project.tempo, project.meter)
        for channel, notes in channels.items():
            default = "drums" if channel == 10 else f"{given.style}, no drums"
            client.prompt(prompts.get(channel, default))
            client.notes(notes)
            audio = client.render(first + 1, end, bars_told(f"channel {channel}"))
            path = write_audio(given.out / f"channel-{channel:02d}.wav", audio, RATE_HZ)
            print(f"{path}: {len(notes)} notes, bars {first + 1}-{end}, {len(audio)} samples")


if __name__ == "__main__":
    run_script(main)

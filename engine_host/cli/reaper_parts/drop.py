"""A request that a script left in a folder, rendered; the answer is a file beside it.

``request.json.started`` says that someone is at work, ``request.json.answer`` how it ended: one of
``{"ok": true, "file", "name", "bars", "start_s", "length_s"}`` and ``{"ok": false, "message"}``.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import numpy as np
import soundfile

from bridge_protocol.bars import BarGrid
from bridge_protocol.errors import ErrorCode, RefusedError
from daw_clients.projects.opening import open_project
from daw_clients.projects.project import Project
from daw_clients.reaper.anacrusis_reaper import loras, refusal
from engine_host.files import replacing

SHORT_S = 0.01  # by how much a file may be shorter than the item that plays it
MOST_BYTES = 1 << 20
BarNumber = Annotated[int, msgspec.Meta(ge=1, le=100_000)]
Seconds = Annotated[float, msgspec.Meta(ge=0, le=1e6)]
Render = Callable[[Sequence[str]], str]
"""Runs ``anacrusis render`` with these words; returns what went wrong, empty if nothing did."""


class DroppedSource(msgspec.Struct, forbid_unknown_fields=True):
    """Part of a file, and where in the song it begins."""

    file: str
    offset_s: Seconds
    length_s: Seconds
    position_s: Seconds


class DropRequest(msgspec.Struct, forbid_unknown_fields=True):
    """What the script asks for; bars from 1, both included. Paths are absolute.

    ``loras``: names between commas, as the dialog has them.
    """

    version: Literal[1]
    project: str
    out: str
    first_bar: BarNumber
    last_bar: BarNumber
    prompt: str = ""
    negative: str = ""
    seed: Annotated[int, msgspec.Meta(ge=0, lt=2**32)] = 0
    window_bars: Annotated[int, msgspec.Meta(ge=1, le=64)] = 4
    loras: str = ""
    source: DroppedSource | None = None


def answer_drop(path: Path, render: Render | None = None) -> bool:
    """Renders a request and writes its answer, whatever happens; whether it went well.

    RefusedError ``FILE_MISSING`` where there is no request: then nobody waits for an answer.
    """
    if not path.is_file():
        raise RefusedError(ErrorCode.FILE_MISSING, "request", f"There is no file {path}.")
    _beside(path, "started").write_text("")
    try:
        answer = _answered(read_request(path), path.parent, render or _render_process)
    except RefusedError as error:
        answer = {"ok": False, "message": error.message}
    except OSError as error:
        answer = {"ok": False, "message": f"{error.filename}: {error.strerror}."}
    with replacing(_beside(path, "answer")) as temporary:
        temporary.write_text(json.dumps(answer))
    return bool(answer["ok"])


def read_request(path: Path) -> DropRequest:
    """The request. RefusedError ``BAD_FIELD`` for what it is not to be."""
    if path.stat().st_size > MOST_BYTES:
        raise RefusedError(ErrorCode.LIMIT, "request", "The request is too long.")
    try:
        return msgspec.json.decode(path.read_bytes(), type=DropRequest)
    except msgspec.DecodeError as error:
        text = f"The request can't be read ({error}); update the script."
        raise RefusedError(ErrorCode.BAD_FIELD, "request", text) from None


def _answered(request: DropRequest, folder: Path, render: Render) -> dict[str, Any]:
    out, song = Path(request.out), _song(request)
    wrong = render(render_words(request, folder))
    if wrong:
        return {"ok": False, "message": wrong}
    info = soundfile.info(str(out))
    grid = BarGrid(song.tempo, song.meter, info.samplerate)
    return {
        "ok": True,
        "file": str(out),
        "name": f"Anacrusis bars {request.first_bar}-{request.last_bar}",
        "bars": f"{request.first_bar}-{request.last_bar}",
        "start_s": grid.sample(request.first_bar - 1) / info.samplerate,
        "length_s": info.frames / info.samplerate,
    }


def render_words(request: DropRequest, folder: Path) -> list[str]:
    """The words after ``anacrusis render``; a source is cut into a file of its own in ``folder``.

    RefusedError as the project's and the source's files have it, BAD_NOTATION for LoRAs.
    """
    words = ["--project", request.project, "--bars", f"{request.first_bar}-{request.last_bar}"]
    words += ["--prompt", request.prompt, "--negative", request.negative]
    words += ["--seed", str(request.seed), "--window", str(request.window_bars)]
    words += [word for name in _loras(request) for word in ("--lora", name)]
    words += ["--bits", "float", "--no-resume", "--quiet", "--out", request.out]
    if request.source is None:
        return words
    bar, cut = _cut(request, request.source, folder)
    return [str(cut), "--source-at", str(bar), *words]


def _loras(request: DropRequest) -> list[str]:
    """The names, from place 1 on; the command's words know no empty place before another."""
    try:
        names = loras.lora_names(request.loras)
    except refusal.RefusedError as error:
        raise RefusedError(ErrorCode.BAD_NOTATION, "loras", error.message) from None
    found = [name for name in names if name]
    if found != list(names[: len(found)]):
        text = "LoRAs: without Python they fill the places from 1 on; leave none empty between."
        raise RefusedError(ErrorCode.BAD_NOTATION, "loras", text)
    return found


def _cut(request: DropRequest, source: DroppedSource, folder: Path) -> tuple[int, Path]:
    """The part that the item plays, from the bar line before it on; that bar, and the file."""
    with _opened(source.file) as file:
        rate = file.samplerate
        first = round(source.offset_s * rate)
        count = round(source.length_s * rate)
        if first + count > file.frames + SHORT_S * rate:
            text = "The item is longer than its file (it loops): glue it first."
            raise RefusedError(ErrorCode.RANGE_PAST_END, "source", text)
        file.seek(min(first, file.frames))
        audio = file.read(count, dtype="float32", always_2d=True)
    song = _song(request)
    grid = BarGrid(song.tempo, song.meter, rate)
    position = round(source.position_s * rate)
    bar = grid.bar_of_sample(position)
    silence = np.zeros((position - grid.sample(bar), audio.shape[1]), np.float32)
    cut = folder / "source.wav"
    soundfile.write(cut, np.concatenate([silence, audio]), rate, subtype="FLOAT")
    return bar + 1, cut


def _song(request: DropRequest) -> Project:
    return open_project(Path(request.project), name="project")


def _opened(path: str) -> soundfile.SoundFile:
    try:
        return soundfile.SoundFile(path)
    except (soundfile.LibsndfileError, OSError) as error:
        text = f"{path} can't be read as audio ({error})."
        raise RefusedError(ErrorCode.FILE_BROKEN, "source", text) from None


def _beside(request: Path, ending: str) -> Path:
    return request.with_name(f"{request.name}.{ending}")


def _render_process(words: Sequence[str]) -> str:
    command = [sys.executable, "-m", "engine_host", "render", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return ""
    lines = done.stderr.strip().splitlines()
    return lines[-1] if lines else f"The render ended with code {done.returncode}."

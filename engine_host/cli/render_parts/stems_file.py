"""A stems file: TOML that describes several songs over the same bars.

bars = "1-8"
bpm = 120

[stem.bass]
prompt = "synth bass"
lane = { denoise = "1:0.2, 5:0.9" }

With ``project = "song.rpp"`` in place of bpm, tempo and meter these come from a project file, and a
stem may have ``project_lane = { denoise = "Track 1/ReaComp/Threshold" }`` and ``notes = true``.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar

import msgspec

from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.meter import MeterMap
from bridge_protocol.parameters import PARAMETERS, find_parameter
from engine_host.cli import options
from engine_host.cli.opened import bar_range, opened_project, refuse_beside_project
from engine_host.cli.render_parts.from_project import FromProject, ProjectUse
from engine_host.cli.render_parts.outputs import MIX
from engine_host.cli.render_parts.part import Part, PartText, read_part
from engine_host.cli.render_parts.request import Request, file_depth, output_rate

FIELD = "--stems"
MAX_BYTES = 4 << 20
MAX_STEMS = 64
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)  # a file's name, and a bare key of TOML
_T = TypeVar("_T", bound=msgspec.Struct)


class _Stem(msgspec.Struct):
    source: str | None = None
    prompt: str = ""
    prompt_b: str = ""
    negative: str = ""
    seed: int = 0
    target: str | None = None
    structure: str | None = None
    source_at: int | str = "1"
    repeat: Annotated[int, msgspec.Meta(ge=0)] = 0
    source_bpm: float | str | None = None
    downbeat: float | None = None
    set: dict[str, float | str] = {}
    lane: dict[str, str] = {}
    lora: list[str] = []
    project_lane: dict[str, str] = {}
    notes: bool = False


class _File(msgspec.Struct):
    stem: dict[str, Any]
    bars: int | str | None = None
    bpm: float | None = None
    tempo: str | None = None
    meter: str = "1:4/4"
    project: str | None = None
    live_law: str | None = None
    rate: int | None = None
    bits: int | str = "24"
    window: Annotated[int, msgspec.Meta(ge=1, le=64)] = 4
    mix: bool = False


def read_stems(path: Path) -> Request:
    """The request that a stems file makes. Paths in it are relative to it.

    RefusedError names the field as the file has it, e.g. ``stem.bass.set.steps``.
    """
    parsed = _parsed(path)
    file = _typed(_File, parsed, "")
    _check_names(file)
    folder = path.expanduser().resolve().parent
    given = _project(file, parsed, folder)
    opened = given.opened if given else None
    maps = opened.maps if opened else options.maps_of(file.bpm, file.tempo, file.meter, dashes="")
    project = opened.project if opened else None
    bars = bar_range(str(file.bars), project, "bars") if file.bars is not None else None
    depth = file_depth(str(file.bits), "bits")
    parts = tuple(
        _part(name, table, maps.meter, folder, given) for name, table in file.stem.items()
    )
    return Request(
        parts=parts,
        maps=maps,
        bars=None if bars is None else (bars[0] + 1, bars[1]),
        rate_hz=output_rate(file.rate, parts, "rate"),
        depth=depth,
        window_bars=file.window,
        mix=file.mix,
        project=opened,
        remarks=given.remarks() if given else (),
    )


def _project(file: _File, keys: Iterable[str], folder: Path) -> FromProject | None:
    if file.project is None:
        if file.live_law is not None:
            raise _without_project("live_law")
        return None
    refuse_beside_project(keys, dashes="")
    path = folder / Path(file.project).expanduser()
    return FromProject(opened_project(path, file.live_law, "project", "live_law"))


def _parsed(path: Path) -> dict[str, Any]:
    path = path.expanduser()
    if not path.is_file():
        raise RefusedError(ErrorCode.FILE_MISSING, FIELD, f"There is no file {path}.")
    if path.stat().st_size > MAX_BYTES:
        raise RefusedError(
            ErrorCode.LIMIT, FIELD, f"{path} is larger than {MAX_BYTES >> 20} MiB; is it TOML?"
        )
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RefusedError(ErrorCode.FILE_BROKEN, FIELD, f"{path} is not TOML: {error}.") from None


def _check_names(file: _File) -> None:
    if not 1 <= len(file.stem) <= MAX_STEMS:
        raise RefusedError(
            ErrorCode.OUT_OF_RANGE, "stem", f"Give 1 to {MAX_STEMS} stems, each a [stem.NAME]."
        )
    for name in file.stem:
        if not _NAME.fullmatch(name):
            raise RefusedError(
                ErrorCode.BAD_FIELD,
                f"stem.{_key(name)}",
                "A stem's name is its file's: 1 to 64 of A-Z, a-z, 0-9, _ and -.",
            )
    folded = [name.casefold() for name in (*file.stem, *([MIX] if file.mix else []))]
    for name in folded:
        if folded.count(name) > 1:
            raise RefusedError(
                ErrorCode.BAD_FIELD, f"stem.{name}", "Two files would have this name; rename one."
            )


def _part(
    name: str, table: object, meter: MeterMap, folder: Path, given: FromProject | None
) -> Part:
    place = f"stem.{name}"

    def field(key: str, entry: str = "") -> str:
        return ".".join(part for part in (place, key, entry) if part)

    stem = _typed(_Stem, table, place)
    named = (("set", stem.set), ("lane", stem.lane), ("project_lane", stem.project_lane))
    for key, names in named:
        for parameter in names:
            if find_parameter(parameter) is None:
                known = [spec.name for spec in PARAMETERS]
                place_of_it = field(key, _key(parameter))
                raise _unknown(ErrorCode.UNKNOWN_PARAMETER, place_of_it, parameter, known)
    text = PartText(
        source=_path(stem.source, folder),
        prompt=stem.prompt,
        prompt_b=stem.prompt_b,
        negative=stem.negative,
        seed=stem.seed,
        target=_path(stem.target, folder),
        structure=_path(stem.structure, folder),
        source_at=str(stem.source_at),
        repeat=stem.repeat,
        source_bpm=stem.source_bpm,
        downbeat=stem.downbeat,
        settings=tuple(stem.set.items()),
        lanes=tuple(stem.lane.items()),
        loras=tuple(stem.lora),
    )
    part = read_part(text, meter, name, field)
    use = ProjectUse(tuple(stem.project_lane.items()), stem.notes)
    if given is not None:
        return given.into(part, use)
    if use != ProjectUse():
        raise _without_project(field("project_lane" if stem.project_lane else "notes"))
    return part


def _without_project(field: str) -> RefusedError:
    text = 'This is about a project file; give one, e.g. project = "song.rpp".'
    return RefusedError(ErrorCode.BAD_FIELD, field, text)


def _path(text: str | None, folder: Path) -> Path | None:
    return None if text is None else folder / Path(text).expanduser()


def _typed(kind: type[_T], table: object, place: str) -> _T:
    """A table as its struct; RefusedError names the key that is unknown, missing or of the wrong kind."""
    if not isinstance(table, Mapping):
        raise RefusedError(ErrorCode.BAD_FIELD, place, "This is to be a table, e.g. [stem.bass].")
    fields = {field.name: field for field in msgspec.structs.fields(kind)}
    values = {}
    for key, value in table.items():
        name = f"{place}.{_key(key)}" if place else _key(key)
        if key not in fields:
            raise _unknown(ErrorCode.BAD_FIELD, name, key, fields)
        try:
            values[key] = msgspec.convert(value, fields[key].type)
        except msgspec.ValidationError as error:
            raise RefusedError(ErrorCode.BAD_FIELD, name, f"{error}.") from None
    for key, field in fields.items():
        if field.required and key not in values:
            raise RefusedError(ErrorCode.BAD_FIELD, key, "It is missing; give a [stem.NAME].")
    return kind(**values)


def _unknown(code: ErrorCode, place: str, wrong: str, known: Iterable[str]) -> RefusedError:
    near = difflib.get_close_matches(wrong, list(known), n=1)
    hint = f"did you mean {near[0]}?" if near else f"Known: {', '.join(known)}."
    return RefusedError(code, place, f"There is no {wrong[:40]!r} here; {hint}")


def _key(name: str) -> str:
    """A key as it can be shown: quoted where it is more than a bare word, and not too long."""
    return name if _NAME.fullmatch(name) else repr(name[:64])

"""REAPER projects (``.RPP``) into projects.

The tempo envelope is read by REAPER's own law (linear over time, or steps), see
:mod:`.reaper_tempo`; envelopes of tracks and effects become lanes in seconds, see
:mod:`.reaper_lanes`; markers become locators, and so do a region's start and its end.
Items are not read, their notes neither. :mod:`.reaper_export` writes.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.tempo import MAX_PPQ, TempoMap
from daw_clients.projects.project import Locator, Project
from daw_clients.projects.reaper_lanes import CHAINS, Envelopes, is_active
from daw_clients.projects.reaper_tempo import TempoPoint, maps_of, on_tick, read_base, read_points
from daw_clients.projects.rpp_numbers import number, seconds_at, whole
from daw_clients.projects.rpp_text import Block, parse_blocks
from daw_clients.projects.source_bytes import source_bytes

MAX_BYTES = 64 * 2**20
MAX_MARKERS = 65_536
ROOT = "REAPER_PROJECT"

_LINES = frozenset(
    ("ACT", "MARKER", "NAME", "PLAYRATE", "POOLEDENVINST", "PROJOFFS", "PT", "TEMPO", "VOLTYPE")
)
_REGION = 1
_MASTER = "Master"


def read_reaper_project(source: Path | str | bytes, name: str = "") -> Project:
    """The project in a file (a ``Path``) or in its text. ``name`` is what errors call it.

    A switched-off tempo envelope leaves the project's own tempo throughout. A marker without a
    name is called by its number, a region's end by its name and ``(end)``. A lane's path is
    track, effect (containers before it), parameter; or track and envelope.

    Raises ``RefusedError``: ``FILE_MISSING``, ``FILE_BROKEN``, ``LIMIT`` (more than ``MAX_BYTES``,
    too many lines, points or markers, too deep), and for what is no number, not finite, out of
    range or out of order, by the field: ``tempo.bpm``, ``tempo_envelope[3].bpm``,
    ``marker[0].seconds``, ``Track/Effect/Parameter[7].value``. Nothing else. Time and memory grow
    with the file.
    """
    name = name or (source.name if isinstance(source, Path) else "REAPER project")
    text, warnings = _text(source, name)
    root = parse_blocks(text, ROOT, _LINES, name)
    points, tempo_warnings = _tempo_points(root)
    tempo, meter, map_warnings = maps_of(read_base(root.first("TEMPO")), points)
    envelopes = _envelopes(root)
    unread = [f"{count} {what}" for what, count in sorted(envelopes.not_read.items())]
    warnings += tempo_warnings + map_warnings + _setting_warnings(root) + envelopes.warnings
    if unread:
        warnings.append(f"not read: {', '.join(unread)}")
    return Project(
        format=f"REAPER project {' '.join(root.words[1:3])}".rstrip(),
        tempo=tempo,
        meter=meter,
        lanes=tuple(envelopes.lanes),
        locators=_locators(root, tempo),
        warnings=tuple(warnings),
    )


def _text(source: Path | str | bytes, name: str) -> tuple[str, list[str]]:
    raw = source.encode("utf-8", "replace") if isinstance(source, str) else source
    data = source_bytes(raw, name, MAX_BYTES)
    try:
        return data.decode("utf-8-sig"), []
    except UnicodeDecodeError:
        return data.decode("latin-1"), ["its names are not in UTF-8; they are read as Latin-1"]


def _tempo_points(root: Block) -> tuple[list[TempoPoint], list[str]]:
    for block in root.blocks:
        if block.name != "TEMPOENVEX":
            continue
        points = read_points(block.named("PT"))
        if points and not is_active(block, "tempo_envelope"):
            text = "the tempo envelope is switched off; the project's own tempo holds throughout"
            return [], [text]
        return points, []
    return [], []


def _envelopes(root: Block) -> Envelopes:
    envelopes = Envelopes()
    # The project's block holds the master's envelopes between its tracks and all else.
    own = [b for b in root.blocks if b.name in CHAINS or b.name.startswith("MASTER")]
    own = [block for block in own if block.name != "MASTERPLAYSPEEDENV"]
    envelopes.add_track(Block([_MASTER], blocks=own), _MASTER)
    tracks = [block for block in root.blocks if block.name == "TRACK"]
    for index, block in enumerate(tracks, 1):
        words = block.first("NAME")
        envelopes.add_track(block, (words[1] if len(words) > 1 else "") or f"track {index}")
    return envelopes


def _setting_warnings(root: Block) -> list[str]:
    warnings: list[str] = []
    rate = number(root.first("PLAYRATE"), 1, "PLAYRATE", 1.0)
    if rate != 1.0:
        warnings.append(f"the master play rate of {rate:g} is not read; the tempi are without it")
    for block in root.blocks:
        if block.name == "MASTERPLAYSPEEDENV" and any(block.named("PT")):
            warnings.append("the play rate envelope is not read; the tempi are without it")
    offset = root.first("PROJOFFS")
    seconds, bars = number(offset, 1, "PROJOFFS", 0.0), whole(offset, 2, "PROJOFFS", 0)
    if seconds or bars:
        text = f"REAPER counts from {seconds:g} s and {bars} bars on; here the song starts at 0"
        warnings.append(text)
    return warnings


def _locators(root: Block, tempo: TempoMap) -> tuple[Locator, ...]:
    seconds: list[float] = []
    names: list[str] = []
    regions: dict[str, str] = {}
    for index, words in enumerate(root.named("MARKER")):
        field = f"marker[{index}]"
        if index >= MAX_MARKERS:
            text = f"it has more than {MAX_MARKERS} markers; give a smaller project"
            raise RefusedError(ErrorCode.LIMIT, "marker", text)
        seconds.append(seconds_at(words, 2, f"{field}.seconds"))
        is_region = bool(whole(words, 4, f"{field}.flags", 0) & _REGION)
        names.append(_marker_name(words, is_region, regions))
    positions = tempo.ppq_array(np.array(seconds, np.float64))
    far = np.flatnonzero(np.abs(positions) > MAX_PPQ)
    if far.size:
        text = f"a marker at {seconds[far[0]]:g} s is too far; give at most {MAX_PPQ:g} quarters"
        raise RefusedError(ErrorCode.OUT_OF_RANGE, f"marker[{far[0]}].seconds", text)
    places = [
        Locator(on_tick(at), name) for at, name in zip(positions.tolist(), names, strict=True)
    ]
    return tuple(sorted(places, key=lambda locator: locator.ppq))


def _marker_name(words: list[str], is_region: bool, regions: dict[str, str]) -> str:
    """The marker's name; of a region's second marker, the first one's from ``regions``."""
    ident = words[1]
    if is_region and ident in regions:
        return f"{regions.pop(ident)} (end)"
    given = words[3] if len(words) > 3 else ""
    name = given or f"{'region' if is_region else 'marker'} {ident}"
    if is_region:
        regions[ident] = name
    return name

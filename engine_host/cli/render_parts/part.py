"""One song of a render: as a person writes it, and as the engine takes it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.lanes import Lane
from bridge_protocol.meter import MeterMap
from bridge_protocol.notation import parse_lane, parse_position, position_ppq
from bridge_protocol.parameters import (
    Law,
    PropagationClass,
    lane_parameter,
    parameter,
)
from bridge_protocol.schema import Note, PromptSlot
from engine_host.cli import options
from engine_host.cli.render_parts.loras import Lora, looked_up, lora_edits, read_loras
from engine_host.files import read_source
from engine_host.models.interface import Model
from engine_host.session.capabilities import check_hears
from engine_host.session.song import Song
from engine_host.stream.settings import (
    Change,
    Edit,
    LaneEntry,
    propagation_of,
    set_lane,
    set_notes,
    set_placement,
    set_prompt,
    set_value,
)
from engine_host.stream.sources import Placement, Source, own_tempo

SHORTEST_SOURCE_SECONDS = 0.04
_NOT_OF_THE_SONG = {
    "window_bars": "give --window, or window in a stems file",
    "depth": "give --depth",
}
_PROMPTS: tuple[tuple[PromptSlot, str], ...] = (
    ("a", "prompt"),
    ("b", "prompt_b"),
    ("negative", "prompt_negative"),
)

FieldName = Callable[..., str]
"""What a person calls a field: its name, and for a setting or a lane the parameter's."""


def command_line_field(name: str, entry: str = "") -> str:
    """``source``, ``--source-at``, ``--set steps``: as the command line spells it."""
    if name == "source":
        return name
    return f"--{name.replace('_', '-')} {entry}".rstrip()


@dataclass(frozen=True)
class PartText:
    """One song as written: on the command line, or in a table of a stems file."""

    source: Path | None = None
    prompt: str = ""
    prompt_b: str = ""
    negative: str = ""
    seed: int = 0
    target: Path | None = None
    structure: Path | None = None
    source_at: str = "1"
    repeat: int = 0
    source_bpm: str | float | None = None
    downbeat: float | None = None
    settings: tuple[tuple[str, str | float], ...] = ()
    lanes: tuple[tuple[str, str], ...] = ()
    loras: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Part:
    """One song, every value checked. ``name`` is that of its file where there are several.

    Lanes are by parameter; of two lanes of one parameter the later one counts. Without ``notes``
    the model plans its own.
    """

    name: str
    values: tuple[tuple[str, float], ...]
    lanes: tuple[tuple[str, Lane], ...]
    prompts: tuple[tuple[PromptSlot, str], ...]
    placements: tuple[tuple[str, Placement], ...]
    field: FieldName = command_line_field
    notes: tuple[Note, ...] | None = None
    heard: str = ""  # the tempo that was found, in words
    loras: tuple[Lora, ...] = ()

    @property
    def field_of_song(self) -> str:
        """What an error of the whole song is about."""
        return f"stem.{self.name}" if self.name else "model"

    def placement(self, role: str) -> Placement | None:
        """The audio that plays a role."""
        return dict(self.placements).get(role)

    def song(self, maps: options.Maps, rate_hz: int, model: Model) -> Song:
        """It as the engine takes it, upon the model's own defaults."""
        song = Song(rate_hz, model.geometry, model.defaults)
        song.set_map(maps.tempo, maps.meter)
        source = self.placement("source")
        if source is not None:
            with _as_options(self.field):
                source.check(song.grid)
        for number, (name, edit) in enumerate(self._edits()):
            song.apply(Change(number, name, propagation_of(name), edit), song.next_state())
        return song

    def for_model(self, model: Model) -> Part:
        """It, with its LoRAs looked up; RefusedError where the model can't play one, or can't hear
        what else there is."""
        for role, _ in self.placements:
            heard = "source" if role == "target" else role
            check_hears(model, heard, self.field(role), f"a {role}")
        if self.notes is not None:
            check_hears(model, "notes", self.field("notes"), "notes")
        field = self.field("lora")
        return replace(self, loras=tuple(looked_up(lora, model, field) for lora in self.loras))

    def _edits(self) -> Iterator[tuple[str, Edit]]:
        yield from lora_edits(self.loras)
        for name, value in self.values:
            yield name, set_value(name, value)
        for name, lane in self.lanes:
            yield name, set_lane(name, LaneEntry(lane, 1))
        names = dict(_PROMPTS)
        for slot, text in self.prompts:
            yield names[slot], set_prompt(text, slot)
        for role, placement in self.placements:
            yield role, set_placement(role, placement)
        if self.notes is not None:
            yield "notes", set_notes(self.notes)

    def remarks(self) -> Iterator[str]:
        """Sentences for the user: what was found, and lanes that nothing will be heard of."""
        if self.heard:
            yield self.heard
        yield from (lora.advice for lora in self.loras if lora.advice)
        given, target = self.placement("source"), self.placement("target")
        for name, _ in self.lanes:
            if given is None and name in ("denoise", "initial_noise", "sde_blend"):
                yield f"{name} is heard only with a SOURCE; there is none."
            if name == "morph" and given is None and target is None:
                yield "morph needs a SOURCE or a --target to pull to."


def read_part(
    text: PartText, meter: MeterMap, name: str = "", field: FieldName = command_line_field
) -> Part:
    """Checks what was written, and reads its audio files. RefusedError names the field."""
    values = (("seed", _seed(text.seed, field)), *_values(text, field))
    lanes = tuple(_lanes(text, meter, field))
    place = field("source_at")
    at_ppq = position_ppq(parse_position(text.source_at, place), meter, place)
    roles = (("source", text.source), ("target", text.target), ("structure", text.structure))
    placements = tuple(
        (role, Placement(_read(path, field(role)), at_ppq, text.repeat))
        for role, path in roles
        if path is not None
    )
    placements, heard = _in_own_tempo(placements, text, field)
    words = (text.prompt, text.prompt_b, text.negative)
    prompts = tuple((slot, said) for (slot, _), said in zip(_PROMPTS, words, strict=True))
    loras = read_loras(text.loras, field("lora"))
    return Part(name, values, lanes, prompts, placements, field, heard=heard, loras=loras)


def _in_own_tempo(
    placements: tuple[tuple[str, Placement], ...], text: PartText, field: FieldName
) -> tuple[tuple[tuple[str, Placement], ...], str]:
    """The source with its own tempo, where one is given or to be found; and what was found."""
    given = dict(placements)
    if text.source_bpm is None:
        if text.downbeat is not None:
            words = f"It is for a source with its own tempo: give {field('source_bpm')} too."
            raise RefusedError(ErrorCode.BAD_FIELD, field("downbeat"), words)
        return placements, ""
    if "source" not in given:
        raise RefusedError(ErrorCode.BAD_FIELD, field("source_bpm"), "There is no source.")
    bpm = None if text.source_bpm == "auto" else _bpm(text.source_bpm, field("source_bpm"))
    with _as_options(field):
        tempo = own_tempo(given["source"].source, bpm, text.downbeat)
    given["source"] = replace(given["source"], tempo=tempo)
    told = f"found {tempo.bpm:.1f} bpm, first bar line at {tempo.downbeat_seconds:.2f} s"
    return tuple(given.items()), "" if bpm else told


def _bpm(given: str | float, field: str) -> float:
    try:
        return float(given)
    except ValueError:
        raise RefusedError(
            ErrorCode.BAD_NOTATION, field, f"{given!r} won't do; give a bpm, or auto."
        ) from None


@contextmanager
def _as_options(field: FieldName) -> Iterator[None]:
    """Refusals of a source's tempo, in the words that the user gave it with."""
    names = {"bpm": "source_bpm", "downbeat": "downbeat"}
    try:
        yield
    except RefusedError as error:
        raise RefusedError(
            error.code, field(names.get(error.field, error.field)), error.message
        ) from None


def _seed(seed: int, field: FieldName) -> float:
    return parameter("seed").check(float(seed), field("seed"))


def _values(text: PartText, field: FieldName) -> Iterator[tuple[str, float]]:
    for name, value in text.settings:
        if parameter(name, field("set")).propagation is PropagationClass.SESSION:
            instead = _NOT_OF_THE_SONG.get(name, "it changes nothing offline")
            raise RefusedError(
                ErrorCode.CANNOT_HEAR, field("set", name), f"It is no part of the song: {instead}."
            )
        yield name, _number(name, value, field("set", name))


def _number(name: str, given: str | float, field: str) -> float:
    spec = parameter(name, field)
    if spec.law is Law.CHOICE and given in spec.choices:
        return float(spec.choices.index(str(given)))
    try:
        value = float(given)
    except ValueError:
        choices = ", ".join(spec.choices) or f"a number from {spec.minimum:g} to {spec.maximum:g}"
        raise RefusedError(
            ErrorCode.BAD_NOTATION, field, f"{given!r} won't do; give {choices}."
        ) from None
    return spec.check(value, field)


def _lanes(text: PartText, meter: MeterMap, field: FieldName) -> Iterator[tuple[str, Lane]]:
    for name, points in text.lanes:
        spec = lane_parameter(name, field("lane"))
        curve = parse_lane(points, meter, field("lane", name))
        for point in curve.points:
            spec.check(point.value, field("lane", name))
        yield name, curve


def _read(path: Path, field: str) -> Source:
    return read_source(path, field, SHORTEST_SOURCE_SECONDS)

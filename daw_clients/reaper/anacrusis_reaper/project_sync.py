"""What the engine has been told of the project, and what has changed since.

Everything the project says is kept as it was last sent; only what differs goes out again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Dict, Sequence

from .api import Api
from .engine_frames import Frames, frame_seconds
from .handles import Envelope, Project
from .knobs import Carrier, Knob, Spec, default_of, find_carrier
from .lanes import Point, lane_message, lane_points
from .loras import lora_names
from .refusal import RefusedError
from .session import Session
from .settings import KEY, settings_of
from .song_map import SongMap
from .tasks import Part
from .tempo_markers import disagreement, song_map

_PROMPT_SLOTS = ("a", "b", "negative")
_TEMPO = "tempo map"
_ANOTHER = object()

Message = Dict[str, Any]


@dataclass(frozen=True, eq=False)
class Snapshot:
    """The project as it is now. ``wanted``: what is to be in force, by name; ``loras``: by place."""

    song: SongMap
    window_bars: int
    wanted: dict[str, Any]
    loras: tuple[str, ...]
    carrier: str
    remarks: tuple[str, ...]


class ProjectSync:
    """One project and one session."""

    def __init__(self, api: Api, project: Project, session: Session) -> None:
        self._api, self._project, self._session = api, project, session
        self._manifest: Sequence[Spec] = session.welcome["parameters"]
        self._defaults = {"value " + str(s["name"]): default_of(s) for s in self._manifest}
        self._defaults.update(("prompt " + slot, "") for slot in _PROMPT_SLOTS)
        self._told: dict[str, Any] = dict(self._defaults)
        self._remarked: frozenset[str] = frozenset()
        self._drawn: dict[str, tuple[Any, list[Point]]] = {}  # lanes as last read, and from what

    def snapshot(self) -> Snapshot:
        """Reads the project. RefusedError where it can't be played."""
        api, project = self._api, self._project
        song, remarks = self._song()
        settings = settings_of(api.project_state(project, KEY))
        prompts = (settings.prompt, settings.prompt_b, settings.negative)
        wanted: dict[str, Any] = {_TEMPO: song}
        wanted.update(("prompt " + slot, text) for slot, text in zip(_PROMPT_SLOTS, prompts))
        wanted["value seed"] = settings.seed
        carrier = find_carrier(api, project, self._manifest)
        if carrier is not None:
            wanted.update(self._values(carrier))
            wanted.update(self._lanes(carrier, song, settings.window_bars))
            if carrier.others:
                words = "{} further effects could carry lanes; {} does."
                remarks.append(words.format(carrier.others, carrier.where))
        where, loras = carrier.where if carrier else "", lora_names(settings.loras)
        return Snapshot(song, settings.window_bars, wanted, loras, where, tuple(remarks))

    def tell(self, now: Snapshot) -> Part:
        """Sends what changed but the LoRAs, and waits; returns the names of what was sent.

        What the project doesn't say any more goes back to its default. What this model can't hear is
        left out, and counts as told.
        """
        sent: list[str] = []
        gone = {name: self._defaults.get(name) for name in self._told if name not in now.wanted}
        for name, wanted in [*now.wanted.items(), *gone.items()]:
            if name in self._told and _same(self._told[name], wanted):
                continue
            try:
                yield self._session.ask(self._message(name, wanted))
                sent.append(name)
            except RefusedError as error:
                if error.code != "CANNOT_HEAR":
                    raise
            self._told[name] = wanted
        return sent

    def forget(self, name: str) -> None:
        """Something else has set this meanwhile: it is told again next time."""
        self._told[name] = _ANOTHER

    def new_remarks(self, now: Snapshot) -> tuple[str, ...]:
        """What is to be said of a snapshot and was not said of the one before."""
        fresh = tuple(words for words in now.remarks if words not in self._remarked)
        self._remarked = frozenset(now.remarks)
        return fresh

    def _song(self) -> tuple[SongMap, list[str]]:
        api, project = self._api, self._project
        markers = api.tempo_markers(project)
        song = song_map(api.project_tempo(project), markers)
        differs = disagreement(
            song,
            markers,
            lambda seconds: api.ppq(project, seconds),
            lambda bar: api.bar_ppq(project, bar),
        )
        return song, [f"Bars may be off: {differs}."] if differs else []

    @staticmethod
    def _values(carrier: Carrier) -> dict[str, Any]:
        return {
            "value " + knob.name: knob.value()
            for knob in carrier.knobs
            if knob.envelope is None and knob.name != "seed"
        }

    def _lanes(self, carrier: Carrier, song: SongMap, window_bars: int) -> dict[str, Any]:
        moving = [(k, k.envelope) for k in carrier.knobs if k.envelope is not None]
        times = self._times(song, window_bars) if moving else []
        return {"lane " + knob.name: self._points(knob, env, times) for knob, env in moving}

    def _times(self, song: SongMap, window_bars: int) -> list[float]:
        end_s = self._api.length_s(self._project)
        bars = song.bars_of(0.0, max(end_s, self._api.time_selection(self._project)[1]))
        model = self._session.welcome["model"]
        longest_s = float(model["longest_window_seconds"])
        frames = Frames(self._session.rate_hz, float(model["frame_rate"]), longest_s)
        return frame_seconds(song, frames, window_bars, bars)

    def _points(self, knob: Knob, envelope: Envelope, times: Sequence[float]) -> list[Point]:
        knots = [
            replace(knot, value=knob.scaled(knot.value))
            for knot in self._api.envelope_knots(envelope)
        ]
        drawn, points = self._drawn.get(knob.name, (None, []))
        if knots and drawn == (knots, times):
            return points
        raw = self._api.envelope_values(envelope, times)
        points = lane_points([(at, knob.scaled(v)) for at, v in zip(times, raw)], knots)
        self._drawn[knob.name] = (knots, times), points
        return points

    def _message(self, name: str, wanted: Any) -> Message:
        kind, _, what = name.partition(" ")
        if name == _TEMPO:
            return dict(wanted.message(self._session.next_revision()))
        if kind == "prompt":
            return {"type": "prompt", "text": wanted, "slot": what}
        if kind == "value":
            return {"type": "param", "parameter": what, "value": wanted}
        revision = self._session.next_revision()
        if wanted is None:
            return {"type": "lane_clear", "parameter": what, "revision": revision}
        return lane_message(what, wanted, revision)


def _same(told: Any, wanted: Any) -> bool:
    if isinstance(told, SongMap) and isinstance(wanted, SongMap):
        return told.message(0) == wanted.message(0)
    return bool(told == wanted)


def summary(sent: Sequence[str], carrier: str) -> str:
    """One line for the console about what was sent."""
    if not sent:
        return "Nothing has changed since it was last sent."
    lanes = [name.partition(" ")[2] for name in sent if name.startswith("lane ")]
    values = sum(name.startswith("value ") for name in sent)
    told = ["tempo map"] if _TEMPO in sent else []
    told += ["lanes of " + ", ".join(lanes)] if lanes else []
    told += [f"{values} single values"] if values else []
    told += ["prompts"] if any(name.startswith("prompt ") for name in sent) else []
    told += ["LoRAs"] if any(name.startswith("lora ") for name in sent) else []
    of = f"from {carrier}" if carrier else "no effect carries lanes"
    return "Sent: {} ({}).".format(", ".join(told), of)

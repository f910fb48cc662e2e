"""A toy engine and a song, as tests want them."""

from __future__ import annotations

import numpy as np
from toy_model import GEOMETRY, ToyModel

from bridge_protocol.blocks import decode_payload
from bridge_protocol.notation import parse_lane, parse_meter, parse_tempo
from bridge_protocol.schema import Audio, PromiseMessage
from engine_host.models.interface import Geometry
from engine_host.render import OfflineRender
from engine_host.session.song import Song
from engine_host.stream.engine import Engine
from engine_host.stream.settings import (
    Change,
    LaneEntry,
    propagation_of,
    set_lane,
    set_placement,
    set_prompt,
    set_value,
)
from engine_host.stream.sources import Placement, Source

RATE = 48_000


def song(
    tempo: str = "1:120",
    meter: str = "1:4/4",
    rate: int = RATE,
    geometry: Geometry = GEOMETRY,
    **values: float,
) -> Song:
    made = Song(rate, geometry)
    meters = parse_meter(meter)
    made.set_map(parse_tempo(tempo, meters), meters)
    for name, value in values.items():
        put(made, name, set_value(name, value))
    return made


def put(made: Song, name: str, edit, bar: int | None = None) -> None:
    change = Change(made.next_state(), name, propagation_of(name), edit)
    if bar is None:
        made.apply(change, change.number)
    else:
        made.place(float(made.grid.ppq(bar - 1)), change, change.number)


def prompt(made: Song, text: str, bar: int | None = None) -> None:
    put(made, "prompt", set_prompt(text), bar)


def lane(made: Song, name: str, text: str) -> None:
    put(made, name, set_lane(name, LaneEntry(parse_lane(text, made.grid.meter), 1)))


def source(
    made: Song, audio: np.ndarray, rate: int = RATE, at: float = 0.0, repeat: int = 0
) -> None:
    audio = np.asarray(audio, dtype=np.float32)
    placed = Placement(Source("0" * 64, "test", rate, audio), at, repeat)
    put(made, "source", set_placement("source", placed))


def render(made: Song, first: int, last: int, **options) -> np.ndarray:
    model = ToyModel()
    engine = Engine(model, model.clock, **options)
    return OfflineRender(engine, made).bars(first, last)


class Heard:
    """A sink that keeps what a stream sends."""

    def __init__(self) -> None:
        self.blocks: list[tuple[Audio, np.ndarray]] = []
        self.promises: list[PromiseMessage] = []

    def __call__(self, message, payload) -> None:
        if isinstance(message, Audio):
            audio = decode_payload(payload, message.frames, message.channels, message.format)
            self.blocks.append((message, audio))
        elif isinstance(message, PromiseMessage):
            self.promises.append(message)

    def audio(self) -> np.ndarray:
        return np.concatenate([audio for _, audio in self.blocks])

"""Golden vectors: what every client and engine, in any language, must agree with to the byte.

``vectors/messages.json``: each message's frames (hex) and its fields. ``vectors/lanes.json``:
breakpoints and the values on the engine's frames. ``vectors/lane_shapes.json``: the same for
every shape, at seconds of its own. ``vectors/tempo.json``: maps and, bar by bar, quarter notes,
seconds and samples. ``vectors/gateway.json``: each message's gateway frame in both encodings.
Checked here with msgspec and, independently, with msgpack;
``python -m bridge_protocol.conformance.vectors --write`` makes them anew. Any thread.
"""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path
from typing import Any, get_args

import msgpack  # type: ignore[import-untyped]
import msgspec
import numpy as np

from bridge_protocol import wire
from bridge_protocol.bars import BarGrid
from bridge_protocol.conformance.lane_shapes import ShapeCase, shape_cases
from bridge_protocol.conformance.samples import Sample, samples
from bridge_protocol.gateway_frames import LENGTH_BYTES, PAYLOAD, framed, from_gateway, to_gateway
from bridge_protocol.lanes import Anchor, Breakpoint, BreakpointLane, Shape
from bridge_protocol.meter import MeterMap, SignatureChange
from bridge_protocol.schema import AnyMessage
from bridge_protocol.tempo import TempoLaw, TempoMap, TempoSegment

FOLDER = Path(__file__).parent / "vectors"
FILES = ("messages", "gateway", "lanes", "lane_shapes", "tempo")
LANE_TOLERANCE = 1e-9
SHAPE_TOLERANCE = 1e-11
"""How far a curve may be off, as a share of its lane's largest value."""
SECONDS_TOLERANCE = 1e-9

Vector = dict[str, Any]
Vectors = dict[str, list[Vector]]


class VectorError(Exception):
    """A vector that the code does not agree with, or no vectors at all."""


def message_types() -> set[str]:
    """The tag of every message of the schema."""
    return {str(kind.__struct_config__.tag) for kind in get_args(AnyMessage)}


def load_vectors(folder: Path = FOLDER) -> Vectors:
    """The vectors as shipped, by file. VectorError where a file is missing or broken."""
    try:
        return {name: json.loads((folder / f"{name}.json").read_text("utf-8")) for name in FILES}
    except (OSError, ValueError) as error:
        raise VectorError(f"the vectors can't be read: {error}") from error


def check_vectors(vectors: Vectors | None = None) -> int:
    """Checks all vectors against this code; returns how many.

    VectorError names the first that differs, every message type without a vector, and a set in
    which there is nothing to check.
    """
    vectors = load_vectors() if vectors is None else vectors
    for name in FILES:
        if not vectors.get(name):
            raise VectorError(f"{name} has no vectors: nothing was checked")
    for name in ("messages", "gateway"):
        missing = message_types() - {vector["type"] for vector in vectors[name]}
        if missing:
            raise VectorError(f"no vector for {', '.join(sorted(missing))} in {name}")
    for name, check in (
        ("messages", _check_message),
        ("gateway", _check_gateway),
        ("lanes", _check_lane),
        ("lane_shapes", _check_shape),
        ("tempo", _check_tempo),
    ):
        for vector in vectors[name]:
            check(vector)
    return sum(len(vectors[name]) for name in FILES)


def make_vectors() -> Vectors:
    """The vectors as this code would write them."""
    return {
        "messages": [_message_vector(sample) for sample in samples()],
        "gateway": [_gateway_vector(sample) for sample in samples()],
        "lanes": [_lane_vector(*case) for case in _lane_cases()],
        "lane_shapes": [_shape_vector(case) for case in shape_cases()],
        "tempo": [_tempo_vector(*case) for case in _tempo_cases()],
    }


def write_vectors(folder: Path = FOLDER) -> None:
    """Writes them, one vector a line."""
    folder.mkdir(exist_ok=True)
    for name, made in make_vectors().items():
        lines = ",\n".join(json.dumps(vector, ensure_ascii=False) for vector in made)
        (folder / f"{name}.json").write_text(f"[\n{lines}\n]\n", "utf-8")


# ---------------------------------------------------------------- messages


def _message_vector(sample: Sample) -> Vector:
    frames = wire.pack(sample.message, sample.payload)
    fields = msgspec.msgpack.decode(frames[1])
    hexed = [bytes(frame).hex() for frame in frames]
    return {"name": sample.name, "type": fields["type"], "frames": hexed, "fields": fields}


def _check_message(vector: Vector) -> None:
    frames = [bytes.fromhex(frame) for frame in vector["frames"]]
    unpacked = wire.unpack_any(frames)
    payload = unpacked.payload if len(frames) == 3 else None
    _same(vector, "msgspec's bytes", wire.pack(unpacked.message, payload), frames)
    _same(vector, "msgspec's fields", msgspec.msgpack.decode(frames[1]), vector["fields"])
    _same(vector, "msgpack's fields", msgpack.unpackb(frames[1]), vector["fields"])
    _same(vector, "msgpack's bytes", msgpack.packb(vector["fields"]), frames[1])
    _same(vector, "the type", vector["fields"]["type"], vector["type"])


def _gateway_vector(sample: Sample) -> Vector:
    frames = wire.pack(sample.message, sample.payload)
    return {
        "name": sample.name,
        "type": msgspec.msgpack.decode(frames[1])["type"],
        "msgpack": to_gateway(frames, "msgpack").hex(),
        "json": to_gateway(frames, "json")[LENGTH_BYTES:].decode(),
    }


def _check_gateway(vector: Vector) -> None:
    packed, text = bytes.fromhex(vector["msgpack"]), vector["json"]
    body = packed[LENGTH_BYTES:]
    frames = from_gateway(body)
    fields = msgpack.unpackb(body)
    payload = fields.pop(PAYLOAD, None)
    _same(vector, "the length", framed(body), packed)
    _same(vector, "the frames of msgpack", to_gateway(frames, "msgpack"), packed)
    _same(vector, "the frames of JSON", from_gateway(text.encode()), frames)
    _same(vector, "msgpack's fields", fields, msgpack.unpackb(frames[1]))
    _same(vector, "msgpack's payload", [] if payload is None else [payload], frames[2:])
    if payload is not None:
        fields[PAYLOAD] = base64.b64encode(payload).decode()
    _same(vector, "json's fields", json.loads(text), fields)
    _same(vector, "the type", wire.unpack_any(frames).message.__struct_config__.tag, vector["type"])


def _same(vector: Vector, what: str, got: object, wanted: object) -> None:
    if got != wanted:
        raise VectorError(f"{vector['name']}: {what} differ: {got!r}, not {wanted!r}")


# ---------------------------------------------------------------- lanes

_RAMP = (
    TempoSegment(0.0, 120.0, 60.0, TempoLaw.LINEAR_TIME),
    TempoSegment(8.0, 60.0, 60.0, TempoLaw.STEP),
)


def _lane_cases() -> list[tuple[str, BreakpointLane, TempoMap, float, int]]:
    steady, ramp = TempoMap.constant(120.0), TempoMap(_RAMP)
    line = (Breakpoint(0.0, 0.0), Breakpoint(2.0, 1.0))
    hold = (Breakpoint(0.0, 0.25, Shape.HOLD), Breakpoint(1.0, 0.75, Shape.HOLD))
    jump = (Breakpoint(0.0, 0.0), Breakpoint(1.0, 1.0), Breakpoint(1.0, 0.5), Breakpoint(2.0, 0.0))
    return [
        ("line_over_one_second", BreakpointLane(line, Anchor.PPQ), steady, 0.0, 27),
        ("line_in_seconds", BreakpointLane(line, Anchor.SECONDS), steady, 0.5, 50),
        ("hold", BreakpointLane(hold, Anchor.PPQ), steady, 0.0, 20),
        ("jump_at_one_position", BreakpointLane(jump, Anchor.SECONDS), steady, 0.9, 8),
        ("line_under_a_tempo_ramp", BreakpointLane(line, Anchor.PPQ), ramp, 0.0, 40),
        ("before_the_first_point", BreakpointLane(line[1:], Anchor.SECONDS), steady, 0.0, 3),
    ]


def _lane_vector(
    name: str, lane: BreakpointLane, tempo: TempoMap, start: float, count: int
) -> Vector:
    seconds = start + np.arange(count) / 25.0
    points = [
        {"position": p.position, "value": p.value, "shape": p.shape.value} for p in lane.points
    ]
    return {
        "name": name,
        "anchor": lane.anchor.value,
        "points": points,
        "tempo": _segments_out(tempo),
        "start_seconds": start,
        "rate_hz": 25.0,
        "values": lane.evaluate(tempo, seconds).tolist(),
    }


def _check_lane(vector: Vector) -> None:
    points = [Breakpoint(p["position"], p["value"], Shape(p["shape"])) for p in vector["points"]]
    lane = BreakpointLane(points, Anchor(vector["anchor"]))
    wanted = np.array(vector["values"])
    seconds = vector["start_seconds"] + np.arange(len(wanted)) / vector["rate_hz"]
    got = lane.evaluate(_segments_in(vector), seconds)
    if not len(wanted) or np.abs(got - wanted).max() > LANE_TOLERANCE:
        raise VectorError(f"{vector['name']}: the values differ: {got.tolist()}")


def _shape_vector(case: ShapeCase) -> Vector:
    points = [
        {"position": p.position, "value": p.value, "shape": p.shape.value, "tension": p.tension}
        for p in case.lane.points
    ]
    return {
        "name": case.name,
        "anchor": case.lane.anchor.value,
        "points": points,
        "tempo": _segments_out(case.tempo),
        "seconds": case.seconds.tolist(),
        "values": case.lane.evaluate(case.tempo, case.seconds).tolist(),
    }


def _check_shape(vector: Vector) -> None:
    points = [
        Breakpoint(p["position"], p["value"], Shape(p["shape"]), p["tension"])
        for p in vector["points"]
    ]
    lane = BreakpointLane(points, Anchor(vector["anchor"]))
    wanted = np.array(vector["values"])
    got = lane.evaluate(_segments_in(vector), np.array(vector["seconds"]))
    largest = max(abs(point.value) for point in points)
    if not len(wanted) or np.abs(got - wanted).max() > SHAPE_TOLERANCE * largest:
        raise VectorError(f"{vector['name']}: the values differ: {got.tolist()}")


# ---------------------------------------------------------------- tempo


def _tempo_cases() -> list[tuple[str, TempoMap, MeterMap, int, int]]:
    four, seven = MeterMap.constant(4, 4), MeterMap.constant(7, 8)
    changes = MeterMap(
        [SignatureChange(0, 4, 4), SignatureChange(2, 7, 8), SignatureChange(4, 3, 2)]
    )
    beats = (TempoSegment(0.0, 120.0, 60.0, TempoLaw.LINEAR_BEATS), _RAMP[1])
    odd = (
        TempoSegment(0.0, 97.3, 97.3, TempoLaw.STEP),
        TempoSegment(10.5, 133.7, 20.0, TempoLaw.STEP),
    )
    return [
        ("steady_120", TempoMap.constant(120.0), four, 48_000, 6),
        ("steady_slowest", TempoMap.constant(20.0), seven, 44_100, 4),
        ("steady_fastest", TempoMap.constant(999.0), four, 96_000, 6),
        ("ramp_linear_in_time", TempoMap(_RAMP), four, 48_000, 5),
        ("ramp_linear_in_beats", TempoMap(beats), four, 48_000, 5),
        ("steps_and_signatures", TempoMap(odd), changes, 44_100, 8),
    ]


def _tempo_vector(name: str, tempo: TempoMap, meter: MeterMap, rate: int, bars: int) -> Vector:
    grid = BarGrid(tempo, meter, rate)
    lines = [grid.line(bar) for bar in range(bars)]
    return {
        "name": name,
        "tempo": _segments_out(tempo),
        "meter": [
            {"bar": c.bar + 1, "numerator": c.numerator, "denominator": c.denominator}
            for c in meter.changes
        ],
        "sample_rate_hz": rate,
        "bars": [
            {"bar": n.bar, "ppq": n.ppq, "seconds": n.seconds, "sample": n.sample} for n in lines
        ],
    }


def _check_tempo(vector: Vector) -> None:
    meter = [
        SignatureChange(c["bar"] - 1, c["numerator"], c["denominator"]) for c in vector["meter"]
    ]
    grid = BarGrid(_segments_in(vector), MeterMap(meter), vector["sample_rate_hz"])
    if not vector["bars"]:
        raise VectorError(f"{vector['name']}: no bars: nothing was checked")
    for wanted in vector["bars"]:
        line = grid.line(wanted["bar"] - 1)
        _same(vector, "the bar's position", line.ppq, wanted["ppq"])
        _same(vector, "the bar's sample", line.sample, wanted["sample"])
        _same(vector, "the sample's bar", grid.bar_of_sample(line.sample) + 1, wanted["bar"])
        if abs(line.seconds - wanted["seconds"]) > SECONDS_TOLERANCE:
            raise VectorError(f"{vector['name']}: bar {line.bar} is at {line.seconds} s")


def _segments_out(tempo: TempoMap) -> list[Vector]:
    return [
        {"ppq": s.start_ppq, "bpm_start": s.bpm_start, "bpm_end": s.bpm_end, "law": s.law.value}
        for s in tempo.segments
    ]


def _segments_in(vector: Vector) -> TempoMap:
    return TempoMap(
        [
            TempoSegment(s["ppq"], s["bpm_start"], s["bpm_end"], TempoLaw(s["law"]))
            for s in vector["tempo"]
        ]
    )


def main(arguments: list[str]) -> int:
    """``--write`` makes the vectors anew; without it they are checked."""
    if "--write" in arguments:
        write_vectors()
    sys.stdout.write(f"{check_vectors()} vectors checked\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

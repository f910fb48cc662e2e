from __future__ import annotations

import copy
import json
import math
from pathlib import Path

import pytest

from bridge_protocol.conformance.vectors import (
    VectorError,
    check_vectors,
    load_vectors,
    main,
    make_vectors,
    message_types,
    write_vectors,
)
from bridge_protocol.lanes import Shape


def test_the_shipped_vectors_agree_with_msgspec_and_with_msgpack() -> None:
    vectors = load_vectors()
    assert check_vectors(vectors) == sum(len(part) for part in vectors.values()) > 40


def test_the_shipped_messages_are_what_the_code_writes_today() -> None:
    assert load_vectors()["messages"] == make_vectors()["messages"]


def test_every_message_type_has_a_vector() -> None:
    assert {vector["type"] for vector in load_vectors()["messages"]} == message_types()


def test_names_are_unique() -> None:
    for part in load_vectors().values():
        assert len({vector["name"] for vector in part}) == len(part)


@pytest.mark.parametrize("name", ["messages", "lanes", "lane_shapes", "tempo"])
def test_an_empty_set_is_no_pass(name: str) -> None:
    with pytest.raises(VectorError, match="nothing was checked"):
        check_vectors(load_vectors() | {name: []})
    with pytest.raises(VectorError, match="nothing was checked"):
        check_vectors({})


def test_a_missing_file_is_no_pass(tmp_path: Path) -> None:
    with pytest.raises(VectorError, match="can't be read"):
        load_vectors(tmp_path)


def test_a_type_without_a_vector_is_no_pass() -> None:
    vectors = load_vectors()
    vectors["messages"] = [v for v in vectors["messages"] if v["type"] != "credit"]
    with pytest.raises(VectorError, match="no vector for credit"):
        check_vectors(vectors)


def test_a_byte_a_field_a_value_or_a_sample_that_is_off_is_found() -> None:
    good = load_vectors()
    for spoil in (
        lambda v: v["messages"][0]["fields"].update(seq=99),
        lambda v: v["messages"][0].update(type="ping"),
        lambda v: v["lanes"][0]["values"].__setitem__(3, 0.13),
        lambda v: v["lane_shapes"][0]["values"].__setitem__(7, 0.2),
        lambda v: v["lane_shapes"][0].update(values=[], seconds=[]),
        lambda v: next(s for s in v["lane_shapes"] if "bezier" in s["name"])["points"][0].update(
            tension=0.9
        ),
        lambda v: v["tempo"][0]["bars"][1].update(sample=96_001),
        lambda v: v["tempo"][0]["bars"][1].update(seconds=2.1),
        lambda v: v["tempo"][0].update(bars=[]),
    ):
        vectors = copy.deepcopy(good)
        spoil(vectors)
        with pytest.raises(VectorError):
            check_vectors(vectors)


def test_writing_gives_the_shipped_messages(tmp_path: Path) -> None:
    write_vectors(tmp_path)
    again = json.loads((tmp_path / "messages.json").read_text("utf-8"))
    assert again == load_vectors()["messages"]


def test_the_command_checks(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert "vectors checked" in capsys.readouterr().out


def by_name(part: str, name: str) -> dict:
    return next(vector for vector in load_vectors()[part] if vector["name"] == name)


def test_lane_vectors_agree_with_hand_calculation() -> None:
    line = by_name("lanes", "line_over_one_second")["values"]
    assert line == pytest.approx([min(1.0, frame / 25) for frame in range(27)])
    hold = by_name("lanes", "hold")["values"]  # one quarter note is 12.5 frames
    assert hold == [0.25] * 13 + [0.75] * 7
    jump = by_name("lanes", "jump_at_one_position")["values"]  # 0.9 s on, 40 ms apart
    assert jump == pytest.approx([0.9, 0.94, 0.98, 0.49, 0.47, 0.45, 0.43, 0.41])
    ramp = by_name("lanes", "line_under_a_tempo_ramp")["values"]
    # linear in time: T = 120 * 8 / 180 s, q = t (2 T 120 - 60 t) / (120 T), value = q / 2
    t, total = 20 / 25, 960 / 180
    assert ramp[20] == pytest.approx(t * (240 * total - 60 * t) / (120 * total) / 2)


def test_lane_shape_vectors_have_every_shape_and_tension() -> None:
    points = [point for vector in load_vectors()["lane_shapes"] for point in vector["points"]]
    assert {point["shape"] for point in points} == set(Shape)
    bezier = {point["tension"] for point in points if point["shape"] == Shape.BEZIER}
    assert bezier >= {-1.0, -0.5, 0.0, 0.5, 1.0}


def test_lane_shape_vectors_are_what_the_code_evaluates_today() -> None:
    shipped, made = load_vectors()["lane_shapes"], make_vectors()["lane_shapes"]
    assert [vector["name"] for vector in shipped] == [vector["name"] for vector in made]
    for old, new in zip(shipped, made, strict=True):
        assert old | {"values": None} == new | {"values": None}
        largest = max(abs(point["value"]) for point in new["points"])
        assert old["values"] == pytest.approx(new["values"], rel=0, abs=1e-13 * largest)


def test_lane_shape_vectors_agree_with_hand_calculation() -> None:
    def rises(name: str) -> list[tuple[float, float]]:
        """(place, rise) over the first of the lane's seconds."""
        vector = by_name("lane_shapes", name)
        start, end = (point["value"] for point in vector["points"][:2])
        pairs = zip(vector["seconds"], vector["values"], strict=True)
        return [(u, (value - start) / (end - start)) for u, value in pairs if 0 <= u < 1]

    laws = {
        "smooth": lambda u: u * u * (3 - 2 * u),
        "fast_start": lambda u: 1 - (1 - u) ** 3,
        "fast_end": lambda u: u**3,
        "exponential": lambda u: (1000**u - 1) / 999,
        "exponential_to_zero_is_linear": lambda u: u,
        "bezier_alone_+0": lambda u: u,
        "bezier_alone_+1": lambda u: (1 - math.cbrt(1 - u)) ** 3,
        "bezier_alone_-1": lambda u: 1 - (1 - math.cbrt(u)) ** 3,
    }
    for name, law in laws.items():
        found = rises(name)
        assert len(found) > 10
        for u, rise in found:
            assert rise == pytest.approx(law(u), abs=1e-12), (name, u)


def test_tempo_vectors_agree_with_hand_calculation() -> None:
    steady = by_name("tempo", "steady_120")["bars"]
    assert [bar["sample"] for bar in steady] == [96_000 * bar for bar in range(6)]
    in_time = by_name("tempo", "ramp_linear_in_time")["bars"]
    assert in_time[2]["seconds"] == pytest.approx(16 / 3, abs=1e-12)
    assert in_time[2]["sample"] == 256_000
    in_beats = by_name("tempo", "ramp_linear_in_beats")["bars"]
    assert in_beats[2]["seconds"] == pytest.approx(8 * math.log(2), abs=1e-12)
    assert in_beats[1]["seconds"] == pytest.approx(8 * math.log(4 / 3), abs=1e-12)
    signatures = by_name("tempo", "steps_and_signatures")["bars"]
    assert [bar["ppq"] for bar in signatures] == [0, 4, 8, 11.5, 15, 21, 27, 33]
    second = signatures[3]  # bar 4: 10.5 quarter notes at 97.3 and one at 133.7
    assert second["sample"] == round(44_100 * (10.5 * 60 / 97.3 + 60 / 133.7))

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


@pytest.mark.parametrize("name", ["messages", "lanes", "tempo"])
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

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, get_args

import pytest
from msgspec import Meta, Struct, inspect

from bridge_protocol import schema
from bridge_protocol.generate import cpp_header, plugin_header
from bridge_protocol.generate.cpp_text import camel_case, float32, quoted, safe_name
from bridge_protocol.generate.cpp_types import UnknownInCppError, cpp_struct
from bridge_protocol.plugin_controls import CONTROLS, Status

GENERATED = Path(__file__).parents[2] / "daw_clients" / "plugin" / "generated"


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("bridge_protocol.hpp", cpp_header.header),
        ("plugin_controls.hpp", plugin_header.header),
    ],
)
def test_the_committed_headers_are_what_make_docs_writes(name, made):
    assert (GENERATED / name).read_text() == made(), "run make docs"


@pytest.mark.parametrize("kind", get_args(schema.AnyMessage), ids=lambda kind: kind.__name__)
def test_every_message_has_its_fields_in_the_order_of_the_wire(kind):
    body = re.search(rf"^struct {kind.__name__} {{\n(.*?)^}};", cpp_header.header(), re.M | re.S)
    members = re.findall(r"(\w+)(?: = [^;]+|{})?;", body[1])
    wanted = [safe_name(name) for name in kind.__struct_fields__]
    assert members == ["kTag", *wanted]
    assert f'kTag = "{kind.__struct_config__.tag}"' in body[1]


def test_bounds_and_defaults_are_those_of_the_schema():
    header = cpp_header.header()
    for line in (
        'visit("rate", &LaneMessage::rate, Need::optional, Real{0.0, 1000.0, true, false});',
        'visit("features", &Hello::features, Need::optional, Count{0, 64}, Text{64});',
        'visit("bar", &When::bar, Need::optional, Whole{1, 100000});',
        'visit("hash", &SourceEnd::hash, Need::required, Text{kAnyLength, "0123456789abcdef", 64, false});',
        "    std::int64_t sample_rate = 48000;",
        "    double default_ = 0.0;  // required",
        "    SourceRole role = SourceRole::source;",
        "    std::optional<Jump> jump;",
    ):
        assert f"{line}\n" in header


def test_a_struct_with_a_rule_of_its_own_is_checked_by_it():
    header = cpp_header.header()
    for name in ("When", "Jump", "Transport", "MeterEntry", "Note", "SourceUse"):
        assert f"check_rules(const {name}& read" in header
    assert "check_rules(const Hello& read" not in header


class _Choice(Struct, omit_defaults=True):
    either: int | str


class _Even(Struct, omit_defaults=True):
    number: Annotated[int, Meta(multiple_of=2)]


class _Anchored(Struct, omit_defaults=True):
    word: Annotated[str, Meta(pattern="^a+b$")]


class _Sent(Struct):
    always: int = 3


class _Row(Struct, array_like=True, omit_defaults=True):
    first: int
    second: int = 0


@pytest.mark.parametrize("kind", [_Choice, _Even, _Anchored, _Sent, _Row])
def test_what_the_header_has_no_words_for_is_no_header(kind):
    with pytest.raises(UnknownInCppError):
        cpp_struct(inspect.type_info(kind))


def test_every_control_has_a_row_and_a_name_in_order():
    header = plugin_header.header()
    assert re.findall(r'^    {"(\w+)", ', header, re.M) == [control.name for control in CONTROLS]
    named = re.search(r"enum class Control : int {\n(.*?)}", header, re.S)[1]
    assert re.findall(r"\w+", named) == [safe_name(control.name) for control in CONTROLS]
    assert f"kControlCount = {len(CONTROLS)};" in header
    for status in Status:
        assert f'    "{status.value}",\n' in header


@pytest.mark.parametrize(
    ("made", "wanted"),
    [
        (safe_name("default"), "default_"),
        (safe_name("mode"), "mode"),
        (camel_case("own_tempo"), "OwnTempo"),
        (quoted('a"\\?'), r'"a\042\134\077"'),
        (quoted("ä1"), r'"\303\2441"'),
        (float32(60_000), "60000.0f"),
        (float32(-0.75), "-0.75f"),
    ],
)
def test_names_and_literals_are_those_of_cpp(made, wanted):
    assert made == wanted

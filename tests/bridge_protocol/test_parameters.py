from __future__ import annotations

import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.parameters import (
    PARAMETERS,
    Law,
    ParameterSpec,
    lane_parameter,
    parameter,
)

calm = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

each = pytest.mark.parametrize("spec", PARAMETERS, ids=lambda spec: spec.name)


def code_of(spec: ParameterSpec, value: float) -> tuple[ErrorCode, str]:
    with pytest.raises(RefusedError) as refused:
        spec.check(value, "value")
    assert spec.name in refused.value.message
    return refused.value.code, refused.value.field


def test_names_are_unique() -> None:
    assert len({spec.name for spec in PARAMETERS}) == len(PARAMETERS)


@each
def test_a_default_is_in_range_and_every_parameter_has_help(spec: ParameterSpec) -> None:
    assert spec.check(spec.default, "value") == spec.default
    assert spec.minimum < spec.maximum
    assert spec.help.endswith(".")


@each
def test_both_ends_of_the_range_are_taken(spec: ParameterSpec) -> None:
    assert spec.check(spec.minimum, "value") == spec.minimum
    assert spec.check(spec.maximum, "value") == spec.maximum


@each
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_refused(spec: ParameterSpec, value: float) -> None:
    assert code_of(spec, value) == (ErrorCode.NOT_FINITE, "value")


@each
def test_just_outside_is_refused(spec: ParameterSpec) -> None:
    above = math.nextafter(spec.maximum, math.inf)
    below = math.nextafter(spec.minimum, -math.inf)
    assert code_of(spec, above) == code_of(spec, below) == (ErrorCode.OUT_OF_RANGE, "value")


@each
def test_a_choice_has_as_many_names_as_values(spec: ParameterSpec) -> None:
    assert (spec.law is Law.CHOICE) == bool(spec.choices)
    if spec.choices:
        assert (spec.minimum, spec.maximum) == (0, len(spec.choices) - 1)


@pytest.mark.parametrize("name", ["steps", "solver", "seed"])
def test_whole_numbers_are_whole(name: str) -> None:
    spec = parameter(name)
    assert code_of(spec, spec.minimum + 0.5) == (ErrorCode.OUT_OF_RANGE, "value")


@calm
@given(st.floats())
def test_a_value_is_taken_or_refused_and_never_changed(value: float) -> None:
    for spec in PARAMETERS:
        try:
            assert spec.check(value, "value") == value
        except RefusedError as error:
            assert error.code in (ErrorCode.NOT_FINITE, ErrorCode.OUT_OF_RANGE)


@calm
@given(st.text(max_size=80))
def test_an_unknown_name_is_refused_with_the_known_ones(name: str) -> None:
    if name in {spec.name for spec in PARAMETERS}:
        return
    with pytest.raises(RefusedError, match="denoise") as refused:
        parameter(name)
    assert refused.value.code is ErrorCode.UNKNOWN_PARAMETER


def test_a_parameter_without_a_lane_says_what_to_send() -> None:
    assert lane_parameter("denoise").name == "denoise"
    with pytest.raises(RefusedError, match="parameter change") as refused:
        lane_parameter("seed", "lane")
    assert (refused.value.code, refused.value.field) == (ErrorCode.CANNOT_HEAR, "lane")

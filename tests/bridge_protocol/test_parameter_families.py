import pytest

from bridge_protocol.errors import RefusedError
from bridge_protocol.parameters import (
    PARAMETERS,
    Law,
    PropagationClass,
    channel_gains,
    gain_channel,
    parameter,
)

NAMES = [spec.name for spec in PARAMETERS]


def test_names_are_declared_once_and_every_default_lies_in_its_range():
    assert len(NAMES) == len(set(NAMES)) > 40
    for spec in PARAMETERS:
        assert spec.check(spec.default, spec.name) == spec.default
        assert spec.help.endswith(".")
        assert (spec.law is Law.CHOICE) == bool(spec.choices)


@pytest.mark.parametrize(
    ("propagation", "names"),
    [
        ("step", "sde_blend morph velocity ode_noise guidance guidance_rescale apg_momentum channel_gain_group_8 channel_gain_64 dcw_mode dcw_scale"),
        ("submission", "denoise seed steps shift prompt_blend timbre_strength structure_strength feedback feedback_tap initial_noise mask guidance_mode"),
        ("decode", "output_gain dry_wet"),
        ("session", "depth"),
    ],
)  # fmt: skip
def test_a_parameter_is_heard_as_its_class_says(propagation, names):
    for name in names.split():
        assert parameter(name).propagation is PropagationClass(propagation)


def test_a_model_has_one_gain_for_each_of_its_channels():
    assert [spec.name for spec in channel_gains(3)] == [f"channel_gain_{n}" for n in (1, 2, 3)]
    assert gain_channel("channel_gain_17") == 17


@pytest.mark.parametrize(
    "name",
    ["channel_gain_0", "channel_gain_513", "channel_gain_01", "channel_gain_x", "channel_gain_²"],
)
def test_what_is_no_channel_is_no_parameter(name):
    assert gain_channel(name) is None
    with pytest.raises(RefusedError) as caught:
        parameter(name)
    assert caught.value.code == "UNKNOWN_PARAMETER"

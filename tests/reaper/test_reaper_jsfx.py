"""The carrier of lanes: made from the registry, and found again by every reader of it."""

import re

from anacrusis_reaper.knobs import _key
from reaper_paths import SCRIPTS

from bridge_protocol.generate.reaper_jsfx import MOST_SLIDERS, effect
from bridge_protocol.lanes import Anchor, Breakpoint, BreakpointLane
from bridge_protocol.parameters import Law, parameter
from bridge_protocol.plugin_controls import ENGINE_CONTROLS
from daw_clients.projects.lane_matching import parameter_named
from daw_clients.projects.project import ProjectLane
from engine_host.server.hub import manifest

SLIDER = re.compile(r"slider(\d+):(\S+?)<([^,]+),([^,]+),([^>{]+)(?:\{([^}]*)\})?>([^\n]+)")
FILE = SCRIPTS / "Anacrusis Lanes.jsfx"


def sliders():
    return [match.groups() for match in SLIDER.finditer(effect())]


def test_the_file_is_what_the_generator_makes():
    assert FILE.read_text() == effect()


def test_every_control_of_the_engine_is_a_slider_with_the_registrys_range_and_default():
    found = sliders()
    assert [int(number) for number, *_ in found] == list(range(1, len(ENGINE_CONTROLS) + 1))
    assert len(found) <= MOST_SLIDERS
    for (name, _), (_, default, low, high, step, choices, _) in zip(
        ENGINE_CONTROLS, found, strict=True
    ):
        spec = parameter(name)
        assert (float(low), float(high), float(default)) == (
            spec.minimum,
            spec.maximum,
            spec.default,
        )
        assert 0 < float(step) <= spec.maximum - spec.minimum
        assert tuple(choices.split(",") if choices else ()) == spec.choices
        assert (float(step) == 1) == (spec.law is Law.CHOICE)


def test_a_sliders_name_is_its_parameters_for_the_client_and_for_the_command_line():
    specs = {_key(spec.name): spec.name for spec in manifest(64)}
    for (name, _), (*_, title) in zip(ENGINE_CONTROLS, sliders(), strict=True):
        assert specs[_key(title)] == name
        lane = ProjectLane(("Track", "FX", title), BreakpointLane([Breakpoint(0, 0)], Anchor.PPQ))
        found = parameter_named(lane)
        assert (found.name if found else None) == (name if parameter(name).lane else None)


def test_the_effect_has_a_name_for_the_list_and_lets_sound_through():
    text = effect()
    assert text.startswith("desc:Anacrusis Lanes\n")
    assert "@sample" not in text
    assert "spl0" not in text
    assert text.isascii()

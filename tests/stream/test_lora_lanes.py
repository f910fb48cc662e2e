"""LoRAs from a client's word to the sound: a toy whose LoRAs add their own number."""

import numpy as np
import pytest
import torch
from engine_in_process import Caller, InProcess
from live_setup import Setup
from stream_helpers import RATE, lane, prompt, put, song
from toy_model import GEOMETRY, ToyModel

from bridge_protocol.clock import VirtualClock
from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.schema import Error, Hello, LaneMessage, LanePoint, LoraUse, Ok, Param, When
from engine_host.models.interface import AdapterInfo
from engine_host.render import OfflineRender
from engine_host.session.loras import library_loras
from engine_host.stream.engine import Engine
from engine_host.stream.settings import Settings, set_adapter, set_prompt, set_value


class Numbers:
    """A library in which each LoRA is called what it adds; ``9`` is another model's."""

    def check(self, name, field):
        if name not in ("0.5", "-0.25", "9"):
            raise RefusedError(ErrorCode.FILE_MISSING, field, f"There is no LoRA {name!r}.")
        if name == "9":
            raise RefusedError(ErrorCode.CANNOT_HEAR, field, "It is for another model.")
        return AdapterInfo(name, True, ("word",), 0.75, "")

    def infos(self):
        return [self.check("-0.25", "name"), AdapterInfo("9", False, (), 1.0, "of another")]


class LoraToy(ToyModel):
    """A `ToyModel` whose every latent ends at the prompt's number plus ``sum strength * name``."""

    adapters = Numbers()

    def __init__(self, clock=None, tick_ns=1_000_000):
        super().__init__(clock or VirtualClock(), tick_ns)
        self.capabilities = self.capabilities | {"lora"}

    def condition(self, given):
        goal = super().condition(given)
        return goal, tuple(float(name or 0) for name in given.adapters)

    def velocity(self, x, t, conditions, strengths=None):
        plain = super().velocity(x, t, [goal for goal, _ in conditions])
        if strengths is None:
            return plain
        numbers = torch.tensor([[*added, *[0.0] * (4 - len(added))] for _, added in conditions])
        change = (strengths * numbers.unsqueeze(-1)).sum(1).unsqueeze(-1)
        return plain - change / t[:, None, None]


def rendered(made, first, last):
    model = LoraToy()
    return OfflineRender(Engine(model, model.clock), made).bars(first, last)[:, 0]


def use(made, place, name, bar=None):
    put(made, f"lora_use_{place}", set_adapter(place, name), bar)


def test_a_lora_sounds_with_its_strength_and_two_add_up():
    made = song(lora_1=0.5, lora_3=2.0)
    prompt(made, "0.1")
    use(made, 1, "0.5")
    use(made, 3, "-0.25")
    np.testing.assert_allclose(rendered(made, 1, 1), 0.1 + 0.25 - 0.5, atol=1e-5)


def test_a_lane_of_strength_moves_it_frame_by_frame():
    made = song()
    prompt(made, "0.1")
    use(made, 2, "0.5")
    lane(made, "lora_2", "1:0, 2:1")
    heard = rendered(made, 1, 1)
    middles = heard.reshape(-1, GEOMETRY.samples_per_frame)[:, 960]  # 25 latent frames a second
    wanted = 0.1 + 0.5 * np.arange(50) / 50
    np.testing.assert_allclose(middles, wanted, atol=1e-4)


def test_a_lora_at_a_bar_line_is_heard_from_it_to_the_sample():
    made = song(declick=5)
    prompt(made, "0.1")
    use(made, 1, "0.5", bar=2)
    use(made, 1, "", bar=3)
    heard = rendered(made, 1, 3)
    line = 2 * RATE
    assert heard[line - 300] == pytest.approx(0.1, abs=1e-5)
    np.testing.assert_allclose(heard[line : 2 * line - 300], 0.6, atol=1e-5)
    np.testing.assert_allclose(heard[2 * line :], 0.1, atol=1e-5)


def test_strengths_without_a_lora_change_nothing():
    made, plain = song(lora_1=1.7), song()
    for each in (made, plain):
        prompt(each, "0.3")
    assert np.array_equal(rendered(made, 1, 1), rendered(plain, 1, 1))


def test_places_fill_and_empty_one_by_one():
    settings = set_adapter(3, "a")(Settings())
    assert settings.adapters == ("", "", "a", "")
    settings = set_adapter(1, "b")(settings)
    assert settings.adapters == ("b", "", "a", "")
    for place in (1, 3):
        settings = set_adapter(place, "")(settings)
    assert settings.adapters == ()


def test_a_negative_and_a_blend_hear_the_same_loras():
    made = song(prompt_blend=0.5, lora_1=1.0)
    prompt(made, "0.1")
    put(made, "prompt_b", set_prompt("0.2", "b"))
    use(made, 1, "0.5")
    model = LoraToy()
    put(made, "guidance_mode", set_value("guidance_mode", 1.0))
    OfflineRender(Engine(model, model.clock), made).bars(1, 1)
    assert {given.adapters for given in model.heard} == {("0.5", "", "", "")}


# ------------------------------------------------------------ a session


def hosting():
    model = LoraToy(tick_ns=20_000_000)
    host = InProcess(model=model)
    model.clock = host.engine_clock
    return host


@pytest.fixture
def caller():
    found = Caller(hosting())
    found.ask(Hello())
    return found


def test_the_reply_tells_what_its_author_recommends(caller):
    reply = caller.ask(LoraUse(place=1, name="0.5"))
    assert isinstance(reply, Ok)
    assert reply.text == "Trigger words: word. Recommended strength: 0.75."
    assert caller.ask(LoraUse(place=1)).text == ""


@pytest.mark.parametrize(("name", "code"), [("no", "FILE_MISSING"), ("9", "CANNOT_HEAR")])
def test_an_unknown_lora_and_another_models_are_refused_by_name(caller, name, code):
    reply = caller.ask(LoraUse(place=1, name=name))
    assert isinstance(reply, Error)
    assert (reply.code, reply.field) == (code, "name")


def test_a_lora_can_be_asked_for_at_a_bar(caller):
    reply = caller.ask(LoraUse(place=1, name="0.5", when=When(kind="bar", bar=9)))
    assert (reply.bar, reply.sample) == (9, 8 * 2 * RATE)


def test_the_library_is_told_with_what_fits():
    told = library_loras(LoraToy())
    assert [(lora.name, lora.fits, lora.strength) for lora in told] == [
        ("-0.25", True, 0.75),
        ("9", False, 1.0),
    ]
    assert library_loras(ToyModel()) == []


def test_a_model_without_loras_refuses_them_by_name_and_takes_the_strength_of_none():
    caller = Caller(InProcess())
    caller.ask(Hello())
    reply = caller.ask(LoraUse(place=1, name="0.5"))
    assert (reply.code, reply.field) == ("CANNOT_HEAR", "name")
    point = LanePoint(position=0, value=1)
    for harmless in (
        LoraUse(place=1),
        Param(parameter="lora_4", value=0.5),
        LaneMessage(parameter="lora_1", revision=1, points=[point]),
    ):
        assert isinstance(caller.ask(harmless), Ok)


def test_a_strength_that_is_turned_live_is_heard_where_it_was_promised():
    setup = Setup("1:120", "1:4/4", host=hosting())
    setup.client.prompt("0.25")
    setup.client.request(LoraUse(place=1, name="0.5"))
    setup.start()
    setup.until_bar(3)
    turned = setup.daw.param("lora_1", 0.0)
    setup.until_bar(7)
    assert turned.promise.status == "kept"
    at, heard = turned.promise.sample, setup.played()[:, 0]
    assert 4 * RATE < at < 10 * RATE
    np.testing.assert_allclose(heard[RATE : at - 2400], 0.75, atol=1e-5)
    np.testing.assert_allclose(heard[at + 2400 : 12 * RATE], 0.25, atol=1e-5)
    setup.assert_exact()


def test_a_strength_that_moves_steers_the_generation_in_flight():
    setup = Setup("1:120", "1:4/4", host=hosting())
    setup.client.prompt("0.25")
    setup.client.use_lora(1, "0.5")
    setup.start()
    setup.until_bar(2)
    setup.daw.param("lora_1", 1.1)
    setup.until(lambda d: bool(setup.host.engine._flights))
    flight = setup.host.engine._flights[0]
    setup.daw.param("lora_1", 1.2)
    setup.until(lambda d: not flight.clean)
    assert flight.cell.current.adapters[0, 0] == pytest.approx(1.2)


def test_a_client_asks_what_there_is_and_puts_it_to_use():
    client = Setup("1:120", "1:4/4", host=hosting()).client
    library = client.library()
    assert [lora.name for lora in library.loras if lora.fits] == ["-0.25"]
    assert client.use_lora(1, "0.5").text.startswith("Trigger words: word.")
    assert client.use_lora(1).text == ""
    with pytest.raises(RefusedError) as refused:
        client.use_lora(2, "no")
    assert refused.value.code is ErrorCode.FILE_MISSING

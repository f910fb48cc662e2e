"""LoRAs of the engine's library, chosen in the project's settings: as told, as refused, as heard."""

import msgspec
import numpy as np
import pytest
import torch
from fake_reaper import Marker
from lora_files import halves, write
from reaper_desk import add_lanes, laid
from rpp_of import rpp_of

from bridge_protocol.lanes import Breakpoint
from bridge_protocol.schema import LoraUse
from engine_host.models.house.config import load_config
from engine_host.models.house.model import load_house_model
from engine_host.models.lora.library import Card, LoraLibrary


@pytest.fixture(scope="module")
def model():
    return load_house_model()


@pytest.fixture(autouse=True)
def library(tmp_path, monkeypatch):
    """Two LoRAs that fit the built-in model."""
    monkeypatch.setenv("ANACRUSIS_LORAS", str(tmp_path / "loras"))
    width = load_config().transformer["hidden_size"]
    layer = torch.nn.ModuleDict({"to_q": torch.nn.Linear(width, width)})
    layers = torch.nn.ModuleDict(
        {"layers": torch.nn.ModuleList([torch.nn.ModuleDict({"self_attn": layer})])}
    )
    made = LoraLibrary()
    for name, seed, card in (("tape", 0, Card(("hiss",), 0.5)), ("air", 1, Card())):
        write(tmp_path / name, "peft", halves(layers, seed, targets=("to_q",)))
        made.add(tmp_path / name, name, card, "PATH")
    return made


def told(desk, since=0):
    """The places that went out, as the engine reads them."""
    messages = [msgspec.convert(message, LoraUse) for message in desk.sent("lora_use")[since:]]
    return [(message.place, message.name) for message in messages]


def change(desk, loras, words, prompt="0.25"):
    """Another text in the field, while it is connected."""
    seen = len(desk.said)
    desk.settle(loras=loras, prompt=prompt)
    desk.until(lambda: any(words in line for line in desk.said[seen:]))


def test_places_are_told_once_and_then_only_those_that_changed(house_desk):
    desk = house_desk
    desk.settle(loras="tape, , air")
    desk.connect()
    desk.do("send_project", "prompts, LoRAs (no effect carries lanes)")
    assert told(desk) == [(1, "tape"), (3, "air")]
    desk.do("send_project", "Nothing has changed")
    change(desk, "tape, air", "Sent: LoRAs (")
    assert told(desk, 2) == [(2, "air"), (3, "")]
    change(desk, "", "Sent: LoRAs (")
    assert told(desk, 4) == [(1, ""), (2, "")]


def test_what_its_author_recommends_is_said(house_desk):
    house_desk.settle(loras="air, tape")
    house_desk.connect()
    house_desk.do("send_project", "LoRAs")
    assert house_desk.said[-2:-1] == [
        "Anacrusis: LoRA tape: Trigger words: hiss. Recommended strength: 0.5."
    ]


def test_an_engine_that_came_new_is_told_again(house_desk):
    desk = house_desk
    desk.settle(loras=", tape")
    for _ in range(2):
        desk.run("connect")
        desk.until(lambda: "Connected to" in desk.said[-1])
        desk.do("send_project", "LoRAs")
        assert told(desk) == [(2, "tape")]
        desk.do("connect", "Disconnected.")
        desk.until(lambda: not desk.reaper.is_looping)
    assert len(desk.links) == 2


def test_an_empty_field_sends_nothing(desk):
    desk.settle(loras=" , ")
    desk.connect()
    desk.do("send_project", "Sent: ")
    assert told(desk) == []
    assert desk.sent("prompt")


def test_one_that_is_not_there_is_named_and_no_bars_come_without_it(house_desk):
    desk = house_desk
    desk.settle(loras="no, tape, neither")
    desk.project.selection = (0.0, 2.0)
    desk.connect()
    desk.do(
        "render", "There is no LoRA 'no' in the library (air, tape). There is no LoRA 'neither'"
    )
    assert desk.sent("render") == []
    assert desk.project.tracks == []
    desk.do("send_project", "There is no LoRA 'no'")
    assert told(desk) == [(1, "no"), (2, "tape"), (3, "neither"), (1, "no"), (3, "neither")]
    change(desk, ", tape", "Nothing has changed")


def test_a_model_that_plays_none_refuses_them_in_words(desk):
    desk.settle(loras="tape")
    desk.connect()
    desk.do("send_project", "LoRAs")
    assert told(desk) == [(1, "tape")]
    assert "toy" in desk.said[-1]
    assert not any("Sent" in line for line in desk.said)


def test_an_edit_that_is_followed_gets_through_and_the_refusal_is_said_once(desk):
    desk.settle()
    desk.connect()
    desk.do("follow", "Following")
    change(desk, "tape", "LoRAs")
    refusal = desk.said[-1]
    for epoch, bpm in ((2, 200.0), (3, 190.0)):
        desk.project.markers = [Marker(0.0, bpm, (4, 4))]
        desk.reaper.edit()
        desk.until(lambda epoch=epoch: desk.sent("transport")[-1]["epoch"] == epoch)
    desk.until(lambda: len(told(desk)) >= 3)
    desk.do("follow", "Following ends.")
    assert desk.said.count(refusal) == 1


@pytest.mark.parametrize(
    ("envelopes", "lora"),
    [
        ({"lora_1": [Breakpoint(0.0, 0.2), Breakpoint(1.0, 1.5)]}, "tape"),
        ({}, "tape:1"),
    ],
    ids=["envelope", "slider"],
)
def test_a_bar_with_a_lora_is_the_command_lines_render_with_it(
    house_desk, tmp_path, anacrusis_render, envelopes, lora
):
    desk = house_desk
    desk.project.bpm = 240.0
    desk.project.markers = [Marker(0.0, 240.0, (4, 4))]
    add_lanes(desk.reaper, **envelopes)
    desk.settle(prompt="hiss, jazz piano", seed="3", bars="1", loras="tape")
    desk.project.selection = (0.0, 1.0)
    desk.connect()
    desk.do("render", "1 bars are on the new track")
    heard = laid(desk.project)[0][2]
    project = tmp_path / "song.rpp"
    project.write_text(rpp_of(desk.project))
    words = ["--project", project, "--bars", "1-1", "--window", 1, "--seed", 3]
    words += ["--prompt", "hiss, jazz piano"]
    assert np.array_equal(heard, anacrusis_render(*words, "--lora", lora))
    assert np.abs(heard - anacrusis_render(*words)).max() > 0.01

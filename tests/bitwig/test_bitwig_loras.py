"""The field for LoRAs, of the script and of the extension: the same claims for both."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from bitwig_host import BitwigHost
from gateway_setup import TOKEN, gateway_to, running, toy_server
from listening_engine import ListeningEngine

from bridge_protocol.schema import Credit, LoraUse, When

ASKED = "LoRAs: up to four names that `anacrusis lora list` prints, between commas"
NEXT_BAR = When(kind="next_bar")


class Bench:
    """One of the two clients in Bitwig, and engines for it."""

    def __init__(self, host: BitwigHost, needs_gateway: bool, files: Path, ends: ExitStack) -> None:
        self.host = host
        self._needs_gateway, self._files, self._ends = needs_gateway, files, ends

    def engine(self, *missing: str) -> tuple[ListeningEngine, int]:
        """An engine that listens, and the port for the client."""
        made = self._ends.enter_context(closing(ListeningEngine(missing)))
        return made, self.port(made.endpoint)

    def toy(self) -> int:
        """The port of a real engine, whose model hears no LoRAs."""
        server = toy_server()
        self._ends.enter_context(running(server))
        return self.port(server.endpoint)

    def port(self, endpoint: str) -> int:
        if self._needs_gateway:
            return self._ends.enter_context(gateway_to(endpoint, self._files)).port
        return int(endpoint.rsplit(":", 1)[1])

    def start(self, port: int, loras: str) -> None:
        self.host.start(Token=TOKEN, Port=port, Prompt="0.5", Status="", LoRAs=loras)

    def until_told(self, engine: ListeningEngine, count: int) -> list[LoraUse]:
        self.host.until(lambda _: len(engine.of(LoraUse)) >= count)
        return engine.of(LoraUse)

    def until_said(self, words: str) -> dict:
        return self.host.until(lambda state: words in state["kept"]["Status"])

    def until_not_said(self, words: str) -> dict:
        return self.host.until(lambda state: words not in state["kept"]["Status"])


@pytest.fixture(params=["script", "extension"])
def bench(request, tmp_path) -> Iterator[Bench]:
    is_script = request.param == "script"
    host = request.getfixturevalue("bitwig" if is_script else "extended")
    with ExitStack() as ends:
        yield Bench(host, is_script, tmp_path, ends)


def places(told: list[LoraUse]) -> list[tuple[int, str]]:
    return [(message.place, message.name) for message in told]


@pytest.mark.parametrize(
    ("field", "wanted"),
    [
        ("city-pop", [(1, "city-pop")]),
        (", tape", [(2, "tape")]),
        (" a ,,b_v1.2 , D", [(1, "a"), (3, "b_v1.2"), (4, "D")]),
        ("tape,", [(1, "tape")]),
        ("x" * 64, [(1, "x" * 64)]),
        ("", []),
        (" , ", []),
    ],
)
def test_names_go_to_their_places_and_an_empty_field_tells_nothing(bench, field, wanted):
    engine, port = bench.engine()
    bench.start(port, field)
    bench.host.until(lambda _: bool(engine.of(Credit)))  # the first is told after the LoRAs
    assert places(engine.of(LoraUse)) == wanted
    assert all(message.when == When() for message in engine.of(LoraUse))


def test_only_what_changed_is_told_and_an_emptied_place_as_an_empty_name(bench):
    engine, port = bench.engine()
    bench.start(port, "dust, tape")
    bench.host.until(lambda _: bool(engine.of(Credit)))
    before = len(bench.until_told(engine, 2))
    bench.host.set("LoRAs", ", tape, glue")
    assert places(bench.until_told(engine, before + 2)[before:]) == [(1, ""), (3, "glue")]
    bench.host.set("LoRAs", "")
    told = bench.until_told(engine, before + 4)[before:]
    bench.host.advance(400)
    assert places(told[2:]) == [(2, ""), (3, "")]
    assert all(message.when == NEXT_BAR for message in told)
    assert len(engine.of(LoraUse)) == before + 4


def test_an_engine_that_is_new_is_told_again_and_of_emptied_places_nothing(bench):
    engine, port = bench.engine()
    bench.start(port, "dust, tape")
    bench.until_told(engine, 2)
    bench.host.set("LoRAs", ", tape")
    assert places(bench.until_told(engine, 3))[2:] == [(1, "")]
    other, other_port = bench.engine()
    bench.host.set("Port", other_port)
    bench.host.until(lambda _: bool(other.of(Credit)))
    assert places(other.of(LoraUse)) == [(2, "tape")]


@pytest.mark.parametrize(
    "field", ["my tape", "loras/tape", "täpe", "tape\u00a0", "y" * 65, "a, b, c, d, e", "tape;dust"]
)
def test_what_the_protocol_would_refuse_is_refused_in_words_and_not_sent(bench, field):
    engine, port = bench.engine()
    bench.start(port, field)
    state = bench.until_said(ASKED)
    assert f"Anacrusis: {ASKED}" in state["popups"]
    bench.host.until(lambda _: bool(engine.of(Credit)))
    assert not engine.of(LoraUse)
    bench.host.set("LoRAs", "tape")
    bench.until_not_said("LoRAs")
    assert places(bench.until_told(engine, 1)) == [(1, "tape")]


def test_a_field_that_is_refused_leaves_the_places_as_they_are(bench):
    engine, port = bench.engine()
    bench.start(port, "tape")
    bench.until_told(engine, 1)
    bench.host.set("LoRAs", "tape, dust, my glue")
    bench.until_said(ASKED)
    bench.host.set("LoRAs", "tape")
    bench.until_not_said(ASKED)
    assert places(engine.of(LoraUse)) == [(1, "tape")]


def test_a_refusal_is_shown_until_that_place_is_told_anew(bench):
    engine, port = bench.engine("nix")
    bench.start(port, "nix, tape")
    state = bench.until_said("There is no nix.")
    assert "Anacrusis: There is no nix." in state["popups"]
    bench.host.set("LoRAs", "nix, dust")
    bench.until_told(engine, 3)
    bench.host.play(400)
    assert "There is no nix." in bench.host.status  # the other place was taken
    assert places(engine.of(LoraUse)) == [(1, "nix"), (2, "tape"), (2, "dust")]
    bench.host.set("LoRAs", ", dust")
    bench.until_not_said("There is no nix.")


def test_a_model_that_hears_no_loras_says_so_until_the_field_is_empty(bench):
    bench.start(bench.toy(), "tape")
    bench.until_said("toy can't hear LoRAs.")
    bench.host.set("LoRAs", "")
    bench.host.until(lambda state: state["kept"]["Status"] == "toy; ready: 2 bars")

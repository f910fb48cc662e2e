"""What there is in the engine's library, and a LoRA put into a place."""

import asyncio
from unittest.mock import AsyncMock

import pytest
from fake_engine import FakeEngine
from framed_link import FramedLink

from bridge_protocol.clock import VirtualClock
from bridge_protocol.schema import Library, LibraryLora, ListLibrary, LoraUse, Ok, When
from daw_clients.client.aio import AsyncClient
from daw_clients.client.client import Client

LORA = LibraryLora(name="city-pop_v1.2", fits=True, trigger_words=["pop"], strength=0.8, text="")


class Librarian(FakeEngine):
    def _answer(self, message, payload):
        if isinstance(message, ListLibrary):
            self.reply(Library(re=message.seq, models=[], loras=[LORA]))
        else:
            super()._answer(message, payload)


@pytest.fixture(params=["as over ZeroMQ", "json", "msgpack"])
def engine(request, monkeypatch):
    if request.param != "as over ZeroMQ":
        monkeypatch.setattr(FakeEngine, "link", lambda self: FramedLink(self, request.param))
    return Librarian(VirtualClock())


@pytest.fixture
def client(engine):
    made = Client(engine.link(), engine.clock)
    made.connect()
    return made


def test_the_library_is_told(client):
    assert client.library().loras == [LORA]


def test_a_lora_goes_into_its_place_when_it_is_wanted(client, engine):
    client.use_lora(3, LORA.name, When(kind="next_bar"))
    sent = engine.seen[-1]
    assert isinstance(sent, LoraUse)
    assert (sent.place, sent.name, sent.when.kind) == (3, LORA.name, "next_bar")
    client.use_lora(3)
    assert (engine.seen[-1].place, engine.seen[-1].name) == (3, "")


def test_the_asyncio_client_asks_the_same(monkeypatch):
    client = AsyncClient(clock=VirtualClock())
    request = AsyncMock(return_value=Ok())
    monkeypatch.setattr(client, "request", request)
    asyncio.run(client.use_lora(2, LORA.name))
    (sent,), _ = request.call_args
    assert (sent.place, sent.name) == (2, LORA.name)
    monkeypatch.setattr(client, "_reply", AsyncMock(return_value=Library(models=[], loras=[LORA])))
    assert asyncio.run(client.library()).loras == [LORA]

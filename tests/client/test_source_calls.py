"""How a source with a tempo of its own is sent, and how long its answer may take."""

import asyncio
from unittest.mock import AsyncMock

import pytest
from fake_engine import FakeEngine
from framed_link import FramedLink

from bridge_protocol.clock import VirtualClock
from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.schema import Ok, SourceUse
from daw_clients.client import requests
from daw_clients.client.aio import AsyncClient
from daw_clients.client.client import Client

NAME = "a" * 64


@pytest.fixture(params=["as over ZeroMQ", "json", "msgpack"])
def engine(request, monkeypatch):
    if request.param != "as over ZeroMQ":
        monkeypatch.setattr(FakeEngine, "link", lambda self: FramedLink(self, request.param))
    return FakeEngine(VirtualClock())


@pytest.fixture
def client(engine):
    made = Client(engine.link(), engine.clock)
    made.connect()
    return made


def test_a_tempo_and_a_downbeat_go_out_with_the_source(client, engine):
    client.use_source(NAME, at_ppq=4.0, repeat_bars=2, tempo="own", bpm=93.0, downbeat=0.25)
    sent = engine.seen[-1]
    assert isinstance(sent, SourceUse)
    assert (sent.hash, sent.at_ppq, sent.repeat_bars) == (NAME, 4.0, 2)
    assert (sent.tempo, sent.bpm, sent.downbeat) == ("own", 93.0, 0.25)


def test_without_a_word_the_source_follows_the_host(client, engine):
    client.use_source(NAME)
    assert (engine.seen[-1].tempo, engine.seen[-1].bpm) == ("host", None)


@pytest.mark.parametrize(
    ("options", "least_s", "most_s"),
    [({"tempo": "own"}, 110, 130), ({"tempo": "own", "bpm": 93.0}, 9, 11), ({}, 9, 11)],
)
def test_a_tempo_that_is_to_be_found_is_waited_for(client, engine, options, least_s, most_s):
    engine.silent = True
    began = engine.clock.now_ns()
    with pytest.raises(RefusedError) as caught:
        client.use_source(NAME, **options)
    assert caught.value.code is ErrorCode.NO_ENGINE
    assert least_s < (engine.clock.now_ns() - began) / 1e9 < most_s


def test_the_asyncio_client_sends_and_waits_the_same(monkeypatch):
    client = AsyncClient(clock=VirtualClock())
    request = AsyncMock(return_value=Ok())
    monkeypatch.setattr(client, "request", request)
    asyncio.run(client.use_source(NAME, tempo="own", downbeat=0.5))
    (sent,), waits = request.call_args
    assert (sent.tempo, sent.bpm, sent.downbeat) == ("own", None, 0.5)
    assert waits == {"timeout_s": requests.FINDING_TIMEOUT_S}

"""A source whose tempo must be found is answered when it is found; nothing waits for it."""

import hashlib
import math
import threading
from concurrent.futures import Executor, Future, ThreadPoolExecutor

import msgpack
import msgspec
import numpy as np
import pytest
from click_tracks import RATE, clicks
from engine_in_process import Caller, InProcess

from bridge_protocol.clock import MonotonicClock
from bridge_protocol.errors import RefusedError
from bridge_protocol.schema import (
    Bye,
    Error,
    Hello,
    MeterEntry,
    Ok,
    OpenStream,
    Param,
    Ping,
    Pong,
    PromiseMessage,
    Prompt,
    Pulse,
    SourceBegin,
    SourceBlock,
    SourceEnd,
    SourceUse,
    TempoEntry,
    TempoMapMessage,
    Transport,
    When,
)
from bridge_protocol.wire import MAGIC
from daw_clients.client.client import Client
from engine_host.stream.beats import Beats


class HeldExecutor(Executor):
    """Does what it was given when the test says so."""

    def __init__(self):
        self.waiting = []

    def submit(self, fn, /, *args, **kwargs):
        future = Future()
        self.waiting.append((future, lambda: fn(*args, **kwargs)))
        return future

    def work(self):
        future, call = self.waiting.pop(0)
        try:
            result = call()
        except RefusedError as error:
            future.set_exception(error)
        else:
            future.set_result(result)


@pytest.fixture
def listener():
    return HeldExecutor()


@pytest.fixture
def host(listener):
    return InProcess(listener=listener)


@pytest.fixture
def caller(host):
    found = Caller(host)
    found.ask(Hello())
    return found


def upload(caller, audio):
    data = audio.astype("<f4").tobytes()
    name = hashlib.sha256(data).hexdigest()
    caller.ask(SourceBegin(hash=name, rate=RATE, channels=1, frames=len(audio)))
    caller.ask(SourceBlock(hash=name, offset=0, frames=len(audio)), data)
    assert isinstance(caller.ask(SourceEnd(hash=name)), Ok)
    return name


@pytest.fixture
def track(caller):
    return upload(caller, clicks(93, 24, 0.24))


def song_of(host):
    (session,) = host.hub._sessions.values()
    return session._song


def source_of(host):
    return song_of(host).base.source


def test_a_given_tempo_is_answered_at_once(host, caller, track, listener):
    reply = caller.ask(SourceUse(hash=track, tempo="own", bpm=93.0, downbeat=0.24))
    assert isinstance(reply, Ok)
    assert not listener.waiting
    tempo = source_of(host).tempo
    assert (tempo.bpm, tempo.downbeat_seconds) == (93.0, 0.24)


def test_a_source_that_follows_the_host_has_no_tempo(host, caller, track):
    assert isinstance(caller.ask(SourceUse(hash=track)), Ok)
    assert source_of(host).tempo is None


def test_a_tempo_that_is_found_is_answered_late_by_its_number_and_in_words(
    host, caller, track, listener
):
    assert caller.tell(SourceUse(hash=track, tempo="own")) == []
    asked = caller.seq
    assert isinstance(caller.ask(Ping()), Pong)
    assert isinstance(caller.ask(Param(parameter="denoise", value=0.5)), Ok)
    host.hub.service()
    assert [type(message) for message in caller.answers()] == [Pulse]
    assert source_of(host) is None
    listener.work()
    (reply,) = caller.answers()
    assert (reply.re, reply.text) == (asked, "found 93.0 bpm, first beat at 0.24 s")
    assert source_of(host).tempo.bpm == pytest.approx(93.0, abs=0.01)


def test_a_tempo_that_is_known_is_not_looked_for_again(caller, track, listener):
    caller.tell(SourceUse(hash=track, tempo="own"))
    listener.work()
    caller.answers()
    reply = caller.ask(SourceUse(hash=track, tempo="own", downbeat=1.0, at_ppq=8.0))
    assert reply.text.startswith("found 93.0 bpm")
    assert not listener.waiting


def test_a_sound_without_a_beat_is_refused_and_what_was_there_stays(host, caller, track, listener):
    caller.ask(SourceUse(hash=track))
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, (RATE * 5, 1)).astype(np.float32)
    caller.tell(SourceUse(hash=upload(caller, noise), tempo="own"))
    asked = caller.seq
    listener.work()
    (reply,) = caller.answers()
    assert isinstance(reply, Error)
    assert (reply.re, reply.code, reply.field) == (asked, "CANNOT_HEAR", "bpm")
    assert source_of(host).source.hash == track


def test_a_fault_in_finding_is_answered_too(host, caller, track, listener):
    caller.tell(SourceUse(hash=track, tempo="own"))
    future, _ = listener.waiting.pop()
    future.set_exception(MemoryError("no room"))
    (reply,) = caller.answers()
    assert (reply.code, reply.field) == ("INTERNAL", "bpm")
    assert "no room" in reply.message


def test_a_later_use_of_the_place_stays_in_force(host, caller, track, listener):
    caller.tell(SourceUse(hash=track, tempo="own"))
    caller.ask(SourceUse(hash=track, tempo="own", bpm=100.0))
    listener.work()
    (reply,) = caller.answers()
    assert isinstance(reply, Ok)
    assert "later source_use" in reply.text
    assert source_of(host).tempo.bpm == 100.0


def test_taking_the_source_away_is_a_later_use(host, caller, track, listener):
    caller.tell(SourceUse(hash=track, tempo="own"))
    caller.ask(SourceUse(hash=""))
    listener.work()
    assert source_of(host) is None


def test_a_later_use_that_was_refused_or_lies_elsewhere_is_no_matter(host, caller, track, listener):
    caller.tell(SourceUse(hash=track, tempo="own"))
    assert isinstance(caller.ask(SourceUse(hash=track, tempo="own", bpm=900.0)), Error)
    caller.ask(SourceUse(hash=track, when=When(kind="bar", bar=9)))
    caller.ask(SourceUse(hash=track, role="target"))
    listener.work()
    (reply,) = caller.answers()
    assert reply.text.startswith("found")
    assert source_of(host).tempo.bpm == pytest.approx(93.0, abs=0.01)
    assert [placed.ppq for placed in song_of(host).placed] == [32.0]


def test_two_uses_that_wait_are_answered_in_their_order(host, caller, track, listener):
    other = upload(caller, clicks(110, 24))
    caller.tell(SourceUse(hash=track, tempo="own"))
    caller.tell(SourceUse(hash=other, tempo="own"))
    listener.work()
    listener.work()
    first, second = caller.answers()
    assert (first.re, second.re) == (caller.seq - 1, caller.seq)
    assert source_of(host).source.hash == other


@pytest.mark.parametrize("leave", ["bye", "drop", "hello"])
def test_a_session_that_is_gone_hears_nothing(host, caller, track, listener, leave):
    caller.tell(SourceUse(hash=track, tempo="own"))
    if leave == "drop":
        host.hub.drop(b"caller")
    else:
        caller.ask(Bye() if leave == "bye" else Hello())
    listener.work()
    assert caller.answers() == []
    assert leave != "hello" or source_of(host) is None


def test_a_search_that_is_called_off_harms_nobody(caller, track, listener):
    caller.tell(SourceUse(hash=track, tempo="own"))
    listener.waiting[0][0].cancel()
    assert caller.answers() == []
    assert isinstance(caller.ask(Ping()), Pong)


def test_an_open_streams_change_is_promised_from_when_the_tempo_is_found(
    host, caller, track, listener
):
    caller.ask(Prompt(text="0.5"))
    caller.ask(OpenStream(stream=1))
    caller.tell(Transport(epoch=0, sample=0, address=0, playing=False))
    caller.tell(SourceUse(hash=track, tempo="own", when=When(kind="bar", bar=3)))
    listener.work()
    (reply,) = [m for m in caller.answers() if not isinstance(m, PromiseMessage)]
    assert (reply.bar, reply.sample) == (3, 4 * RATE)


@pytest.mark.parametrize(
    ("message", "code", "field"),
    [
        (SourceUse(hash="", tempo="own", bpm=10.0), "OUT_OF_RANGE", "bpm"),
        (SourceUse(hash="", bpm=93.0), "BAD_FIELD", "bpm"),
        (SourceUse(hash="", downbeat=0.0), "BAD_FIELD", "downbeat"),
        (SourceUse(hash="", tempo="own", bpm=93.0, downbeat=-1.0), "OUT_OF_RANGE", "downbeat"),
    ],
)
def test_what_no_source_can_have_is_refused(caller, message, code, field):
    reply = caller.ask(message)
    assert (reply.code, reply.field) == (code, field)


def test_what_this_source_cannot_have_is_refused(caller, track):
    late = caller.ask(SourceUse(hash=track, tempo="own", bpm=93.0, downbeat=60.0))
    assert (late.code, late.field) == ("OUT_OF_RANGE", "downbeat")
    caller.ask(
        TempoMapMessage(
            revision=1,
            tempo=[TempoEntry(ppq=0, bpm_start=400, bpm_end=400)],
            meter=[MeterEntry(bar=1, numerator=4, denominator=4)],
        )
    )
    far = caller.ask(SourceUse(hash=track, tempo="own", bpm=93.0))
    assert (far.code, far.field) == ("OUT_OF_RANGE", "bpm")
    assert "400 to 400 bpm" in far.message


@pytest.mark.parametrize("field", ["bpm", "downbeat", "at_ppq"])
def test_what_is_no_number_is_refused(host, caller, field):
    plain = msgspec.to_builtins(SourceUse(hash="", tempo="own", seq=77))
    caller.link.send([MAGIC, msgpack.packb({**plain, field: math.nan})])
    (reply,) = caller.answers()
    assert (reply.re, reply.field) == (77, field)
    assert reply.code in ("NOT_FINITE", "OUT_OF_RANGE")


def test_a_thread_of_its_own_finds_the_tempo_and_answers(monkeypatch):
    seen, go_on = [], threading.Event()

    def find_beats(audio, rate_hz):
        assert go_on.wait(60)
        seen.append(threading.current_thread().name)
        return Beats(93.0, 0.24)

    monkeypatch.setattr("engine_host.stream.sources.find_beats", find_beats)
    with ThreadPoolExecutor(1, thread_name_prefix="listen") as pool:
        host = InProcess(listener=pool)
        caller = Caller(host)
        caller.ask(Hello())
        name = upload(caller, clicks(93, 24, 0.24))
        assert caller.tell(SourceUse(hash=name, tempo="own")) == []
        asked = caller.seq
        assert isinstance(caller.ask(Ping()), Pong)
        go_on.set()
    (reply,) = caller.answers()
    assert (reply.re, reply.text) == (asked, "found 93.0 bpm, first beat at 0.24 s")
    assert seen[0].startswith("listen")


def test_the_client_hands_on_what_was_found():
    host = InProcess()
    client = Client(host.link(b"client"), MonotonicClock())
    client.connect()
    source = client.upload(clicks(93, 24, 0.24), RATE)
    assert client.use_source(source, tempo="own").text == "found 93.0 bpm, first beat at 0.24 s"

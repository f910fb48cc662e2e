import hashlib
import math

import msgpack
import numpy as np
import pytest
from engine_in_process import Caller, InProcess

from bridge_protocol.schema import (
    Bye,
    Error,
    Hello,
    LaneMessage,
    LanePoint,
    MeterEntry,
    Note,
    Notes,
    Ok,
    OpenStream,
    Param,
    Ping,
    Pong,
    Prompt,
    Refused,
    Render,
    SourceBegin,
    SourceBlock,
    SourceEnd,
    SourceUse,
    TempoEntry,
    TempoMapMessage,
    Transport,
    Welcome,
    When,
)
from bridge_protocol.wire import MAGIC


@pytest.fixture
def host():
    return InProcess()


@pytest.fixture
def caller(host):
    found = Caller(host)
    assert isinstance(found.ask(Hello()), Welcome)
    return found


def refusal(reply):
    assert isinstance(reply, Error), reply
    assert reply.message
    return reply.code, reply.field


def test_a_welcome_tells_the_model_the_manifest_and_the_limits(host):
    welcome = Caller(host).ask(Hello(sample_rate=44_100))
    assert welcome.model.name == "toy"
    assert {p.name for p in welcome.parameters} >= {"denoise", "morph", "seed"}
    assert welcome.limits.message_bytes > 0


def test_nothing_but_ping_is_legal_before_hello(host):
    caller = Caller(host)
    assert isinstance(caller.ask(Ping()), Pong)
    assert refusal(caller.ask(Prompt(text="x"))) == ("NOT_GREETED", "type")


@pytest.mark.parametrize(
    ("hello", "code"),
    [
        (Hello(version_min=7, version_max=9), "VERSION"),
        (Hello(sample_rate=44_101), "OUT_OF_RANGE"),
    ],
)
def test_a_hello_that_cannot_be_served_is_refused_in_words(host, hello, code):
    reply = Caller(host).ask(hello)
    assert isinstance(reply, Refused)
    assert (reply.code, bool(reply.message), bool(reply.versions)) == (code, True, True)


def test_rubbish_gets_an_error_and_the_neighbours_hear_nothing(host, caller):
    neighbour = Caller(host, b"neighbour")
    neighbour.ask(Hello())
    rng = np.random.default_rng(3)
    rubbish = [[], [b""], [b"x", b"y"], [MAGIC, b"\xc1"], [MAGIC, b"\x91" * 9000], [MAGIC] * 9]
    rubbish += [[MAGIC, rng.bytes(int(rng.integers(1, 200)))] for _ in range(200)]
    for frames in rubbish:
        caller.link.send(frames)
        answers = caller.answers()
        assert [type(a) for a in answers] == [Error], frames
    assert neighbour.answers() == []
    assert isinstance(caller.ask(Ping()), Pong)


def test_an_unknown_type_is_named_and_the_session_lives(caller):
    caller.link.send([MAGIC, msgpack.packb({"type": "dance", "seq": 77})])
    (reply,) = caller.answers()
    assert (reply.code, reply.re) == ("UNKNOWN_TYPE", 77)
    assert isinstance(caller.ask(Prompt(text="0.5")), Ok)


@pytest.mark.parametrize(
    ("message", "code", "field"),
    [
        (Param(parameter="loudness", value=1.0), "UNKNOWN_PARAMETER", "parameter"),
        (Param(parameter="denoise", value=1.5), "OUT_OF_RANGE", "value"),
        (Param(parameter="denoise", value=math.nan), "NOT_FINITE", "value"),
        (Param(parameter="steps", value=2.5), "OUT_OF_RANGE", "value"),
        (Param(parameter="solver", value="rk4"), "OUT_OF_RANGE", "value"),
        (LaneMessage(parameter="seed", revision=1, points=[LanePoint(position=0, value=1)]), "CANNOT_HEAR", "parameter"),
        (LaneMessage(parameter="denoise", revision=1), "WRONG_LENGTH", "points"),
        (LaneMessage(parameter="denoise", revision=1, values=[0.5, 0.5], count=3), "WRONG_LENGTH", "values"),
        (LaneMessage(parameter="denoise", revision=1, values=[0.5, math.nan], count=2), "NOT_FINITE", "values[1]"),
        (LaneMessage(parameter="denoise", revision=1, points=[LanePoint(position=0, value=0.1), LanePoint(position=1, value=2)]), "OUT_OF_RANGE", "points[1].value"),
        (TempoMapMessage(revision=1, tempo=[TempoEntry(ppq=0, bpm_start=0, bpm_end=0)], meter=[MeterEntry(bar=1, numerator=4, denominator=4)]), "OUT_OF_RANGE", "tempo[0].bpm_start"),
        (TempoMapMessage(revision=1, tempo=[TempoEntry(ppq=0, bpm_start=20, bpm_end=20)], meter=[MeterEntry(bar=1, numerator=64, denominator=1)]), "LIMIT", "tempo"),
        (SourceUse(hash="0" * 64), "UNKNOWN_SOURCE", "hash"),
        (SourceBegin(hash="0" * 64, rate=48_000, channels=2, frames=0), "EMPTY_SOURCE", "frames"),
        (SourceBegin(hash="0" * 64, rate=48_000, channels=2, frames=2**40), "LIMIT", "frames"),
        (Render(stream=1, first_bar=5, last_bar=4), "BAD_ORDER", "bars"),
        (Render(stream=1, first_bar=1, last_bar=99_000), "LIMIT", "bars"),
    ],
)  # fmt: skip
def test_bad_input_is_refused_with_its_code_and_field(caller, message, code, field):
    assert refusal(caller.ask(message)) == (code, field)
    assert isinstance(caller.ask(Param(parameter="denoise", value=0.5)), Ok)


def test_a_refused_tempo_map_leaves_the_one_before_in_force(host, caller):
    good = TempoMapMessage(revision=1, tempo=[TempoEntry(ppq=0, bpm_start=90, bpm_end=90)], meter=[MeterEntry(bar=1, numerator=3, denominator=4)])  # fmt: skip
    bad = TempoMapMessage(revision=2, tempo=[TempoEntry(ppq=1, bpm_start=90, bpm_end=90)], meter=[MeterEntry(bar=1, numerator=3, denominator=4)])  # fmt: skip
    caller.ask(good)
    assert isinstance(caller.ask(bad), Error)
    promised = caller.ask(Prompt(text="0.5", when=When(kind="bar", bar=3)))
    assert promised.sample == 4 * 48_000  # two bars of three quarters at 90


def upload(caller, audio, rate=48_000):
    data = audio.astype("<f4").tobytes()
    name = hashlib.sha256(data).hexdigest()
    begin = SourceBegin(hash=name, rate=rate, channels=audio.shape[1], frames=len(audio))
    replies = [caller.ask(begin)]
    if not replies[0].have:
        replies.append(caller.ask(SourceBlock(hash=name, offset=0, frames=len(audio)), data))
        replies.append(caller.ask(SourceEnd(hash=name)))
    return name, replies


def test_a_render_past_the_source_is_told_its_last_bar(caller):
    name, _ = upload(caller, np.full((200_000, 2), 0.1, dtype=np.float32))
    caller.ask(SourceUse(hash=name))
    reply = caller.ask(Render(stream=7, first_bar=1, last_bar=9))
    assert refusal(reply) == ("RANGE_PAST_END", "bars")
    assert reply.last_bar == 3  # of 96,000 samples each
    assert isinstance(caller.ask(Render(stream=7, first_bar=1, last_bar=3)), Ok)


def test_a_source_the_engine_has_is_not_sent_again(caller):
    audio = np.full((4_000, 2), 0.1, dtype=np.float32)
    name, replies = upload(caller, audio)
    assert all(isinstance(reply, Ok) for reply in replies)
    assert upload(caller, audio)[1] == [
        replies[0].__class__(re=caller.seq, have=True, at=replies[0].at)
    ]
    assert isinstance(caller.ask(SourceUse(hash=name)), Ok)


@pytest.mark.parametrize(
    ("audio", "code"),
    [
        (np.full((10, 2), 0.1), "EMPTY_SOURCE"),
        (np.full((4_000, 2), np.nan), "NOT_FINITE"),
    ],
)
def test_a_source_that_cannot_be_played_is_refused_at_its_end(caller, audio, code):
    _, replies = upload(caller, audio.astype(np.float32))
    assert refusal(replies[-1])[0] == code


def test_samples_that_are_not_what_the_hash_names_are_refused(caller):
    audio = np.zeros((4_000, 2), dtype="<f4")
    caller.ask(SourceBegin(hash="a" * 64, rate=48_000, channels=2, frames=4_000))
    caller.ask(SourceBlock(hash="a" * 64, offset=0, frames=4_000), audio.tobytes())
    assert refusal(caller.ask(SourceEnd(hash="a" * 64))) == ("HASH_MISMATCH", "hash")


def test_the_same_lane_revision_twice_changes_nothing(host, caller):
    message = LaneMessage(parameter="morph", revision=3, points=[LanePoint(position=0, value=0.2)])
    assert isinstance(caller.ask(message), Ok)
    again = LaneMessage(parameter="morph", revision=3, points=[LanePoint(position=0, value=0.9)])
    assert caller.ask(again).text


def test_notes_are_taken_by_a_model_that_hears_them(caller):
    assert isinstance(
        caller.ask(Notes(revision=1, notes=[Note(ppq=0, length_ppq=1, pitch=60)])), Ok
    )


def test_transport_and_credit_are_reports_and_get_no_reply(caller):
    assert caller.tell(Transport(epoch=0, sample=0, address=0, playing=False)) == []
    caller.ask(OpenStream(stream=1))
    assert caller.tell(Transport(epoch=0, sample=0, address=0, playing=False)) == []


def test_bye_ends_the_session_and_its_streams(host, caller):
    caller.ask(OpenStream(stream=1))
    assert len(host.engine.streams) == 1
    assert isinstance(caller.ask(Bye()), Ok)
    assert host.engine.streams == ()
    assert refusal(caller.ask(Prompt(text="x"))) == ("NOT_GREETED", "type")


def test_a_pulse_calls_an_engine_hung_after_three_seconds_of_silence(host, caller):
    host.hub.beat()
    host.clock.advance_ns(2_900_000_000)
    host.hub.service()
    assert caller.answers()[-1].state != "hung"
    host.clock.advance_ns(200_000_000)
    host.hub.service()
    assert caller.answers()[-1].state == "hung"


def test_a_loop_too_short_to_play_is_refused_and_the_engine_goes_on(host, caller):
    caller.ask(OpenStream(stream=1))
    (reply,) = caller.tell(
        Transport(epoch=0, sample=0, address=0, playing=True, looping=True, loop_end_ppq=0.004)
    )
    assert refusal(reply) == ("OUT_OF_RANGE", "loop_end_ppq")
    host.engine.round()
    assert isinstance(caller.ask(Ping()), Pong)

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from fake_engine import welcome
from hypothesis import given
from hypothesis import strategies as st

from bridge_protocol import wire
from bridge_protocol.clock import VirtualClock
from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.schema import Error, Notice, Ok, Param, Ping, Pong, Refused
from daw_clients.client.core import MAX_WAITING, ClientCore, TooLateError


def core() -> ClientCore:
    return ClientCore(VirtualClock(5_000_000))


def arrive(client: ClientCore, message: msgspec.Struct) -> None:
    client.take(wire.pack(message))  # type: ignore[arg-type]


def test_requests_are_stamped_with_seq_session_and_clock() -> None:
    client = core()
    client.session = "abc"
    first, frames = client.ask(Ping())
    second, _ = client.ask(Ping())
    message = wire.unpack_from_client(frames).message
    assert (first.seq, second.seq) == (1, 2)
    assert (message.seq, message.session, message.at) == (1, "abc", 5_000_000)


def test_a_time_that_the_caller_set_is_kept() -> None:
    _, frames = core().stamp(Ping(at=3))
    assert wire.unpack_from_client(frames).message.at == 3


def test_replies_find_their_request_in_any_order() -> None:
    client = core()
    one, _ = client.ask(Ping())
    two, _ = client.ask(Ping())
    arrive(client, Pong(re=two.seq, clock=2))
    assert two.done and not one.done
    arrive(client, Ok(re=one.seq, bar=4))
    assert one.result() == Ok(re=one.seq, bar=4)
    with pytest.raises(RuntimeError):
        client.ask(Ping())[0].result()


def test_an_error_raises_at_the_caller_with_code_and_field() -> None:
    client = core()
    pending, _ = client.ask(Param(parameter="x", value=1.0))
    arrive(client, Error(re=pending.seq, code="OUT_OF_RANGE", field="value", message="no"))
    with pytest.raises(RefusedError) as refused:
        pending.result()
    assert (refused.value.code, refused.value.field) == (ErrorCode.OUT_OF_RANGE, "value")


def test_too_late_knows_the_next_bar() -> None:
    client = core()
    pending, _ = client.ask(Ping())
    arrive(
        client,
        Error(
            re=pending.seq, code="TOO_LATE", field="when", message="", next_bar=9, next_sample=77
        ),
    )
    with pytest.raises(TooLateError) as late:
        pending.result()
    assert (late.value.next_bar, late.value.next_sample) == (9, 77)


def test_a_code_that_is_not_known_is_internal() -> None:
    client = core()
    pending, _ = client.ask(Ping())
    arrive(client, Refused(re=pending.seq, code="NEW_THING", message="m", versions=[2]))
    with pytest.raises(RefusedError) as refused:
        pending.result()
    assert refused.value.code is ErrorCode.INTERNAL


def test_the_welcome_sets_the_session() -> None:
    client = core()
    pending, _ = client.ask(Ping())
    greeting = welcome()
    greeting.re = pending.seq
    arrive(client, greeting)
    assert client.session == "s1"
    assert client.welcome is not None


def test_a_welcome_that_nobody_asked_for_changes_nothing() -> None:
    client = core()
    arrive(client, welcome())
    assert client.session == ""


def test_what_nobody_handles_is_kept_and_bounded() -> None:
    client = core()
    for number in range(2_000):
        arrive(client, Notice(code=str(number), message=""))
    kept = client.kept(Notice)
    assert (len(kept), kept[-1].code, client.kept(Notice)) == (1_024, "1999", [])


def test_a_handler_is_called_until_it_is_ended() -> None:
    client = core()
    got: list[Notice] = []
    end = client.on(Notice, got.append)
    arrive(client, Notice(code="a", message=""))
    end()
    end()
    arrive(client, Notice(code="b", message=""))
    assert [notice.code for notice in got] == ["a"]


def test_an_error_that_answers_nothing_is_delivered() -> None:
    client = core()
    arrive(client, Error(re=99, code="LIMIT", field="x", message=""))
    assert [error.code for error in client.kept(Error)] == ["LIMIT"]


def test_unanswered_requests_are_bounded() -> None:
    client = core()
    first, _ = client.ask(Ping())
    for _ in range(MAX_WAITING):
        client.ask(Ping())
    with pytest.raises(RefusedError) as refused:
        first.result()
    assert refused.value.code is ErrorCode.NO_ENGINE


def test_revisions_only_go_up() -> None:
    clock = VirtualClock()
    client = ClientCore(clock)
    assert [client.next_revision(), client.next_revision()] == [1, 2]
    clock.advance_ns(10_000_000)
    assert [client.next_revision(), client.next_revision()] == [10, 11]


@given(st.lists(st.binary(max_size=80), max_size=4))
def test_any_frames_at_all_are_counted_and_harm_nothing(frames: list[bytes]) -> None:
    client = core()
    client.take(frames)
    client.take([wire.MAGIC, *frames])
    assert client.bad_messages == 2


def test_a_block_whose_bytes_do_not_fit_is_dropped() -> None:
    client = core()
    audio = dict.fromkeys(
        ("stream", "epoch", "lap", "sequence", "address", "sample", "generation", "state"), 0
    )
    header = msgspec.msgpack.encode(
        audio | {"type": "audio", "frames": 4, "channels": 2, "format": "f32"}
    )
    client.take([wire.MAGIC, header, np.zeros(7, np.float32).tobytes()])
    assert client.bad_messages == 1

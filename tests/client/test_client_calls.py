from __future__ import annotations

import hashlib

import numpy as np
import pytest
from fake_engine import FakeEngine
from framed_link import FramedLink

from bridge_protocol.blocks import encode_payload
from bridge_protocol.clock import VirtualClock
from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.lanes import Anchor, Breakpoint, BreakpointLane, SampledLane, Shape
from bridge_protocol.meter import MeterMap
from bridge_protocol.schema import Audio, Bye, Credit, Error, Render, RenderDone, RenderProgress
from bridge_protocol.tempo import TempoMap
from daw_clients.client.client import Client
from daw_clients.client.upload import source_hash


@pytest.fixture(params=["as over ZeroMQ", "json", "msgpack"], autouse=True)
def framed(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every call works the same through the gateway's frames, in both encodings."""
    if request.param != "as over ZeroMQ":
        monkeypatch.setattr(FakeEngine, "link", lambda self: FramedLink(self, request.param))


def connected() -> tuple[Client, FakeEngine]:
    clock = VirtualClock()
    engine = FakeEngine(clock)
    client = Client(engine.link(), clock)
    client.connect(host="test")
    return client, engine


def test_connect_greets_and_takes_the_session() -> None:
    client, engine = connected()
    assert client.core.session == "s1"
    assert engine.seen[0].host == "test"
    assert client.ping().clock == 7
    assert engine.seen[-1].session == "s1"


def test_a_context_manager_connects_and_says_goodbye() -> None:
    clock = VirtualClock()
    engine = FakeEngine(clock)
    with Client(engine.link(), clock):
        pass
    assert isinstance(engine.seen[-1], Bye)
    assert engine.closed


def test_no_engine_says_what_to_run() -> None:
    clock = VirtualClock()
    engine = FakeEngine(clock)
    engine.silent = True
    with pytest.raises(RefusedError, match="anacrusis serve") as refused:
        Client(engine.link(), clock).connect(timeout_s=2.0)
    assert refused.value.code is ErrorCode.NO_ENGINE
    assert 1.9e9 < clock.now_ns() < 2.6e9


def test_the_tempo_goes_out_with_bars_from_one() -> None:
    client, engine = connected()
    client.set_tempo(TempoMap.constant(90), MeterMap.constant(7, 8))
    message = engine.seen[-1]
    assert (message.tempo[0].bpm_start, message.meter[0].bar) == (90, 1)


def test_lanes_go_out_as_points_or_as_values() -> None:
    client, engine = connected()
    client.lane("denoise", BreakpointLane([Breakpoint(1, 0.5, Shape.HOLD)], Anchor.PPQ))
    points = engine.seen[-1]
    assert [(p.position, p.value, p.shape) for p in points.points] == [(1, 0.5, Shape.HOLD)]
    client.lane("denoise", SampledLane(2.0, 25.0, [0.1, 0.2]))
    values = engine.seen[-1]
    assert (values.start, values.rate, values.count, values.values) == (2.0, 25.0, 2, [0.1, 0.2])
    assert values.revision > points.revision


def test_a_refusal_raises_and_the_session_lives() -> None:
    client, engine = connected()
    engine.refuse = Error(code="OUT_OF_RANGE", field="value", message="Too much.")
    with pytest.raises(RefusedError, match="Too much"):
        client.param("denoise", 7)
    assert client.param("denoise", 0.7).sample == 123


def test_an_upload_is_cut_in_pieces_and_skipped_where_the_engine_has_it() -> None:
    client, engine = connected()
    audio = np.random.default_rng(1).standard_normal((150_000, 2)).astype(np.float32)
    name = client.upload(audio, 48_000)
    assert name == hashlib.sha256(audio.tobytes()).hexdigest() == source_hash(audio)
    assert bytes(engine.uploads[name]) == audio.tobytes()
    sent = len(engine.seen)
    assert client.upload(audio, 48_000) == name
    assert len(engine.seen) == sent + 1


@pytest.mark.parametrize(
    ("audio", "code"),
    [
        (np.zeros((0, 2), np.float32), ErrorCode.EMPTY_SOURCE),
        (np.zeros((4, 3), np.float32), ErrorCode.WRONG_LENGTH),
        (np.full((4, 2), np.nan, np.float32), ErrorCode.NOT_FINITE),
    ],
)
def test_a_bad_source_is_refused_before_it_is_sent(audio: np.ndarray, code: ErrorCode) -> None:
    client, engine = connected()
    sent = len(engine.seen)
    with pytest.raises(RefusedError) as refused:
        client.upload(audio, 48_000)
    assert refused.value.code is code
    assert len(engine.seen) == sent


class RenderingEngine(FakeEngine):
    """Renders 20 s on credit, and cancels after ``cancel_at`` frames."""

    total = 960_000
    cancel_at = 1 << 40

    def work(self) -> None:
        granted = max(
            (m.frames for m in self.seen if isinstance(m, Credit) and m.stream == 65_535), default=0
        )
        if not any(isinstance(m, Render) for m in self.seen):
            return
        while self.address < min(granted, self.total, self.cancel_at):
            frames = min(48_000, self.total - self.address, granted - self.address)
            audio = np.full((frames, 2), self.address, np.float32)
            header = Audio(
                stream=65_535,
                epoch=0,
                lap=0,
                sequence=0,
                address=self.address,
                sample=self.address,
                frames=frames,
                channels=2,
                format="f32",
                generation=0,
                state=0,
            )
            self.reply(header, encode_payload(audio, "f32"))
            self.address += frames
            progress = RenderProgress(stream=65_535, done_bars=1, total_bars=2, seconds_left=1.0)
            self.reply(progress)
        if self.address >= min(self.total, self.cancel_at) and not self.over:
            self.over = True
            cancelled = self.address < self.total
            self.reply(RenderDone(stream=65_535, frames=self.total, cancelled=cancelled))

    address = 0
    over = False


def test_a_render_flows_on_credit_and_comes_back_whole() -> None:
    clock = VirtualClock()
    engine = RenderingEngine(clock)
    client = Client(engine.link(), clock)
    client.connect()
    seen: list[RenderProgress] = []
    audio = client.render(1, 10, on_progress=seen.append)
    assert audio.shape == (960_000, 2)
    assert audio[::48_000, 0].tolist() == [48_000.0 * i for i in range(20)]
    assert seen
    grants = [m.frames for m in engine.seen if isinstance(m, Credit)]
    assert len(grants) > 2
    assert grants[0] == 8 * 48_000


def test_a_cancelled_render_raises() -> None:
    clock = VirtualClock()
    engine = RenderingEngine(clock)
    engine.cancel_at = 96_000
    client = Client(engine.link(), clock)
    client.connect()
    with pytest.raises(RefusedError) as refused:
        client.render(1, 10)
    assert refused.value.code is ErrorCode.CANCELLED


def test_a_render_that_dies_is_named() -> None:
    client, _ = connected()
    with pytest.raises(RefusedError) as refused:
        client.render(1, 2, quiet_s=3.0)
    assert refused.value.code is ErrorCode.NO_ENGINE

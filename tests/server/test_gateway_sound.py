"""Sound through the gateway is what it is over ZeroMQ, to the bit."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from gateway_setup import TOKEN, served

from bridge_protocol.clock import MonotonicClock
from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.meter import MeterMap
from bridge_protocol.schema import Transport, When
from bridge_protocol.tempo import TempoMap
from daw_clients.client.client import Client
from daw_clients.client.core import AudioBlock
from daw_clients.client.gateway_link import GatewayLink
from daw_clients.client.simulated_daw import SimulatedDaw

RATE = 48_000
FORMATS = ["f32", "f16", "s16"]


@pytest.fixture(scope="module")
def host(tmp_path_factory):
    with served(tmp_path_factory.mktemp("files")) as made:
        yield made


@pytest.fixture(params=["json", "msgpack"])
def through(host, request):
    """Makes a client that speaks through the gateway."""
    return lambda: Client(GatewayLink(host.endpoint, TOKEN, encoding=request.param))


def a_song(client) -> None:
    """A source that is different everywhere, heard as it is; from bar 4 on the model's own sound."""
    client.set_tempo(TempoMap.constant(150.0), MeterMap.constant(7, 8))
    noise = np.random.default_rng(3).standard_normal((3 * RATE, 2)).astype(np.float32) / 9
    client.use_source(client.upload(noise, RATE), repeat_bars=2)
    client.prompt("0.25")
    client.param("denoise", 0.0)
    client.param("denoise", 1.0, When(kind="bar", bar=4))


def rendered(client):
    with client:
        a_song(client)
        return client.render(1, 6)


def test_a_render_through_the_gateway_has_the_bits_of_one_over_zeromq(host, through):
    wanted = rendered(Client(host.server.endpoint))
    assert len(wanted) == round(6 * 3.5 * 60 / 150 * RATE)
    assert wanted[:RATE].std() > 0.05
    assert 0.2 < wanted[-RATE:].mean() < 0.3
    assert rendered(through()).tobytes() == wanted.tobytes()


def test_a_source_that_is_uploaded_through_the_gateway_is_heard_to_the_bit(host, through):
    with through() as client:
        seed = client.core.next_revision()  # another sound each time: the engine keeps sources
        noise = np.random.default_rng(seed).standard_normal((4 * RATE, 2)).astype(np.float32) / 9
        client.use_source(client.upload(noise, RATE))
        client.param("denoise", 0.0)
        assert client.render(1, 2).tobytes() == noise.tobytes()


def heard_blocks(client, payload_format):
    """What a host that stands at bar 2 is sent for two seconds of credit."""
    with client:
        a_song(client)
        client.open_stream(1, window_bars=2, payload_format=payload_format)
        client.transport(Transport(epoch=1, sample=67_200, address=0, playing=False))
        client.credit(1, 1, 2 * RATE)
        blocks = []
        while sum(block.header.frames for block in blocks) < 2 * RATE:
            client.poll(1.0)
            blocks += client.kept(AudioBlock)
        return blocks


@pytest.mark.parametrize("payload_format", FORMATS)
def test_blocks_of_a_stream_are_those_of_zeromq(host, through, payload_format):
    wanted = heard_blocks(Client(host.server.endpoint), payload_format)
    found = heard_blocks(through(), payload_format)
    assert samples(found).tobytes() == samples(wanted).tobytes()
    assert samples(found).std() > 0.01
    assert [(b.header.bars, b.header.sample) for b in found if b.header.bars] == [
        (b.header.bars, b.header.sample) for b in wanted if b.header.bars
    ]
    assert {b.header.format for b in found} == {payload_format}


def samples(blocks):
    return np.concatenate([block.samples for block in sorted(blocks, key=address)])


def address(block):
    return block.header.address


def test_a_block_that_ends_at_a_bar_line_says_so(host):
    blocks = heard_blocks(Client(host.server.endpoint), "f32")
    bar = 67_200  # frames of 7/8 at 150 bpm
    ends = [b.header.sample + b.header.frames for b in blocks if b.header.ends_bar]
    inside = [b.header.sample + m.offset for b in blocks for m in b.header.bars if m.offset]
    assert all(end % bar == 0 for end in ends)
    assert sorted({*ends, *inside}) == [2 * bar]
    others = [b.header for b in blocks if not b.header.ends_bar]
    assert all((h.sample + h.frames) % bar for h in others)


def test_two_clients_at_once_each_hear_their_own(host, through):
    def level(prompt: str, found: dict) -> None:
        with through() as client:
            client.prompt(prompt)
            found[prompt] = client.render(1, 8)

    found: dict = {}
    threads = [threading.Thread(target=level, args=(text, found)) for text in ("0.25", "0.75")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for text in ("0.25", "0.75"):
        assert found[text].shape == (8 * 96_000, 2)
        np.testing.assert_allclose(found[text][RATE:-RATE], float(text), atol=1e-3)


def test_a_daw_plays_its_bars_through_the_gateway_without_a_gap(host, through):
    clock = MonotonicClock()
    with through() as client:
        client.prompt("0.5")
        daw = SimulatedDaw(client, TempoMap.constant(300.0), MeterMap.constant(4, 4), clock)
        daw.open()
        assert daw.run_until(lambda d: d.buffered_frames >= d.buffer_frames, 20)
        daw.play()
        assert daw.run_until(lambda d: d.head.sample > d.grid.sample(3), 20)
        report = daw.report()
    assert [bar.bar for bar in report.bars] == [1, 2, 3, 4]
    assert all(bar.error_samples == 0 for bar in report.bars)
    assert (report.gap_frames, report.stale_frames_heard) == (0, 0)


def test_refusals_of_the_engine_come_through_with_code_and_field(through):
    with through() as client:
        with pytest.raises(RefusedError) as refused:
            client.param("denoise", 7.0)
        assert (refused.value.code, refused.value.field) == (ErrorCode.OUT_OF_RANGE, "value")
        with pytest.raises(RefusedError) as refused:
            client.close_stream(3)
        assert refused.value.code is ErrorCode.UNKNOWN_STREAM
        assert client.ping().clock > 0

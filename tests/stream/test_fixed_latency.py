"""A constant latency, reported, beside the adaptive one; and the commit horizon."""

import pytest
from live_setup import Setup
from stream_helpers import RATE

from bridge_protocol.schema import Pulse


def _heard_after_frames(change) -> int:
    return change.heard_timeline - change.sent_timeline


def test_a_change_is_heard_exactly_the_reported_latency_after_it_was_made():
    setup = Setup("1:120", "1:4/4", fixed_latency_ms=0.0, buffer_seconds=0.5)
    setup.client.prompt("0.25")
    setup.start()
    latency = setup.daw.latency_frames
    assert latency and latency % (RATE // 50) == 0
    changes = []
    for number in range(6):
        setup.until_bar(2 + 2 * number)
        changes.append(setup.daw.prompt(str(0.1 * number)))
    setup.until_bar(16)
    setup.assert_exact()
    assert [change.promise.status for change in changes] == ["kept"] * 6
    host_block = setup.daw.block_size  # the host's place is told a block at a time
    assert all(abs(_heard_after_frames(change) - latency) <= host_block for change in changes)


def test_an_asked_latency_is_taken_as_it_is():
    setup = Setup("1:120", "1:4/4", fixed_latency_ms=3000.0, buffer_seconds=0.5)
    setup.client.prompt("0.25")
    setup.start()
    assert setup.daw.latency_frames == 3 * RATE


def test_a_latency_the_engine_cannot_keep_is_refused_with_the_least_that_it_can():
    setup = Setup("1:120", "1:4/4", fixed_latency_ms=50.0, buffer_seconds=0.5)
    setup.daw.open()
    setup.daw.pump()
    (refusal,) = setup.daw.refusals
    assert (refusal.code.value, refusal.field) == ("OUT_OF_RANGE", "latency_ms")
    assert "at least" in refusal.message


@pytest.mark.parametrize("fixed", [None, 3000.0])
def test_the_horizon_that_is_told_is_where_a_change_is_promised(fixed):
    setup = Setup("1:120", "1:4/4", fixed_latency_ms=fixed, buffer_seconds=0.5)
    setup.client.prompt("0.25")
    setup.start()
    setup.until_bar(3)
    setup.host.hub.service()
    setup.client.poll()
    pulse = setup.client.kept(Pulse)[-1]
    change = setup.daw.prompt("0.5")
    place = setup.daw.head.sample
    setup.client.poll()
    promised_ms = 1000 * (change.promised_sample - place) / RATE
    assert promised_ms == pytest.approx(pulse.horizon_ms, abs=25.0)
    assert pulse.lead_ms < pulse.horizon_ms

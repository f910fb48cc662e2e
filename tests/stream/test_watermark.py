"""Every sample heard is of the host's own place and epoch, whatever the host and the link do.

The engine plays a song whose samples say their place, the link writes epoch and address on every
block; where the host was is stepped from its transport alone. See watermark.py.
"""

from collections import Counter
from dataclasses import astuple

import numpy as np
import pytest
from marked_host import MarkedHost
from tampered_link import Tampering
from watermark import SCALE, Truth, Verdict, place_marks, verdict, wire_marks
from wild_host import WildHost

from daw_clients.client.play_head import Loop, PlayHead

BLOCKS = 1_000
SEEDS = 4  # for each way
FADE = 320  # frames of the longest join
PROMPT = {
    "as they are sent": Tampering(),
    "twice": Tampering(twice=0.3),
    "again when their epoch is over": Tampering(ghosts=0.4),
}
LATE = {
    "late and in disorder": Tampering(delay_ms=60, shuffled=True, credit_lost=0.05),
    "every way at once": Tampering(60, shuffled=True, twice=0.2, ghosts=0.2, credit_lost=0.05),
}
WAYS = PROMPT | LATE


def lives(way: str) -> list[WildHost]:
    """Hosts whose blocks come in one of the ways; the engine is away now and then if late."""
    first = SEEDS * list(WAYS).index(way)
    hosts = [WildHost(first + n, BLOCKS, WAYS[way], stalls=way in LATE) for n in range(SEEDS)]
    for host in hosts:
        host.run()
    return hosts


def assert_only_the_right_sound(host: WildHost) -> Verdict:
    found = host.verdict()
    assert (found.strayed, found.wrong_block, found.while_standing) == (0, 0, 0)
    assert found.exact + found.mixed == found.heard == host.daw.report().played_frames
    assert found.heard > 100 * host.daw.block_size
    assert host.daw.head.epoch > 10
    return found


def assert_it_was_wild(hosts: list[WildHost], way: str) -> None:
    deeds = sum((host.deeds for host in hosts), Counter())
    assert (
        min(deeds[name] for name in ("_locate", "_edit_tempo", "_reopen", "_window", "stop"))
        > SEEDS
    )
    assert sum(host.truth.wraps for host in hosts) > 5 * SEEDS
    assert sum(host.truth.jumps for host in hosts) > 3 * SEEDS
    links, how = [host.link for host in hosts], WAYS[way]
    assert sum(link.copies for link in links) > 500 or not how.twice
    assert sum(link.risen for link in links) > 500 or not how.ghosts
    assert sum(link.overtaken for link in links) > 1_000 or not how.shuffled
    assert sum(host.daw.stale_blocks_dropped for host in hosts) > 500 or not how.ghosts


@pytest.mark.parametrize("way", WAYS)
def test_no_block_of_another_epoch_or_place_is_heard_however_blocks_come(way):
    hosts = lives(way)
    found = [astuple(assert_only_the_right_sound(host)) for host in hosts]
    assert_it_was_wild(hosts, way)
    total = Verdict(*map(sum, zip(*found, strict=True)))
    assert total.heard > 400_000
    assert 0 < total.mixed < 0.04 * total.heard
    blocks = {
        (n, s.epoch, s.header.sequence)
        for n, h in enumerate(hosts)
        for s in h.daw.heard
        if s.header
    }
    assert len(blocks) > 3_000
    if way in PROMPT:  # then not a frame that was due is missing either
        assert [host.daw.report().gap_frames for host in hosts] == [0] * SEEDS


def settled() -> MarkedHost:
    """A host that plays, far inside the song, with all its buffer full."""
    host = MarkedHost(16_000)
    host.daw.locate(host.ppq(20_000))
    host.start()
    host.play_on(20)
    assert host.daw.buffered_frames == host.daw.buffer_frames - host.daw.block_size
    return host


@pytest.mark.parametrize("ahead", [1, 2, 3, 99, 100, 101, 319, 320, 321])
def test_a_line_told_just_before_it_is_crossed_to_the_frame(ahead):
    jumping, looping = settled(), settled()
    here = jumping.daw.head.sample + ahead
    jumping.daw.announce_jump(jumping.ppq(here), jumping.ppq(70_000))
    looping.daw.set_loop(looping.ppq(here - 4_000), looping.ppq(here))
    for host in (jumping, looping):
        host.play_on(30)
        found = host.verdict()
        assert (found.strayed, found.wrong_block, host.daw.report().gap_frames) == (0, 0, 0)
        assert found.mixed == min(ahead, FADE)
    assert jumping.truth.jumps == looping.truth.wraps == 1


def test_a_host_that_passes_all_that_was_sent_and_grants_nothing_is_met_where_it_is():
    host = settled()
    grant, host.daw._give_credit = host.daw._give_credit, lambda: None
    host.play_on(60)
    host.daw._give_credit = grant
    host.play_on(30)
    found = host.verdict()
    assert (found.strayed, found.mixed, found.wrong_block) == (0, 0, 0)
    gap = host.daw.report().gaps[-1]
    assert 1_500 < gap.frames < 3_500
    assert found.heard == host.daw.timeline - gap.frames - host.daw.log.frames["waiting"]


def played_through() -> tuple[Truth, np.ndarray]:
    """A loop's wrap under way, and the sound of it without any join."""
    head, truth = PlayHead(1_000), Truth(600, fade=20, reach=0)
    head.locate(1_000, playing=True)
    head.loop = Loop(1_100, 1_400)
    for _ in range(60):
        truth.follow(head, 10)
        list(head.segments(10))
    marks = np.stack([place_marks(truth.sample), wire_marks(truth.epoch, truth.address)], axis=1)
    return truth, (marks * SCALE).astype(np.float32)


def test_one_wrong_frame_is_seen():
    truth, audio = played_through()
    assert verdict(truth, audio) == Verdict(600, 600, 0, 0, 0, 0)
    for frame, channel, column in ((300, 0, "strayed"), (300, 1, "wrong_block")):
        wrong = audio.copy()
        wrong[frame, channel] += SCALE
        assert getattr(verdict(truth, wrong), column) == 1


def test_sound_of_two_places_is_let_pass_before_a_line_only_and_between_the_two_only():
    truth, audio = played_through()
    between = (place_marks(1_399) + place_marks(1_099)) / 2 * SCALE
    for frame, value, strayed in ((399, between, 0), (379, between, 1), (399, 2 * between, 1)):
        mixed = audio.copy()
        mixed[frame, 0] = value
        found = verdict(truth, mixed)
        assert (found.mixed, found.strayed) == (1 - strayed, strayed)


def test_sound_of_a_host_that_stands_still_is_seen():
    head, truth = PlayHead(1_000), Truth(600, fade=20, reach=0)
    truth.follow(head, 600)
    assert verdict(truth, np.full((600, 2), 0.25, np.float32)).while_standing == 600

from itertools import islice

import pytest

from engine_host.stream.playline import Loop, Origin, PlannedJump, divergence, leg_at, legs, moved


def told(origin, frames):
    """(epoch, address, sample, lap) at each x, the slow and certain way."""
    x, epoch, address, sample, lap = (
        origin.x,
        origin.epoch,
        origin.address,
        origin.sample,
        origin.lap,
    )
    jump, rows = origin.jump, []
    inside = origin.loop and sample < origin.loop.end
    for _ in range(frames):
        if inside and sample == origin.loop.end:
            sample, lap = origin.loop.start, lap + 1
        if jump and sample == jump.at:
            epoch, address, sample, lap, jump = jump.epoch, 0, jump.to, 0, None
            inside = origin.loop and sample < origin.loop.end
        rows.append((x, epoch, address, sample, lap))
        x, address, sample = x + 1, address + 1, sample + 1
    return rows


@pytest.mark.parametrize(
    "origin",
    [
        Origin(0, 1, 0, 10),
        Origin(5, 1, 3, 10, loop=Loop(8, 14)),
        Origin(5, 1, 3, 2, loop=Loop(8, 14)),
        Origin(0, 1, 0, 20, loop=Loop(8, 14)),
        Origin(0, 1, 0, 10, jump=PlannedJump(17, 3, 2)),
        Origin(0, 1, 0, 10, loop=Loop(8, 14), jump=PlannedJump(12, 30, 2)),
        Origin(0, 1, 0, 10, loop=Loop(8, 14), jump=PlannedJump(12, 9, 2)),
    ],
)
def test_a_path_is_what_a_host_would_play_frame_by_frame(origin):
    for x, epoch, address, sample, lap in told(origin, 60):
        leg = leg_at(origin, x)
        assert (leg.epoch, leg.address_at(x), leg.sample_at(x), leg.lap) == (
            epoch,
            address,
            sample,
            lap,
        )


def test_a_moved_origin_tells_the_same_path():
    origin = Origin(0, 1, 0, 10, loop=Loop(8, 14), jump=PlannedJump(12, 30, 2))
    for start in (1, 3, 4, 5, 9):
        later = moved(origin, start)
        for x in range(start, 40):
            a, b = leg_at(origin, x), leg_at(later, x)
            assert (a.epoch, a.address_at(x), a.sample_at(x)) == (
                b.epoch,
                b.address_at(x),
                b.sample_at(x),
            )


def test_two_paths_part_where_the_host_would_first_play_another_sample():
    looped = Origin(0, 1, 0, 10, loop=Loop(8, 14))
    assert divergence(looped, Origin(0, 1, 0, 10)) == 4
    assert divergence(looped, Origin(0, 1, 0, 10, loop=Loop(8, 20))) == 4
    assert divergence(looped, looped) >= 64


def test_the_last_leg_is_endless_and_legs_follow_each_other():
    origin = Origin(0, 1, 0, 10, jump=PlannedJump(17, 3, 2))
    found = list(islice(legs(origin), 5))
    assert [leg.length for leg in found] == [7, None]
    assert found[1].x == found[0].x + 7

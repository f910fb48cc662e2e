"""Blocks put together bar by bar."""

from __future__ import annotations

import pytest
from bar_blocks import BAR, Stream
from hypothesis import given, settings
from hypothesis import strategies as st

from engine_host.server import bar_pieces
from engine_host.server.bar_pieces import BarPieces

PLENTY = 1 << 30


def pieces_of(blocks, longest=PLENTY):
    made = BarPieces(longest)
    return [piece for header, audio in blocks for piece in made.take(header, audio)]


def names(pieces):
    return [(piece.epoch, piece.lap, piece.bar) for piece in pieces]


@settings(deadline=None)
@given(st.integers(0, 2_500), st.lists(st.integers(1, 700), min_size=1, max_size=30))
def test_whole_bars_come_whole_however_blocks_are_cut(start, sizes):
    stream, blocks, sample = Stream(), [], start
    for size in sizes:
        blocks.append(stream.block(sample - start, sample, size))
        sample += size
    found = pieces_of(blocks)
    assert [piece.bar for piece in found] == [
        bar for bar in range(1, 99) if start <= (bar - 1) * BAR and bar * BAR <= sample
    ]
    for piece in found:
        first = (piece.bar - 1) * BAR
        assert (piece.sample, piece.address) == (first, first - start)
        assert piece.audio[:, 0].tolist() == list(range(first, first + BAR))


def test_a_bar_is_there_as_soon_as_its_last_frame_is():
    made, stream = BarPieces(PLENTY), Stream()
    assert made.take(*stream.block(0, 0, 999)) == []
    (piece,) = made.take(*stream.block(999, 999, 1))
    assert piece.bar == 1


def test_a_bar_that_a_locate_leaves_is_not_given():
    stream = Stream()
    blocks = [*stream.run(0, 0, 1_700), *stream.run(0, 5_000, 1_200, epoch=2)]
    assert names(pieces_of(blocks)) == [(1, 0, 1), (2, 0, 6)]


def test_a_bar_with_a_hole_is_not_given():
    stream = Stream()
    blocks = stream.run(0, 0, 3_000, size=250)
    del blocks[5]
    assert names(pieces_of(blocks)) == [(1, 0, 1), (1, 0, 3)]


def test_every_pass_of_a_loop_is_given():
    stream = Stream()
    blocks = [
        *stream.run(0, 0, 2_000),
        *stream.run(2_000, 1_000, 1_000, lap=1),
        *stream.run(3_000, 1_000, 1_000, lap=2),
    ]
    found = pieces_of(blocks)
    assert names(found) == [(1, 0, 1), (1, 0, 2), (1, 1, 2), (1, 2, 2)]
    assert [piece.address for piece in found] == [0, 1_000, 2_000, 3_000]


def test_bars_that_a_loop_cuts_are_not_given():
    stream = Stream()
    blocks = [*stream.run(0, 0, 2_500), *stream.run(2_500, 1_500, 1_000, lap=1)]
    assert names(pieces_of(blocks)) == [(1, 0, 1), (1, 0, 2)]


def test_a_changed_loop_gives_the_bar_anew_with_the_sound_it_has_now():
    stream, made = Stream(), BarPieces(PLENTY)
    first = [p for block in stream.run(0, 0, 3_000) for p in made.take(*block)]
    assert names(first) == [(1, 0, 1), (1, 0, 2), (1, 0, 3)]
    again = [
        *stream.run(1_960, 1_960, 40, take=1, state=7),
        *stream.run(2_000, 0, 1_000, lap=1, take=1, state=7),
    ]
    found = [piece for block in again for piece in made.take(*block)]
    assert names(found) == [(1, 0, 2), (1, 1, 1)]
    assert found[0].audio[:, 0].tolist() == list(range(1_000, 2_000))
    assert found[0].audio[:, 1].tolist() == [0.0] * 960 + [1.0] * 40
    assert [piece.state for piece in found] == [0, 7]


def test_a_bar_that_is_still_growing_is_rewound_too():
    stream = Stream()
    blocks = [*stream.run(0, 0, 1_800), *stream.run(1_300, 1_300, 700, take=1)]
    found = pieces_of(blocks)
    assert names(found) == [(1, 0, 1), (1, 0, 2)]
    assert found[1].audio[:, 1].tolist() == [0.0] * 300 + [1.0] * 700


def test_what_is_too_long_ago_is_not_made_anew(monkeypatch):
    monkeypatch.setattr(bar_pieces, "KEPT_BYTES", 2 * BAR * 8)
    stream, made = Stream(), BarPieces(PLENTY)
    for block in stream.run(0, 0, 4_000):
        made.take(*block)
    assert made.take(*stream.block(1_900, 1_900, 100)) == []
    (piece,) = made.take(*stream.block(2_900, 2_900, 100))
    assert piece.bar == 3


def test_the_last_piece_of_a_render_is_given_though_it_is_no_bar():
    stream = Stream()
    blocks = [*stream.run(0, 0, 1_000), stream.block(1_000, 1_000, 300, last=True)]
    whole, rest = pieces_of(blocks)
    assert (whole.last, rest.last, rest.bar, len(rest.audio)) == (False, True, 2, 300)


def test_flags_hold_for_a_bar_where_they_hold_for_any_part_of_it():
    stream = Stream()
    blocks = [
        stream.block(0, 0, 600, late=True, state=3),
        stream.block(600, 600, 600, dry=True, state=9),
        stream.block(1_200, 1_200, 800, state=9),
    ]
    first, second = pieces_of(blocks)
    assert (first.late, first.dry, first.state) == (True, True, 3)
    assert (second.late, second.dry, second.state) == (False, True, 9)


@pytest.mark.parametrize(("longest", "given"), [(BAR * 8, [1, 2]), (BAR * 8 - 1, [])])
def test_a_bar_that_is_too_long_is_given_up_and_named_once(longest, given):
    made, stream = BarPieces(longest), Stream()
    found = [piece.bar for block in stream.run(0, 0, 2_000) for piece in made.take(*block)]
    assert found == given
    assert made.too_long() == ([] if given else [1, 2])
    assert made.too_long() == []

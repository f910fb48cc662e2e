from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daw_clients.client.ring import AudioRing


def tone(sample: int, frames: int) -> np.ndarray:
    return np.repeat(np.arange(sample, sample + frames, dtype=np.float32)[:, None], 2, axis=1)


def placed(capacity: int = 16, epoch: int = 1, base: int = 0) -> AudioRing:
    ring = AudioRing(capacity)
    ring.place(epoch, base)
    return ring


def test_what_was_written_is_read_at_its_address() -> None:
    ring = placed(base=5)
    assert ring.write(1, 0, 100, tone(100, 4), block=9) == 4
    found = ring.read(1, 0, 100, 6)
    assert found.valid.tolist() == [True] * 4 + [False] * 2
    assert found.audio[:, 0].tolist() == [100, 101, 102, 103, 0, 0]
    assert found.blocks[:4].tolist() == [9] * 4


def test_another_epoch_or_another_song_position_is_never_valid() -> None:
    ring = placed()
    ring.place(2, 0)
    ring.write(1, 0, 100, tone(100, 4))
    assert not ring.read(2, 0, 100, 4).valid.any()
    assert not ring.read(1, 0, 99, 4).valid.any()


def test_a_write_outside_the_window_is_dropped() -> None:
    ring = placed(16)
    assert ring.write(1, 12, 0, tone(0, 8), block=1) == 4
    ring.advance(14)
    assert ring.write(1, 10, 0, tone(0, 3), block=2) == 0
    assert ring.write(1, 10, 0, tone(0, 8), block=3) == 4
    assert ring.write(3, 20, 0, tone(0, 2)) == 0


def test_what_was_passed_is_gone_even_where_the_same_position_comes_round() -> None:
    ring = placed(8)
    ring.write(1, 0, 0, tone(0, 8))
    ring.advance(8)
    assert not ring.read(1, 8, 0, 8).valid.any()


def test_a_forgotten_epoch_is_not_read() -> None:
    ring = placed()
    ring.write(1, 0, 0, tone(0, 4))
    ring.forget(1)
    assert not ring.read(1, 0, 0, 4).valid.any()


def test_one_channel_fills_both() -> None:
    ring = placed()
    ring.write(1, 0, 0, np.ones((3, 1), np.float32))
    assert ring.read(1, 0, 0, 3).audio.tolist() == [[1, 1]] * 3


def level(value: float, frames: int) -> np.ndarray:
    return np.full((frames, 2), value, np.float32)


def spliced(splice_frames: int = 8) -> AudioRing:
    """Sound of level 1 at 40 positions from 0 on."""
    ring = AudioRing(64, splice_frames=splice_frames)
    ring.place(1, 0)
    assert ring.write(1, 0, 0, level(1, 40), block=5) == 40
    return ring


def heard(ring: AudioRing, first: int, frames: int) -> list[float]:
    return ring.read(1, first, first, frames).audio[:, 0].tolist()


def test_the_later_block_wins_whichever_comes_first_and_a_second_copy_changes_nothing() -> None:
    ring = spliced()
    assert ring.write(1, 4, 4, level(-1, 8), block=7) == 8
    before = heard(ring, 0, 40)
    assert ring.write(1, 2, 2, level(3, 12), block=6) == 4
    assert ring.write(1, 4, 4, level(-1, 8), block=7) == 0
    assert heard(ring, 4, 8) == before[4:12]
    assert ring.read(1, 0, 0, 16).blocks.tolist() == [5] * 2 + [6] * 2 + [7] * 8 + [6] * 2 + [5] * 2


def test_replaced_sound_fades_out_under_what_replaces_it_over_as_many_blocks_as_it_takes() -> None:
    ring = spliced()
    for block, first in enumerate((10, 13, 16, 19), start=6):
        ring.write(1, first, first, level(-1, 3), block=block)
    expected = np.cos(np.pi * np.arange(8) / 8)
    np.testing.assert_allclose(heard(ring, 10, 8), expected, atol=1e-6)
    assert heard(ring, 0, 10) == [1.0] * 10
    assert heard(ring, 18, 4) == [-1.0] * 4


def test_a_fade_is_as_short_as_the_sound_that_there_is_to_fade() -> None:
    ring = spliced()
    ring.write(1, 37, 37, level(-1, 10), block=6)
    np.testing.assert_allclose(heard(ring, 36, 5), [1, 1, 0.5, -0.5, -1], atol=1e-6)
    assert heard(ring, 40, 7) == [-1.0] * 7


def test_what_comes_too_late_fades_in_where_it_is_first_heard() -> None:
    ring = spliced()
    ring.advance(20)
    assert ring.write(1, 12, 12, level(-1, 20), block=6) == 12
    assert heard(ring, 20, 1) == [1.0]
    assert heard(ring, 28, 4) == [-1.0] * 4


def test_the_same_sound_again_is_the_same_to_the_bit() -> None:
    ring = AudioRing(64, splice_frames=8)
    ring.place(1, 0)
    sound = np.random.default_rng(1).standard_normal((40, 2)).astype(np.float32)
    ring.write(1, 0, 0, sound, block=1)
    ring.write(1, 7, 7, sound[7:], block=2)
    np.testing.assert_array_equal(ring.read(1, 0, 0, 40).audio, sound)


def test_sound_of_another_epoch_is_never_mixed_in_and_a_fade_cut_off_there_is_told() -> None:
    ring = spliced()
    ring.place(2, 13)
    ring.write(1, 10, 10, level(-1, 3), block=6)
    ring.write(2, 0, 100, level(0.25, 20), block=7)
    assert ring.read(2, 0, 100, 20).audio[:, 0].tolist() == [0.25] * 20
    assert [ring.cuts(position) for position in (10, 13, 14)] == [False, True, False]
    ring.write(1, 0, 0, level(-1, 3), block=8)
    ring.write(2, 30, 130, level(0.25, 4), block=9)
    assert not ring.cuts(43)


def test_blocks_that_replace_nothing_are_kept_as_they_are() -> None:
    ring = spliced()
    ring.write(1, 40, 40, level(-1, 10), block=6)
    assert heard(ring, 38, 12) == [1.0] * 2 + [-1.0] * 10


def test_a_ring_has_a_frame() -> None:
    with pytest.raises(ValueError, match="at least one"):
        AudioRing(0)


writes = st.tuples(
    st.integers(1, 3), st.integers(0, 60), st.integers(0, 12), st.integers(0, 40), st.integers(0, 9)
)


@given(st.lists(writes, max_size=25), st.integers(1, 24))
def test_a_valid_frame_is_always_the_newest_of_its_epoch_address_and_position(
    steps: list[tuple[int, int, int, int, int]], capacity: int
) -> None:
    ring = AudioRing(capacity)
    bases = {1: 0, 2: 7, 3: 13}
    for epoch, base in bases.items():
        ring.place(epoch, base)
    model: dict[int, tuple[int, int]] = {}  # position -> (epoch, song sample)
    read = 0
    for block, (epoch, address, frames, sample, move) in enumerate(steps):
        ring.write(epoch, address, sample, tone(sample, frames), block)
        for i in range(frames):
            position = bases[epoch] + address + i
            if read <= position < read + capacity:
                model[position] = (epoch, sample + i)
        found = ring.read(epoch, address, sample, 12)
        for i in range(12):
            position = bases[epoch] + address + i
            expected = position >= read and model.get(position) == (epoch, sample + i)
            assert found.valid[i] == expected
            assert found.audio[i, 0] == (sample + i if expected else 0)
        read += move
        ring.advance(read)
        model = {p: tag for p, tag in model.items() if p >= read}

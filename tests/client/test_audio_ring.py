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
    assert ring.write(1, 12, 0, tone(0, 8)) == 4
    ring.advance(14)
    assert ring.write(1, 10, 0, tone(0, 3)) == 0
    assert ring.write(1, 10, 0, tone(0, 8)) == 4
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
    for epoch, address, frames, sample, move in steps:
        ring.write(epoch, address, sample, tone(sample, frames))
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

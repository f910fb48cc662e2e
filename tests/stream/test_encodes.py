"""What is encoded once, and what a slow encoder costs a promise."""

import numpy as np
import torch
from live_setup import Setup
from stream_helpers import RATE, song
from toy_model import GEOMETRY, ToyModel

from bridge_protocol.schema import When
from engine_host.stream.encodes import KEPT, Encodes
from engine_host.stream.sources import Placement, Source
from engine_host.stream.windows import frames_of, window_of


class CountingModel(ToyModel):
    """Counts its encodes; each takes ``encode_ns`` of its clock."""

    encodes = 0
    encode_ns = 0

    def encode(self, audio: torch.Tensor) -> torch.Tensor:
        self.encodes += 1
        self.clock.advance_ns(self.encode_ns)
        return super().encode(audio)


def frames(bar=0, tempo="1:120"):
    grid = song(tempo).grid
    return frames_of(window_of(bar, 4, grid, 0, GEOMETRY), grid, GEOMETRY)


def placement(level=0.1, repeat=4):
    audio = np.full((8 * RATE, 2), level, dtype=np.float32)
    return Placement(Source(f"{level:0<64}"[:64], "a level", RATE, audio), 0.0, repeat)


def window_audio(of, where):
    return of.read(where.grid, 0, where.count * GEOMETRY.samples_per_frame, RATE)


def test_a_window_of_a_source_is_encoded_once_and_given_back_to_the_bit():
    model, here, placed = CountingModel(), frames(), placement()
    encodes, audio = Encodes(model), window_audio(placed, here)
    first = encodes.latents(placed, here, audio)
    assert encodes.latents(placed, here, audio) is first
    assert model.encodes == 1
    assert torch.equal(first, model.encode(torch.from_numpy(audio.T.copy())))


def test_another_window_source_placement_or_map_is_encoded_for_itself():
    model, here = CountingModel(), frames()
    encodes = Encodes(model)
    cases = [
        (placement(), here),
        (placement(), frames(bar=4)),
        (placement(0.2), here),
        (placement(repeat=2), here),
        (placement(), frames(tempo="1:121")),
    ]
    for placed, where in cases:
        encodes.latents(placed, where, window_audio(placed, where))
    assert model.encodes == len(cases)


def test_only_the_newest_are_kept():
    model, here = CountingModel(), frames()
    encodes = Encodes(model)
    audio = window_audio(placement(), here)
    for number in range(KEPT + 1):
        encodes.latents(placement(number / 1000), here, audio)
    encodes.latents(placement(0.0), here, audio)
    assert model.encodes == KEPT + 2


def played(encode_ns=0):
    setup = Setup(tempo="1:120", meter="1:4/4")
    setup.host.engine.model.__class__ = CountingModel
    setup.host.engine.model.encode_ns = encode_ns
    setup.client.prompt("0.25")
    loop = np.full((2 * RATE, 2), 0.1, dtype=np.float32)
    setup.client.use_source(setup.client.upload(loop, RATE), repeat_bars=1)
    setup.start()
    setup.until_bar(3)
    return setup


def test_a_prompt_that_changes_encodes_no_window_again():
    setup = played()
    before = setup.host.engine.model.encodes
    assert before > 0
    for number in range(3):
        setup.client.prompt(f"0.{number}", When(kind="next_bar"))
        setup.until_bar(4 + number)
    setup.assert_exact()
    windows = setup.daw.head.sample // (4 * setup.daw.grid.sample(1)) + 4
    assert setup.host.engine.model.encodes <= windows


def test_a_slow_encoder_is_part_of_what_a_change_costs():
    quick, slow = played(), played(encode_ns=150_000_000)
    costs = [s.host.engine.cost().request_to_sound_ns for s in (quick, slow)]
    assert costs[1] >= costs[0] + 100_000_000

"""A small checkpoint played live, under a virtual clock, against its own offline render."""

import numpy as np
from acestep_helpers import tiny
from engine_in_process import InProcess
from stream_helpers import RATE, lane, prompt, song, source

from bridge_protocol.clock import VirtualClock
from bridge_protocol.notation import parse_lane
from daw_clients.client.client import Client
from daw_clients.client.simulated_daw import SimulatedDaw
from engine_host.render import OfflineRender
from engine_host.stream.engine import Engine

PROMPT = "slow trip hop, in C minor\nlyrics(de):\nla la"
TEMPO, METER, LANE = "1:140, 2:140>160/beats, 4:160", "1:3/4, 3:4/4", "1:0.3, 4:0.9"
BARS = 3


def test_a_cover_played_live_is_its_offline_render_bit_for_bit() -> None:
    model = tiny()
    audio = np.random.default_rng(2).normal(0, 0.1, (6 * RATE, 2)).astype(np.float32)
    made = song(TEMPO, METER, geometry=model.geometry, **model.defaults)
    prompt(made, PROMPT)
    lane(made, "denoise", LANE)
    source(made, audio)
    offline = OfflineRender(Engine(model, VirtualClock()), made).bars(1, BARS + 1)

    host = InProcess(model=model)
    client = Client(host.link(), host.clock)
    client.connect()
    grid = made.grid
    daw = SimulatedDaw(client, grid.tempo, grid.meter, host.clock, declick_ms=0)
    client.set_tempo(grid.tempo, grid.meter)
    client.prompt(PROMPT)
    client.lane("denoise", parse_lane(LANE, grid.meter))
    client.use_source(client.upload(audio, RATE))
    daw.open()

    def work() -> None:
        host.work_until(host.clock.now_ns() + 512 * 10**9 // RATE)

    assert daw.run_virtual(lambda d: d.buffered_frames >= d.buffer_frames, work, 500)
    daw.play()
    assert daw.run_virtual(lambda d: d.head.sample >= grid.sample(BARS), work, 3_000)
    start = next(s.timeline_sample for s in daw.heard if s.kind == "played")
    live = daw.recording[start : start + grid.sample(BARS)]
    assert daw.report().gap_frames == 0
    assert np.array_equal(live, offline[: len(live)])
    assert float(np.sqrt(np.mean(live**2))) > 1e-3

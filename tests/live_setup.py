"""A simulated DAW on an in-process engine, the two in step under one virtual clock."""

from __future__ import annotations

import numpy as np
from engine_in_process import InProcess

from bridge_protocol.notation import parse_meter, parse_tempo
from daw_clients.client.client import Client
from daw_clients.client.simulated_daw import SimulatedDaw

TEMPO = "1:120, 3:120>150/time, 5:150"
METER = "1:4/4, 4:7/8, 6:4/4"


class Setup:
    """A host, its engine, and the two of them in step."""

    def __init__(self, tempo=TEMPO, meter=METER, identity=b"daw", host=None, **options):
        engine_options = {k: options.pop(k) for k in ("tick_ms", "depth", "rows") if k in options}
        self.host = host or InProcess(**engine_options)
        self.client = Client(self.host.link(identity), self.host.clock)
        self.client.connect(
            sample_rate=options.get("sample_rate_hz", 48_000),
            block_size=options.get("block_size", 512),
        )
        meters = parse_meter(meter)
        self.daw = SimulatedDaw(
            self.client,
            parse_tempo(tempo, meters),
            meters,
            self.host.clock,
            **{"declick_ms": 0} | options,
        )

    def work(self):
        """The engine may use the time that one block takes."""
        block_ns = int(self.daw.block_size * 1e9 / self.daw.rate)
        self.host.work_until(self.host.clock.now_ns() + block_ns)

    def start(self):
        self.daw.open()
        assert self.daw.run_virtual(
            lambda d: d.buffered_frames >= d.buffer_frames, self.work, max_blocks=2_000
        )
        self.daw.play()

    def until(self, done, max_blocks=3_000):
        assert self.daw.run_virtual(done, self.work, max_blocks)

    def until_bar(self, bar, lap=0, max_blocks=3_000):
        self.until(
            lambda d: d.head.lap >= lap and d.head.sample >= d.grid.sample(bar - 1) + d.block_size,
            max_blocks,
        )

    def assert_exact(self):
        report = self.daw.report()
        assert report.bars
        assert all(bar.error_samples == 0 for bar in report.bars)
        assert (report.gap_frames, report.stale_frames_heard) == (0, 0)
        assert not self.daw.refusals

    def played(self):
        heard = self.daw.recording
        return np.concatenate(
            [
                heard[s.timeline_sample : s.timeline_sample + s.frames]
                for s in self.daw.heard
                if s.kind == "played"
            ]
        )

"""The house model behind its real ROUTER and gateway, and what `anacrusis render` makes of a song."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import soundfile
from gateway_setup import Host, gateway_to, running
from kept_models import keep_models

from bridge_protocol.clock import MonotonicClock
from engine_host.cli.app import run
from engine_host.models.house.model import load_house_model
from engine_host.server.router import Server
from engine_host.stream.engine import Engine


@contextmanager
def house_engine(files: Path) -> Iterator[Host]:
    """As `anacrusis serve` makes it; ``host.server.endpoint`` is for ZeroMQ."""
    clock = MonotonicClock()
    engine = Engine(load_house_model(threads=2), clock)
    server = Server(engine, clock, port=0)
    engine.on_failure = server.failed
    engine.on_pace = server.hub.paced
    engine.warm_up()
    with running(server), gateway_to(server.endpoint, files, server) as host:
        yield host


class Renders:
    """`anacrusis render` in this process; the same words are rendered once."""

    def __init__(self, folder: Path, monkeypatch) -> None:
        self._folder, self._monkeypatch = folder, monkeypatch
        self._made: dict[tuple[str, ...], np.ndarray] = {}

    def __call__(self, *words) -> np.ndarray:
        """The samples, float32 ``[frames, channels]``."""
        key = tuple(str(word) for word in words)
        if key not in self._made:
            self._made[key] = self._render(key)
        return self._made[key]

    def _render(self, words: tuple[str, ...]) -> np.ndarray:
        path = self._folder / f"render-{len(self._made)}.wav"
        command = ["anacrusis", "render", *words, "--bits", "float", "--out", str(path), "--quiet"]
        with self._monkeypatch.context() as patch:
            patch.setattr(sys, "argv", command)
            keep_models(patch)
            with pytest.raises(SystemExit) as ended:
                run()
        assert ended.value.code == 0
        return soundfile.read(path, dtype="float32", always_2d=True)[0]

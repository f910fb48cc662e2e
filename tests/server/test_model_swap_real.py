"""Checkpoints of the true classes take over from a toy, through the library's own checks."""

import numpy as np
import pytest
from engine_in_process import InProcess
from live_setup import Setup
from swapped_models import HeldExecutor

from bridge_protocol.schema import ListLibrary, ModelChanged, ModelUse, Notice
from engine_host.models.catalogue import ModelChoice
from engine_host.models.catalogue.adding import add_folder
from engine_host.server.model_swap import ModelSwap


@pytest.fixture
def library(tmp_path, monkeypatch, tiny_acestep):
    monkeypatch.setenv("ANACRUSIS_MODELS", str(tmp_path / "library"))
    monkeypatch.setenv("ANACRUSIS_LORAS", str(tmp_path / "loras"))
    add_folder(tiny_acestep, "tiny", lambda done, total: None)


@pytest.mark.usefixtures("library")
def test_a_checkpoint_of_the_library_takes_over_from_the_toy_without_a_gap():
    loader = HeldExecutor()
    choice = ModelChoice(threads=1)
    host = InProcess(swap=lambda engine, clock: ModelSwap(engine, clock, choice, loader))
    setup = Setup(tempo="1:200", meter="1:4/4", host=host)
    setup.client.prompt("0.25")
    setup.client.param("steps", 2.0)
    setup.start()
    setup.until_bar(2)
    told = setup.client.core.ask(ListLibrary())
    setup.client.link.send(told[1])
    pending = setup.client.post(ModelUse(name="tiny"))
    loader.let()
    setup.until_bar(9)
    setup.assert_exact()
    assert pending.done
    names = {model.name: model.ready for model in told[0].result().models}
    assert names["tiny"]
    assert not names["acestep-turbo"]
    (changed,) = setup.client.kept(ModelChanged)
    assert "lyrics" in changed.model.capabilities
    assert not setup.client.kept(Notice)
    grid = setup.daw.grid
    starts = {bar.bar: bar.timeline_sample for bar in setup.daw.report().bars}
    sound = [setup.daw.recording[starts[bar] :][: grid.sample(1)] for bar in (1, 8)]
    assert np.allclose(sound[0], 0.25, atol=1e-2)
    assert len(np.unique(sound[1])) > 1_000  # the checkpoint's noise is no held number

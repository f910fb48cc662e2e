"""The rivals do the same work: same transformer, same condition, same steps, same latents."""

import pytest
import torch

from bridge_protocol.clock import MonotonicClock
from engine_host.bench.rivals import DiffusersRival
from engine_host.bench.workload import Workload, load_engines
from engine_host.diffusion import noise
from engine_host.diffusion.oneshot import generate

FRAMES = 60
BOUND = 2e-5  # at a deviation of about 1; 8 steps of float32 rounding


@pytest.fixture(scope="module")
def engines():
    before = torch.get_num_threads()
    yield load_engines(2, MonotonicClock())
    torch.set_num_threads(before)


@pytest.mark.parametrize(("accelerator", "bound"), [("eager", BOUND), ("onnx", 2e-4)])
def test_diffusers_latents_are_our_one_shots(engines, accelerator, bound):
    model = getattr(engines, accelerator).model
    workload = Workload(model, FRAMES)
    request = workload.request()
    initial = noise.normal([request.key], noise.INITIAL_STEP, FRAMES, 64)[0]
    theirs = DiffusersRival(engines.transformer, workload.condition).generate(initial)
    ours = generate(model.velocity, request, 1, channels=64)
    assert float(ours.std()) > 0.1
    assert float((ours - initial).abs().max()) > 0.1
    assert float((ours - theirs).abs().max()) < bound


def test_without_given_noise_the_rival_draws_its_own(engines):
    rival = DiffusersRival(engines.transformer, Workload(engines.eager.model, FRAMES).condition)
    first, second = rival.generate(seed=1), rival.generate(seed=2)
    assert first.shape == (FRAMES, 64)
    assert not torch.equal(first, second)


def test_the_meter_counts_only_real_forwards(engines):
    engine = engines.onnx
    workload = Workload(engine.model, FRAMES)
    before = engine.spent_ns()
    engine.runner.dry = True
    assert not engine.runner(*workload.rows(2)).any()
    engine.runner.dry = False
    assert engine.spent_ns() == before
    assert engine.runner(*workload.rows(2)).any()
    assert engine.spent_ns() > before

import subprocess
import sys

import pytest
import torch
from house_helpers import euler, given, house, random_latents

from bridge_protocol.errors import ErrorCode, RefusedError
from engine_host.accel import onnx as onnx_module
from engine_host.accel.threads import fix_threads
from engine_host.models.house.config import WEIGHTS
from engine_host.models.house.model import load_house_model

VELOCITY_BOUND = 5e-5  # at a deviation of about 1.2; 4e-6 was measured
AUDIO_BOUND = 2e-3  # after 8 steps and a decode, at an RMS of about 0.1


@pytest.mark.parametrize(("rows", "frames"), [(1, 60), (3, 250), (2, 400)])
def test_onnx_and_eager_agree_on_a_velocity(rows, frames):
    x = random_latents(rows * frames).view(rows, frames, 64)
    t = torch.linspace(0.1, 1.0, rows)
    conditions = [
        house().condition(given(frames, prompt))
        for prompt in ("techno", "jazz sax", "ambient")[:rows]
    ]
    ours, theirs = (house(a).velocity(x, t, conditions) for a in ("onnx", "eager"))
    assert float((ours - theirs).abs().max()) < VELOCITY_BOUND


def test_onnx_and_eager_agree_on_the_sound():
    condition, noise = house().condition(given(100, "house")), random_latents(100)
    ours, theirs = (house().decode(euler(house(a), condition, noise), 0) for a in ("onnx", "eager"))
    assert float((ours - theirs).abs().max()) < AUDIO_BOUND


@pytest.mark.parametrize("accelerator", ["onnx", "eager"])
def test_repeated_velocities_are_the_same_bits(accelerator):
    conditions = [house().condition(given(100, p)) for p in ("techno", "jazz")]
    x, t = random_latents(200).view(2, 100, 64), torch.tensor([0.9, 0.2])
    first = house(accelerator).velocity(x, t, conditions).clone()
    for _ in range(3):
        assert torch.equal(house(accelerator).velocity(x.clone(), t, list(conditions)), first)


@pytest.mark.parametrize("accelerator", ["onnx", "eager"])
def test_a_result_outlives_the_next_call(accelerator):
    conditions = [house().condition(given(60, "techno"))]
    kept = house(accelerator).velocity(random_latents(60)[None], torch.tensor([0.5]), conditions)
    copy = kept.clone()
    house(accelerator).velocity(random_latents(60, seed=3)[None], torch.tensor([0.1]), conditions)
    assert torch.equal(kept, copy)
    kept.mul_(0.5)  # and it may be written to


def test_the_accelerator_says_what_runs():
    fix_threads(2)
    assert house("onnx").accelerator == "onnxruntime cpu, 2 threads"
    assert house("eager").accelerator == "torch eager cpu, 2 threads"
    assert house("auto").accelerator == house("onnx").accelerator


def test_without_onnxruntime_auto_is_eager_and_onnx_is_refused(monkeypatch):
    monkeypatch.setattr(onnx_module.importlib.util, "find_spec", lambda name: None)
    assert load_house_model().accelerator.startswith("torch eager")
    with pytest.raises(RefusedError) as refused:
        load_house_model(accelerator="onnx")
    assert refused.value.code is ErrorCode.NOT_INSTALLED


def test_the_fast_path_needs_neither_diffusers_nor_onnx():
    script = (
        "import sys\n"
        "from engine_host.models.house.model import load_house_model\n"
        "load_house_model(accelerator='onnx')\n"
        "print(sorted({'diffusers', 'transformers', 'onnx', 'onnxscript'} & set(sys.modules)))\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    assert ran.stdout.strip() == "[]"


def test_the_weights_are_small_and_shipped_once():
    sizes = {path.name: path.stat().st_size for path in WEIGHTS.iterdir()}
    assert sum(sizes.values()) < 25e6
    assert sizes["dit.onnx"] < 200e3
    assert not any(name.endswith((".pt", ".pkl", ".bin", ".ckpt")) for name in sizes)

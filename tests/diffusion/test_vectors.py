"""The upstream solver's own numbers, step by step (``tests/data/steps.json``)."""

from __future__ import annotations

import json
from typing import Any

import pytest
import torch
from diffusion_helpers import DATA, ClosedForm, cell, request

from engine_host.diffusion.noise import INITIAL_STEP
from engine_host.diffusion.oneshot import trajectory
from engine_host.diffusion.plan import make_plan
from engine_host.diffusion.request import MorphGate, Request

CASES = {case["name"]: case for case in json.loads((DATA / "steps.json").read_text())}
PART_1 = [
    "ode",
    "ode_shift_3_5_steps_5",
    *(f"denoise_{d}" for d in (0.3, 0.5, 0.7, 0.95)),
    "velocity",
    "ode_noise",
    "sde_blend",
    "sde_plain",
    "morph_half",
    "morph_ramp",
    "initial_noise",
]


def settings(name: str, given: ClosedForm) -> dict[str, Any]:
    """The part of a case that its name and note say in words."""
    ramp, bump = given["ramp"], given["bump"]
    source, target = given["source"], given["target"]
    if name.startswith("denoise_"):
        return {"denoise": float(name[8:]), "denoise_law": "stepped", "source": source}
    return {
        "ode": {},
        "ode_shift_3_5_steps_5": {},
        "velocity": {"step_cell": cell(velocity=0.5 + ramp)},
        "ode_noise": {"step_cell": cell(ode_noise=0.3 * bump)},
        "sde_blend": {"solver": "sde", "source": source, "step_cell": cell(sde_blend=ramp)},
        "sde_plain": {"solver": "sde"},
        "morph_half": {"target": target, "step_cell": cell(morph=0.8 * bump)},
        "morph_ramp": {
            "target": target,
            "step_cell": cell(morph=bump),
            "gate": MorphGate.ramp(0.25),
        },
        "initial_noise": {"source": source, "initial_noise": ramp},
    }[name]


def case_request(name: str, given: ClosedForm) -> Request:
    case = CASES[name]
    wanted = {"steps": case["steps"], "shift": case["shift"], "condition": given.heard}
    return request(**wanted | settings(name, given))


@pytest.mark.parametrize("name", PART_1)
def test_every_step_agrees_with_upstream_to_1e_5(name: str, closed_form: ClosedForm) -> None:
    wanted = case_request(name, closed_form)

    def draw(step: int) -> torch.Tensor:
        if step == INITIAL_STEP:
            return closed_form[f"{name}/noise"].unsqueeze(0)
        return closed_form[f"{name}/step_noise"][step - 1].unsqueeze(0)

    ours = torch.stack([*trajectory(closed_form, wanted, 8, draw=draw)])
    torch.testing.assert_close(
        make_plan(wanted).times, closed_form[f"{name}/schedule"], atol=1e-6, rtol=0
    )
    torch.testing.assert_close(ours, closed_form[f"{name}/x_after_step"], atol=1e-5, rtol=0)
    torch.testing.assert_close(ours[-1], closed_form[f"{name}/result"], atol=1e-5, rtol=0)

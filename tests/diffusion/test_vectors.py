"""The upstream solver's own numbers, step by step (``tests/data/steps.json``)."""

from __future__ import annotations

import json
from typing import Any

import pytest
import torch
from diffusion_helpers import DATA, ClosedForm, cell, request

from engine_host.diffusion.dcw import Dcw
from engine_host.diffusion.noise import INITIAL_STEP, MASK_STEP
from engine_host.diffusion.oneshot import trajectory
from engine_host.diffusion.plan import make_plan
from engine_host.diffusion.request import MorphGate, Request, Weighted

CASES = {case["name"]: case for case in json.loads((DATA / "steps.json").read_text())}


def settings(name: str, given: ClosedForm) -> dict[str, Any]:
    """The part of a case that its name and note say in words."""
    if name.startswith("denoise_"):
        law = {"denoise": float(name[8:]), "denoise_law": "stepped"}
        return law | {"source": given["source"]}
    if name.startswith("dcw_"):
        return {"step_cell": cell(dcw=dcw(name))}
    if name.startswith("guidance_"):
        return guidance(name.removeprefix("guidance_"), given)
    return others(given)[name]


def dcw(name: str) -> Dcw:
    if name == "dcw_advanced":
        return Dcw(multiplicative=0.4, magnitude_phase=0.3, soft_threshold=0.1)
    _, mode, *wavelet = name.split("_")
    return Dcw(mode, *wavelet)  # type: ignore[arg-type]


def guidance(kind: str, given: ClosedForm) -> dict[str, Any]:
    negative = given.hear("encoder_negative")
    if kind == "rescale":
        guided = cell(guidance=1 + 2 * given["ramp"], guidance_rescale=0.7)
        return {"guidance": "full", "negative": negative, "step_cell": guided}
    return {"guidance": kind, "negative": negative, "step_cell": cell(guidance=3.0)}


def others(given: ClosedForm) -> dict[str, dict[str, Any]]:
    ramp, bump = given["ramp"], given["bump"]
    source, target = given["source"], given["target"]
    one, two = given.hear("encoder_1"), given.hear("encoder_2")
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
        "inpaint": {"source": source, "mask": (ramp > 0.5).float()},
        "two_conditions": {"conditions": (Weighted(one, 1 - ramp), Weighted(two, ramp))},
        "step_range": {"conditions": (Weighted(one, stop=0.5), Weighted(two, start=0.5))},
        "channel_gain": {"step_cell": cell(channel_gain=given["gain"])},
        "everything": everything(given),
    }


def everything(given: ClosedForm) -> dict[str, Any]:
    ramp, bump = given["ramp"], given["bump"]
    return {
        "solver": "sde",
        "denoise": 0.7,
        "denoise_law": "stepped",
        "source": given["source"],
        "target": given["target"],
        "guidance": "initialize",
        "negative": given.hear("encoder_negative"),
        "step_cell": cell(
            sde_blend=0.5 + 0.5 * ramp,
            velocity=1 - 0.3 * bump,
            morph=0.5 * bump,
            guidance=2.0,
            guidance_rescale=0.5,
            dcw=Dcw(),
        ),
    }


def case_request(name: str, given: ClosedForm) -> Request:
    case = CASES[name]
    wanted = {"steps": case["steps"], "shift": case["shift"], "condition": given.heard}
    return request(**wanted | settings(name, given))


@pytest.mark.parametrize("name", list(CASES))
def test_every_step_agrees_with_upstream_to_1e_5(name: str, closed_form: ClosedForm) -> None:
    wanted = case_request(name, closed_form)

    def draw(step: int) -> torch.Tensor:
        if step == INITIAL_STEP:
            return closed_form[f"{name}/noise"].unsqueeze(0)
        if step == MASK_STEP:
            return closed_form["mask_noise"].unsqueeze(0)
        return closed_form[f"{name}/step_noise"][step - 1].unsqueeze(0)

    ours = torch.stack([*trajectory(closed_form, wanted, 8, draw=draw)])
    torch.testing.assert_close(
        make_plan(wanted).times, closed_form[f"{name}/schedule"], atol=1e-6, rtol=0
    )
    torch.testing.assert_close(ours, closed_form[f"{name}/x_after_step"], atol=1e-5, rtol=0)
    torch.testing.assert_close(ours[-1], closed_form[f"{name}/result"], atol=1e-5, rtol=0)

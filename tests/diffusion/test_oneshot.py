"""One-shot and stream: the same bits, in every mode, at every depth, whatever else is in flight."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from diffusion_helpers import CHANNELS, FRAMES, ClosedForm, cell, drain, feed, request
from hypothesis import given, settings
from hypothesis import strategies as st

from engine_host.diffusion.dcw import Dcw
from engine_host.diffusion.noise import NoiseKey
from engine_host.diffusion.oneshot import generate
from engine_host.diffusion.request import MorphGate, Request, Weighted
from engine_host.diffusion.ring import Ring

ROWS = 8


def modes(given: ClosedForm) -> dict[str, dict[str, Any]]:
    return plain_modes(given) | rich_modes(given)


def rich_modes(given: ClosedForm) -> dict[str, dict[str, Any]]:
    ramp, bump, source = given["ramp"], given["bump"], given["source"]
    one, two = given.hear("encoder_1"), given.hear("encoder_2")
    negative = {"negative": given.hear("encoder_negative")}
    guided = cell(guidance=1 + 2 * ramp, guidance_rescale=0.7, apg_momentum=-0.5)
    faders = Dcw("double", "haar", ramp, 0.1, 0.1, 0.4, 0.3)
    return {
        "guidance full": {"guidance": "full", "step_cell": guided} | negative,
        "guidance initialize": {"guidance": "initialize", "step_cell": guided} | negative,
        "guidance self": {"guidance": "self", "step_cell": guided, "solver": "sde"},
        "inpaint": {"mask": bump, "source": source, "denoise": 0.9},
        "inpaint sde": {"mask": 1 - ramp, "original": given["target"], "solver": "sde"},
        "conditions": {"conditions": (Weighted(one, ramp), Weighted(two, 0.5, 0.25, 0.8))},
        "no condition at first": {"conditions": (Weighted(two, 1.0, 0.5),)},
        "gain": {"step_cell": cell(channel_gain=given["gain"])},
        "gain curve": {"step_cell": cell(channel_gain=0.5 + given["target"].abs())},
        "dcw pix": {"step_cell": cell(dcw=Dcw("pix", scale=bump))},
        "dcw db4": {"step_cell": cell(dcw=Dcw("low", "db4", ramp))},
        "dcw haar": {"step_cell": cell(dcw=Dcw())},
        "dcw faders": {"step_cell": cell(dcw=faders), "source": source, "denoise": ramp},
    }


def plain_modes(given: ClosedForm) -> dict[str, dict[str, Any]]:
    source, target, ramp = given["source"], given["target"], given["ramp"]
    bump = given["bump"]
    return {
        "ode": {},
        "ode continuous denoise": {"source": source, "denoise": 0.6123},
        "ode denoise curve": {"source": source, "denoise": ramp},
        "ode curves": {
            "source": source,
            "target": target,
            "initial_noise": bump,
            "step_cell": cell(morph=bump, velocity=0.5 + ramp, ode_noise=0.2 * ramp),
        },
        "sde": {"solver": "sde"},
        "sde blend": {"solver": "sde", "source": source, "step_cell": cell(sde_blend=ramp)},
        "sde denoise curve": {"solver": "sde", "source": source, "denoise": 0.3 + 0.5 * bump},
        "sde morph": {
            "solver": "sde",
            "target": target,
            "step_cell": cell(morph=ramp),
            "gate": MorphGate.ramp(0.0),
        },
        "few steps": {"steps": 3, "shift": 1.0, "source": source, "denoise": 0.9},
        "proportional": {"steps_law": "proportional", "source": source, "denoise": 0.4},
        "untouched": {"source": source, "denoise": 0.0},
    }


def mode_request(given: ClosedForm, tag: int, name: str, encoder: str = "encoder_1") -> Request:
    return request(tag, condition=given.hear(encoder), **modes(given)[name])


NAMES = list(modes(ClosedForm()))


def stream(given: ClosedForm, requests: list[Request], depth: int) -> dict[object, torch.Tensor]:
    ring = Ring(given, feed(requests), channels=CHANNELS, depth=depth, rows=ROWS)
    return {done.request.tag: done.latents for done in drain(ring)}


@pytest.mark.parametrize("depth", [1, 2, 4, 8])
def test_stream_and_oneshot_agree_bit_for_bit_in_every_mode(
    depth: int, closed_form: ClosedForm
) -> None:
    asked = [mode_request(closed_form, tag, name) for tag, name in enumerate(NAMES * 2)]
    streamed = stream(closed_form, asked, depth)
    assert len(streamed) == len(asked)
    for one in asked:
        alone = generate(closed_form, one, ROWS, channels=CHANNELS)
        assert torch.equal(streamed[one.tag], alone), NAMES[int(str(one.tag)) % len(NAMES)]


order = st.lists(
    st.tuples(st.sampled_from(NAMES), st.sampled_from(["encoder_1", "encoder_2"])),
    min_size=1,
    max_size=10,
)


@settings(max_examples=25, deadline=None)
@given(order, st.integers(1, 9))
def test_what_else_is_in_flight_changes_no_bit(arrivals: list[tuple[str, str]], depth: int) -> None:
    closed_form = ClosedForm()
    asked = [mode_request(closed_form, tag, *arrival) for tag, arrival in enumerate(arrivals)]
    streamed = stream(closed_form, asked, depth)
    for one in asked:
        assert torch.equal(streamed[one.tag], generate(closed_form, one, ROWS, channels=CHANNELS))


@pytest.mark.parametrize("name", ["ode", "sde blend", "ode curves", "guidance full", "dcw faders"])
def test_buckets_agree_with_one_another_to_1e_5(name: str, closed_form: ClosedForm) -> None:
    asked = mode_request(closed_form, 0, name)
    results = [generate(closed_form, asked, rows, channels=CHANNELS) for rows in (1, 2, 4, 8)]
    for other in results[1:]:
        torch.testing.assert_close(other, results[0], atol=1e-5, rtol=0)


def test_the_same_request_gives_the_same_bits_and_another_key_others(
    closed_form: ClosedForm,
) -> None:
    first, again, other = (
        request(0, key=NoiseKey(1, generation), condition=closed_form.heard, solver="sde")
        for generation in (0, 0, 1)
    )
    results = [generate(closed_form, one, ROWS, channels=CHANNELS) for one in (first, again, other)]
    assert torch.equal(results[0], results[1])
    assert not torch.equal(results[0], results[2])


def test_channels_are_needed_when_no_latent_says_them(closed_form: ClosedForm) -> None:
    with pytest.raises(ValueError, match="channels"):
        generate(closed_form, request(condition=closed_form.heard), ROWS)


@pytest.mark.parametrize("denoise", [0.0, torch.zeros(FRAMES)])
def test_denoise_zero_returns_the_source_bit_for_bit_without_a_forward(
    denoise: float | torch.Tensor, closed_form: ClosedForm
) -> None:
    def never(*_: object) -> torch.Tensor:
        raise AssertionError("a forward was run")

    asked = request(source=closed_form["source"], denoise=denoise, solver="sde")
    assert torch.equal(generate(never, asked, ROWS), closed_form["source"])


@pytest.mark.parametrize("denoise", [1.0, 0.5])
def test_sde_blend_zero_ends_at_the_source(denoise: float, closed_form: ClosedForm) -> None:
    source = closed_form["source"]
    asked = request(
        condition=closed_form.heard,
        solver="sde",
        source=source,
        denoise=denoise,
        step_cell=cell(sde_blend=0.0),
    )
    assert torch.equal(generate(closed_form, asked, ROWS), source)


@pytest.mark.parametrize("gate", [MorphGate.half(), MorphGate.ramp(0.0)])
@pytest.mark.parametrize("solver", ["ode", "sde"])
def test_morph_one_ends_at_the_target(
    gate: MorphGate, solver: str, closed_form: ClosedForm
) -> None:
    target = closed_form["target"]
    asked = request(
        condition=closed_form.heard,
        target=target,
        gate=gate,
        solver=solver,
        step_cell=cell(morph=1.0),
    )
    assert torch.equal(generate(closed_form, asked, ROWS), target)

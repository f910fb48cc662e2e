"""Every parameter reaches the solver: what a render does against what the formulas say."""

import numpy as np
import pytest
import torch
from engine_in_process import Caller, InProcess
from live_setup import Setup
from stream_helpers import RATE, lane, prompt, put, render, song, source
from toy_model import ToyModel

from bridge_protocol.parameters import PARAMETERS, PropagationClass, parameter
from bridge_protocol.schema import (
    ConditionEntry,
    Conditions,
    Error,
    Hello,
    LaneMessage,
    LanePoint,
    Ok,
    Param,
    SourceUse,
)
from engine_host.models.blend import lerp, slerp
from engine_host.stream.plan import make_plan
from engine_host.stream.settings import (
    Condition,
    set_conditions,
    set_placement,
    set_prompt,
    set_value,
)
from engine_host.stream.sources import Placement, Source
from engine_host.stream.windows import frames_of, window_of

GEOMETRY = ToyModel().geometry


def plan_of(made):
    window = window_of(0, 4, made.grid, made.map_revision, GEOMETRY)
    return make_plan(frames_of(window, made.grid, GEOMETRY), made.base)


def other_value(spec):
    return spec.minimum if spec.default != spec.minimum else spec.maximum


@pytest.mark.parametrize(
    "spec",
    [s for s in PARAMETERS if s.propagation is not PropagationClass.SESSION],
    ids=lambda s: s.name,
)
def test_every_parameter_changes_just_the_digest_of_its_class(spec):
    made = song()
    source(made, np.full((RATE, 2), 0.1))
    before = plan_of(made)
    put(made, spec.name, set_value(spec.name, other_value(spec)))
    after = plan_of(made)
    changed = (after.submission != before.submission, after.step != before.step)
    assert (
        changed
        == {
            PropagationClass.STEP: (False, True),
            PropagationClass.SUBMISSION: (True, False),
            PropagationClass.DECODE: (False, False),
        }[spec.propagation]
    )


def test_prompt_blend_at_rest_blends_the_encodings_and_moving_weighs_two_prompts():
    made = song(prompt_blend=0.25)
    prompt(made, "0.2")
    put(made, "prompt_b", set_prompt("0.4", "b"))
    assert np.allclose(render(made, 1, 1), 0.25, atol=1e-5)

    made = song("1:60")
    prompt(made, "0.2")
    put(made, "prompt_b", set_prompt("0.4", "b"))
    lane(made, "prompt_blend", "1:0, 2:1")
    heard = render(made, 1, 1)[:, 0]
    wanted = 0.2 + 0.2 * np.arange(len(heard)) / len(heard)
    assert np.abs(heard - wanted).max() < 0.2 / 4 / 25 * 2  # within two latent frames of the ramp


def test_conditions_are_heard_by_their_weights():
    made = song()
    entries = (Condition("0.1", 3.0, None, 0.0, 1.0), Condition("0.5", 1.0, None, 0.0, 1.0))
    put(made, "conditions", set_conditions(entries))
    assert np.allclose(render(made, 1, 1), 0.2, atol=1e-5)


def test_full_guidance_leads_away_from_the_negative_prompt():
    made = song(guidance_mode=1, guidance=3.0, apg_momentum=0.0)
    prompt(made, "0.2")
    put(made, "prompt_negative", set_prompt("0.1", "negative"))
    plain = song()
    prompt(plain, "0.2")
    assert not np.allclose(render(made, 1, 1), render(plain, 1, 1), atol=1e-3)
    unguided = song(guidance_mode=1, guidance=1.0)
    prompt(unguided, "0.2")
    put(unguided, "prompt_negative", set_prompt("0.1", "negative"))
    assert np.allclose(render(unguided, 1, 1), 0.2, atol=1e-5)


def test_a_mask_at_zero_keeps_the_sources_latents():
    made = song(denoise=1.0, mask=0.0)
    prompt(made, "0.5")
    source(made, np.full((4 * RATE, 2), -0.125))
    assert np.allclose(render(made, 1, 1), -0.125, atol=1e-5)


def test_groups_and_single_channels_multiply_into_one_gain():
    made = song(channel_gain_group_2=0.5)
    put(made, "channel_gain_2", set_value("channel_gain_2", 0.5))
    gain = plan_of(made).step_state(1).channel_gain
    assert gain[0].tolist() == [1.0, 0.25, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]
    assert plan_of(song()).step_state(1).channel_gain is None


def test_zero_faders_are_the_plain_correction_and_off_is_none_at_all():
    assert plan_of(song()).step_state(1).dcw is None
    made = song(dcw_mode=3)
    assert plan_of(made).step_state(1).dcw.faders == (0.0, 0.0, 0.0)
    prompt(made, "0.25")
    assert np.isfinite(render(made, 1, 1)).all()


def test_a_ramp_gate_from_zero_lets_the_morph_pull_earlier():
    made = song(denoise=1.0, morph=1.0, morph_gate=1, morph_gate_from=0.0)
    prompt(made, "0.5")
    source(made, np.full((4 * RATE, 2), -0.25))
    assert np.allclose(render(made, 1, 1), -0.25, atol=1e-5)


def loop_levels(tap):
    """The mean level of the first four passes of a one-bar loop whose source is fed back whole."""
    setup = Setup("1:240", "1:4/4")
    audio = np.full((RATE, 2), 0.4, dtype=np.float32)
    setup.client.prompt("0.0")
    setup.client.use_source(setup.client.upload(audio, RATE), repeat_bars=1)
    for name, value in (("denoise", 0.5), ("feedback", 1.0), ("feedback_tap", tap)):
        setup.client.param(name, float(value))
    setup.client.param("velocity", 0.5)
    setup.daw.set_loop(0.0, 4.0)
    setup.start()
    setup.until_bar(1, lap=4)
    played = setup.played()[:, 0]
    assert setup.daw.report().gap_frames == 0
    return [played[lap * RATE + 1000 : (lap + 1) * RATE - 4000].mean() for lap in range(4)]


def test_feedback_mixes_the_pass_before_into_the_next_pass_of_a_loop():
    first, second, third = -np.diff(loop_levels(tap=1))
    assert first > second > third > 0
    assert third / second == pytest.approx(second / first, rel=0.02)  # a linear recurrence


def test_a_tap_of_two_reaches_back_two_passes():
    one, two, three, four = loop_levels(tap=2)
    assert one == pytest.approx(two, abs=1e-4)
    assert three == pytest.approx(four, abs=1e-4)
    assert three < two - 0.005


def test_depth_changes_live_and_what_is_in_flight_finishes():
    host = InProcess(rows=4)
    caller = Caller(host)
    caller.ask(Hello())
    assert isinstance(caller.ask(Param(parameter="depth", value=4.0)), Ok)
    reply = caller.ask(Param(parameter="depth", value=17.0))
    assert (reply.code, reply.field) == ("OUT_OF_RANGE", "value")


@pytest.mark.parametrize(
    ("message", "code", "field"),
    [
        (Param(parameter="channel_gain_9", value=0.5), "UNKNOWN_PARAMETER", "parameter"),
        (Conditions(entries=[ConditionEntry(text="a", start=0.5, stop=0.5)]), "BAD_ORDER", "entries[0].stop"),
        (Conditions(entries=[ConditionEntry(text="a", points=[LanePoint(position=0, value=-1)])]), "OUT_OF_RANGE", "entries[0].points[0].value"),
        (LaneMessage(parameter="guidance", revision=1, points=[LanePoint(position=0, value=11)]), "OUT_OF_RANGE", "points[0].value"),
    ],
)  # fmt: skip
def test_what_the_engine_can_not_do_is_refused_by_name(message, code, field):
    caller = Caller(InProcess())
    caller.ask(Hello())
    reply = caller.ask(message)
    assert isinstance(reply, Error)
    assert (reply.code, reply.field) == (code, field)


def test_slerp_keeps_the_length_on_its_way_and_meets_both_ends():
    a, b = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]])
    assert torch.equal(slerp(a, b, 0.0), a)
    assert torch.equal(slerp(a, b, 1.0), b)
    middle = slerp(a, b, 0.5)
    assert torch.allclose(middle, torch.full((1, 2), 0.5**0.5))
    assert torch.allclose(slerp(a, 2 * b, 0.5).norm(dim=-1), torch.tensor([1.5]))
    assert torch.allclose(slerp(a, 3 * a, 0.25), lerp(a, 3 * a, 0.25))


def test_the_manifest_names_every_parameter_and_every_channel():
    welcome = Caller(InProcess()).ask(Hello())
    names = {p.name for p in welcome.parameters}
    assert names == {s.name for s in PARAMETERS} | {f"channel_gain_{n}" for n in range(1, 9)}
    assert parameter("seed").default == 0


def test_a_model_without_timbre_refuses_it_by_name():
    host = InProcess()
    host.model.capabilities -= {"timbre"}
    caller = Caller(host)
    caller.ask(Hello())
    for message, field in (
        (Param(parameter="timbre_strength", value=0.5), "parameter"),
        (SourceUse(hash="", role="timbre"), "role"),
    ):
        reply = caller.ask(message)
        assert (reply.code, reply.field) == ("CANNOT_HEAR", field)


@pytest.mark.parametrize("strength", [0.0, 0.5, 1.0])
def test_a_timbre_reference_reaches_a_model_that_hears_it_with_its_strength(strength):
    made = song(timbre_strength=strength)
    prompt(made, "0.9")
    reference = Source("2" * 64, "reference", RATE, np.full((4 * RATE, 2), 0.4, dtype=np.float32))
    put(made, "timbre", set_placement("timbre", Placement(reference, 0.0, 1)))
    heard = render(made, 2, 2)
    frames = plan_of(made).frames  # the context before the song's start hears silence
    mean = 0.4 * strength * (frames.count - frames.context) / frames.count
    assert heard.mean() == pytest.approx(mean, abs=0.002)


def test_declick_is_the_length_of_a_join():
    for milliseconds in (5, 40):
        made = song(declick=milliseconds)
        prompt(made, "0.25")
        prompt(made, "-0.5", bar=2)
        heard = render(made, 1, 2)[:, 0]
        line, fade = made.grid.sample(1), RATE * milliseconds // 1000
        assert heard[line - fade - 1] == pytest.approx(0.25, abs=1e-5)
        assert abs(heard[line - fade // 2] - 0.25) > 0.05
        assert heard[line] == pytest.approx(-0.5, abs=1e-5)


def test_window_bars_changes_live_without_a_gap():
    setup = Setup("1:120", "1:4/4")
    setup.client.prompt("0.25")
    setup.start()
    setup.until_bar(2)
    setup.client.param("window_bars", 2.0)
    setup.until_bar(9)
    setup.assert_exact()
    assert {s.header.late for s in setup.daw.heard if s.header} == {False}
    before = setup.host.engine.generations
    setup.until_bar(17)
    assert setup.host.engine.generations - before >= 3  # four bars a window would need two


def test_slots_of_several_sessions_share_one_forward():
    host = InProcess(depth=2, rows=2)
    made = [Setup("1:120", "1:4/4", identity=name, host=host) for name in (b"one", b"two")]
    rows = []
    plain = host.model.velocity
    host.engine._ring._velocity = lambda x, t, c: rows.append(tuple(c)) or plain(x, t, c)
    for setup, text in zip(made, ("0.25", "-0.5"), strict=True):
        setup.client.prompt(text)
        setup.daw.open()
        setup.daw.pump()
    host.work_until(10**9)
    assert any(set(row) == {"0.25", "-0.5"} for row in rows)
    assert all(len(row) == 2 for row in rows)


def test_a_session_that_leaves_in_the_middle_of_a_tick_harms_no_other():
    host = InProcess(depth=2, rows=2)
    made = [Setup("1:120", "1:4/4", identity=name, host=host) for name in (b"one", b"two")]
    plain, calls = host.model.velocity, []

    def velocity(x, t, conditions):
        calls.append(len(conditions))
        if len(calls) == 3:  # the server's thread, while the engine's thread is in the forward
            host.hub.drop(b"one")
            host.engine.set_depth(1)
        return plain(x, t, conditions)

    host.engine._ring._velocity = velocity
    for setup, text in zip(made, ("0.25", "-0.5"), strict=True):
        setup.client.prompt(text)
        setup.daw.open()
        setup.daw.pump()
    host.work_until(10**9)
    assert len(calls) > 3
    second = made[1].daw
    host.clock.advance_ns(2 * 10**9)
    second.pump()
    assert second.buffered_frames == second.buffer_frames
    assert np.allclose(second.ring.read(1, 0, 0, 1000).audio, -0.5, atol=1e-5)
    assert len(host.engine.streams) == 1
    assert host.engine.generations == 2  # the two windows ahead of the one that stayed

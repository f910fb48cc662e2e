"""The plugin's state: as it was saved, from a stranger, in pieces."""

import numpy as np
import plugin_state
import pytest
from decks import LABELS

from bridge_protocol.plugin_controls import CONTROLS, Role

WORDS = {
    "endpoint": "tcp://127.0.0.1:1",
    "prompt": "jazz 🎷 trio, “weiche” Besen — ćšž\nnew line\ttab",
    "prompt_b": "техно",
    "negative": "",
    "seed": "4294967295",
    "source": "none",
}


@pytest.fixture
def plugin(clap):
    return clap()


def test_words_and_values_come_back_as_they_were_saved(clap, plugin):
    assert plugin.load(plugin_state.dpf(WORDS, {"denoise": 0.1, "output_gain": -3.3, "mode": 2}))
    other = clap()
    assert other.load(plugin.save())
    saved = plugin_state.words_of(other.save())
    assert {key: saved[key] for key in WORDS} == WORDS
    assert other.value(LABELS["denoise"]) == np.float32(0.1)
    assert other.value(LABELS["output_gain"]) == np.float32(-3.3)
    assert other.value(LABELS["mode"]) == 2


@pytest.mark.parametrize("piece", [1, 7, 511, 512, 513])
def test_a_state_goes_through_a_stream_of_few_bytes_at_a_time(clap, plugin, piece):
    words = WORDS | {"prompt": "long " * 300}
    assert plugin.load(plugin_state.dpf(words, {"denoise": 0.25}), at_most=piece)
    state = plugin.save(at_most=piece)
    assert state == plugin.save()
    saved = plugin_state.words_of(state)
    assert {key: saved[key] for key in words} == words
    assert plugin.value(LABELS["denoise"]) == 0.25


def test_a_newer_version_is_read_as_far_as_it_is_known(plugin):
    words = WORDS | {"version": "99", "hologram": "yes", "lanes": "not base64"}
    assert plugin.load(plugin_state.dpf(words, {"denoise": 0.75, "quantum": 1}))
    assert plugin_state.words_of(plugin.save())["prompt"] == WORDS["prompt"]
    assert plugin.value(LABELS["denoise"]) == 0.75


def test_random_bytes_never_harm_the_plugin(plugin):
    rng = np.random.default_rng(11)
    whole = plugin_state.dpf(WORDS, {"denoise": 0.25})
    for round_ in range(300):
        if round_ % 2:
            state = rng.bytes(int(rng.integers(0, 3_000)))
        else:
            spoilt = bytearray(whole)
            for at in rng.integers(0, len(spoilt), 5):
                spoilt[at] = rng.integers(0, 256)
            state = bytes(spoilt[: rng.integers(1, len(spoilt))])
        plugin.load(state, at_most=int(rng.integers(1, 1_000)))
    assert plugin.load(whole)
    plugin.activate()
    plugin.load(rng.bytes(2_000))
    out = plugin.process(np.ones((2, 64), np.float32))
    assert np.array_equal(out, np.ones((2, 64), np.float32))
    for control in CONTROLS:
        value = plugin.value(control.label)
        assert control.minimum <= value <= control.maximum


def test_endless_words_are_bounded(plugin):
    assert plugin.load(plugin_state.dpf({"prompt": "x" * 3_000_000, "lanes": "A" * 20_000_000}))
    assert len(plugin.save()) < 12_000_000


@pytest.mark.parametrize("endpoint", ["tcp://192.0.2.1:5317", "tcp://*:5317", "epgm://x", "", "é"])
def test_only_this_machine_is_connected_to(plugin, endpoint):
    plugin.load(plugin_state.dpf({"endpoint": "tcp://127.0.0.1:2"}))
    plugin.load(plugin_state.dpf({"endpoint": endpoint}))
    assert plugin_state.words_of(plugin.save())["endpoint"] != endpoint


def test_a_bare_host_without_any_extension_can_load_activate_and_play(clap):
    plugin = clap(bare=True)
    assert plugin.load(plugin_state.dpf(WORDS))
    plugin.activate()
    assert np.array_equal(plugin.process(np.ones((2, 64), np.float32)), np.ones((2, 64)))


def test_every_control_is_there_by_name_range_default_and_words(plugin):
    assert list(plugin.params) == [control.label for control in CONTROLS]
    for control in CONTROLS:
        param = plugin.params[control.label]
        limits = np.float32([control.minimum, control.maximum, control.default])
        assert np.array_equal(np.float32([param.minimum, param.maximum, param.default]), limits)
        for index, choice in enumerate(control.choices):
            assert plugin.text(control.label, index) == choice
        assert bool(param.flags & 8) == (control.role is Role.DISPLAY)

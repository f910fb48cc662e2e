"""What a host sends inside its blocks: automation, hands on knobs, notes, and what is not for us."""

import clap_events
import numpy as np
import pytest
from decks import bounce, clap_deck, play, play_in_time
from mark_engine import MarkEngine
from marks import dry, heard
from received import gestures, lane_values
from song_transport import Song, Timeline

from bridge_protocol import schema

CURVE = 1920  # frames of a 25th of a second
WORDS = {"source": "none", "seed": "5"}


@pytest.fixture
def host(bundles):
    with MarkEngine() as engine:
        deck = clap_deck(bundles, {"endpoint": engine.endpoint} | WORDS, max_frames=8_192)
        yield deck, engine
        deck.close()
    assert engine.fault is None


def ramp(deck, name, step):
    """Events of a value that goes from 0 to 1 in 4 s, one each ``step`` frames."""

    def events(start, frames):
        first = -(-start // step) * step
        offsets = range(first - start, frames, step)
        return [deck.event(name, (start + offset) / 192_000, offset) for offset in offsets]

    return events


@pytest.mark.parametrize(("block", "step"), [(64, 64), (512, 480), (4_096, 960), (8_192, 1_920)])
def test_automation_reaches_the_engine_at_25_values_a_second(host, block, step):
    deck, engine = host
    bounce(deck, Timeline(Song()), dry(192_000), block, ramp(deck, "denoise", step))
    assert engine.wait_for(lambda: max(lane_values(engine, "denoise"), default=0) >= 98)
    lane = lane_values(engine, "denoise")
    wanted = {k: k * CURVE / 192_000 for k in range(1, 99)}
    worst = max(abs(lane[k] - wanted[k]) for k in wanted)
    assert worst <= (1e-6 if CURVE % step == 0 else step / 192_000)


def test_a_step_at_a_bar_line_is_a_step_of_one_frame_there(host):
    deck, engine = host

    def events(start, frames):
        changes = [(0, 0.25), (96_000, 0.75)]
        return [
            deck.event("velocity", v, at - start) for at, v in changes if 0 <= at - start < frames
        ]

    bounce(deck, Timeline(Song()), dry(192_000), 512, events)
    assert engine.wait_for(lambda: len(lane_values(engine, "velocity")) > 1)
    lane = lane_values(engine, "velocity")
    assert lane[49] == 0.5  # the control's own least
    assert lane[50] == 0.75


def test_a_learned_pass_is_known_before_it_is_played_again(host):
    deck, engine = host
    events = ramp(deck, "denoise", 480)
    still = Timeline(Song(), playing=False)
    changed = "automation changed: bounce again"
    bounce(deck, Timeline(Song()), dry(192_000), 512, events)
    assert deck.idle(still, lambda: deck.status == changed, 2)
    engine.wait_for(lambda: max(lane_values(engine, "denoise"), default=0) >= 98)
    before = len(engine.told(schema.LaneMessage))
    sound, places = bounce(deck, Timeline(Song()), dry(192_000), 512, events)
    assert heard(sound, places, seed=5).wet.all()
    assert deck.idle(still, lambda: deck.status == "connected", 2)
    assert len(engine.told(schema.LaneMessage)) == before


def test_a_hand_on_a_knob_is_told_and_its_values_are_heard_at_once(host):
    deck, engine = host
    knob = deck.id("denoise")
    timeline = Timeline(Song())
    deck.process(dry(512), timeline.position(), [])
    timeline.playing = False
    assert deck.idle(timeline, lambda: deck.status == "connected" or engine.sessions)
    timeline.playing = True

    def turn(frame):
        block = frame // 512
        if block == 20:
            deck.plugin.flush([clap_events.gesture(knob, True)])
        if 20 < block < 60:
            deck.set(denoise=block / 100)
        if block == 70:
            deck.plugin.flush([clap_events.gesture(knob, False)])

    play_in_time(deck, timeline, dry(100 * 512), on_block=turn)
    assert engine.wait_for(lambda: len(gestures(engine, "denoise")) == 2)
    assert gestures(engine, "denoise") == [True, False]
    between = [m.value for m in engine.told(schema.Param, parameter="denoise")]
    assert between
    assert between[-1] == pytest.approx(0.59, abs=1e-6)
    lane = lane_values(engine, "denoise")
    assert lane[max(lane)] == pytest.approx(0.59, abs=1e-6)


def test_gesture_events_inside_a_block_are_told_too(host):
    deck, engine = host
    knob = deck.id("velocity")
    timeline = Timeline(Song(), playing=False)
    assert deck.idle(timeline, lambda: bool(engine.sessions))
    timeline.playing = True
    for touched in (True, False):
        event = clap_events.gesture(knob, touched, 100)
        deck.process(dry(512), timeline.position(), [event])
        timeline.advance(512)
        assert engine.wait_for(
            lambda touched=touched: gestures(engine, "velocity")[-1:] == [touched]
        )
    assert gestures(engine, "velocity") == [True, False]


def test_notes_reach_the_engine_in_song_time(host):
    deck, engine = host
    on, off = {24_000: 60, 48_000: 64}, {36_000: 60, 72_000: 64}

    def events(start, frames):
        inside = range(start, start + frames)
        found = [(at, clap_events.note(key, on=True)) for at, key in on.items() if at in inside]
        found += [(at, clap_events.note(key, on=False)) for at, key in off.items() if at in inside]
        for at, event in found:
            event.header.time = at - start
        return [event for _, event in sorted(found, key=lambda pair: pair[0])]

    bounce(deck, Timeline(Song()), dry(96_000), 512, events)
    assert engine.wait_for(lambda: engine.told(schema.Notes))
    assert engine.wait_for(lambda: len(engine.told(schema.Notes)[-1].notes) == 2)
    notes = sorted((n.pitch, n.ppq, n.length_ppq) for n in engine.told(schema.Notes)[-1].notes)
    assert np.allclose(notes, [(60, 1.0, 0.5), (64, 2.0, 1.0)], rtol=0, atol=1e-6)


def test_plain_midi_bytes_are_notes_too(host):
    deck, engine = host

    def events(start, frames):
        data = {0: (0x99, 36, 100), 24_064: (0x89, 36, 0)}.get(start)
        return [clap_events.midi(data)] if data else []

    bounce(deck, Timeline(Song()), dry(48_128), 512, events)
    assert engine.wait_for(
        lambda: engine.told(schema.Notes) and engine.told(schema.Notes)[-1].notes
    )
    (note,) = engine.told(schema.Notes)[-1].notes
    assert (note.pitch, note.channel, note.velocity, note.ppq) == (36, 10, 100, 0.0)


def test_events_of_another_namespace_are_left_alone(host):
    deck, engine = host
    plugin, knob = deck.plugin, deck.id("denoise")
    kinds = [
        clap_events.param_value(knob, 0.125),
        clap_events.param_mod(knob, 0.5),
        clap_events.gesture(knob, True),
        clap_events.note(60, on=True),
        clap_events.midi((0x90, 60, 100)),
        clap_events.transport(Timeline(Song(), 777_777).position(), 48_000),
    ]
    before = deck.value("denoise")
    timeline = Timeline(Song())
    deck.offline(True)
    for event in kinds:
        sound = deck.process(dry(512), timeline.position(), [clap_events.foreign(event)])
        assert heard(sound, timeline.advance(512), seed=5).wet.all()
    assert deck.value("denoise") == before
    assert gestures(engine, "denoise") == []
    assert not any(m.notes for m in engine.told(schema.Notes))
    assert plugin.told == [] or all(told.param_id != knob for told in plugin.told)


def test_modulation_transport_and_unknown_core_events_harm_nothing(host):
    deck, _ = host
    odd = clap_events.midi((0xF8, 0, 0))
    odd.header.type = 999
    kinds = [
        clap_events.param_mod(deck.id("denoise"), 0.5),
        clap_events.transport(Timeline(Song()).position(), 48_000),
        clap_events.param_value(9_999, 0.5),
        clap_events.param_value(deck.id("denoise"), float("nan")),
        odd,
    ]
    deck.process(np.zeros((2, 512), np.float32), Timeline(Song()).position(), kinds)
    assert 0 <= deck.value("denoise") <= 1


@pytest.mark.parametrize("block", [256, 300, 400, 512, 1_000])
def test_a_host_that_deactivates_at_once_loses_nothing_of_its_pass(bundles, block):
    with MarkEngine() as engine:
        deck = clap_deck(bundles, {"endpoint": engine.endpoint, "seed": "5"})
        still = Timeline(Song(), playing=False)
        assert deck.idle(still, lambda: deck.status == "listening: play the track once")
        deck.offline(True)
        play(deck, Timeline(Song()), dry(192_000), block, ramp(deck, "denoise", 480))
        deck.plugin.deactivate()
        deck.plugin.activate(48_000, 4_096)
        deck.offline(False)
        assert engine.wait_for(lambda: engine.told(schema.SourceUse))
        (begin,) = {m.hash: m for m in engine.told(schema.SourceBegin)}.values()
        assert begin.frames == 192_000
        assert engine.wait_for(lambda: max(lane_values(engine, "denoise"), default=0) >= 98)
        deck.close()

import pytest
from live_setup import METER, TEMPO, Setup
from stream_helpers import RATE, prompt, put, song
from toy_model import ToyModel

from bridge_protocol.clock import VirtualClock
from bridge_protocol.schema import Note
from engine_host.render import OfflineRender
from engine_host.stream.engine import Engine
from engine_host.stream.settings import set_notes
from engine_host.stream.windows import context_frames

CONTEXT_FRAMES = context_frames(ToyModel().geometry)


def heard_by(made, first, last):
    model = ToyModel(VirtualClock())
    OfflineRender(Engine(model, model.clock), made).bars(first, last)
    return model.heard


def test_notes_reach_the_model_at_their_frames_through_a_ramp():
    made = song(TEMPO, METER)
    prompt(made, "0.1")
    notes = (
        Note(ppq=4.0, length_ppq=1.0, pitch=40),
        Note(ppq=9.5, length_ppq=0.5, pitch=60),
        Note(ppq=10.0, length_ppq=0.25, pitch=36, channel=10),
        Note(ppq=11.0, length_ppq=0.25, pitch=84),
    )
    put(made, "notes", set_notes(notes))
    (told,) = heard_by(made, 1, 4)
    assert [note.role for note in told.notes] == ["bass", "chord", "drums", "lead"]
    for note, frame_note in zip(notes, told.notes, strict=True):
        seconds = made.grid.tempo.seconds(note.ppq)
        assert frame_note.start_frame == pytest.approx(CONTEXT_FRAMES + 25 * seconds, abs=1e-6)


def test_without_notes_the_model_is_told_so_and_its_planner_may_stand_in():
    made = song()
    prompt(made, "0.1")
    assert heard_by(made, 1, 4)[0].notes is None


def test_the_grid_tells_every_frames_place_in_its_bar():
    made = song("1:60", "1:4/4, 2:7/8")
    prompt(made, "0.1")
    (told,) = heard_by(made, 1, 2)
    grid, first = told.grid, CONTEXT_FRAMES
    assert grid.bar_index[first] == 0
    assert grid.quarter_in_bar[first] == pytest.approx(0.02)  # read at the middle of the frame
    second = first + 4 * 25
    assert (grid.bar_index[second], grid.bar_quarters[second]) == (1, 3.5)
    assert grid.quarter_in_bar[second] == pytest.approx(0.02)
    assert [bar.index for bar in grid.bars[:3]] == [-1, 0, 1]
    assert grid.bars[1].sixteenth_frames[0] == pytest.approx(CONTEXT_FRAMES)


def test_in_a_loop_the_context_before_its_first_bar_is_its_last_bar():
    setup = Setup("1:120", "1:4/4")
    setup.client.prompt("0.1")
    grid = setup.daw.grid
    setup.daw.set_loop(float(grid.ppq(2)), float(grid.ppq(6)))
    setup.start()
    setup.until_bar(4)
    told = next(h for h in setup.host.model.heard if h.grid.bar_index[CONTEXT_FRAMES] == 2)
    assert told.grid.bar_index[0] == 5
    assert told.grid.bar_index[-1] == 2
    assert len(setup.played()) > RATE

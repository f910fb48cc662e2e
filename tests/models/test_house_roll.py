import numpy as np
import pytest

from engine_host.models.house.roll import DRUM_COLUMNS, ROLL_WIDTH, drum_of, roll_of
from engine_host.models.interface import FrameNote


def _note(start, end, pitch, role, velocity=1.0):
    return FrameNote(start, end, pitch, velocity, role)


def test_a_held_note_is_one_at_its_onset_and_a_half_after():
    roll = roll_of([_note(3.0, 7.0, 36, "bass")], 10)
    assert roll[:, 0].tolist() == [0, 0, 0, 1, 0.5, 0.5, 0.5, 0, 0, 0]
    assert roll[:, 1:].sum() == 0


def test_an_onset_late_in_its_frame_counts_a_little_less():
    roll = roll_of([_note(3.5, 6.0, 40, "chord"), _note(5.5, 6.0, 36, "drums")], 8)
    assert roll[3, 12 + 4] == pytest.approx(1 - 0.25 * 0.5)
    assert roll[5, DRUM_COLUMNS["kick"]] == pytest.approx(1 - 0.5 * 0.5)


def test_roles_have_columns_of_their_own():
    notes = [_note(1.0, 2.0, 60, role) for role in ("bass", "chord", "lead")]
    assert np.nonzero(roll_of(notes, 4)[1, :36])[0].tolist() == [0, 12, 24]


def test_heights_are_octaves_of_the_top_note():
    notes = [
        _note(0.0, 2.0, 48, "chord"),
        _note(0.0, 2.0, 55, "chord"),
        _note(0.0, 2.0, 78, "lead"),
    ]
    roll = roll_of(reversed(notes), 3)
    assert roll[:2, 40].tolist() == [1.0, 1.0]
    np.testing.assert_allclose(roll[:2, 41], (55 - 58) / 12)


def test_a_note_that_began_before_the_window_is_held_but_a_drum_is_not_struck():
    roll = roll_of([_note(-5.0, 3.0, 60, "lead"), _note(-0.5, 1.0, 36, "drums")], 6)
    assert roll[:, 24].tolist() == [0.5, 0.5, 0.5, 0, 0, 0]
    assert roll[:, 36:40].sum() == 0


def test_notes_outside_the_window_are_left_out():
    notes = [
        _note(start, start + 2.0, 60, role)
        for start in (-9.0, 6.0, 90.0)
        for role in ("lead", "drums")
    ]
    assert roll_of(notes, 6).sum() == 0
    assert roll_of([], 6).shape == (6, ROLL_WIDTH)


def test_a_note_without_velocity_is_silent():
    assert roll_of([_note(1.0, 3.0, 60, "lead", velocity=0.0)], 6).sum() == 0


def test_an_onset_a_rounding_error_before_a_frame_belongs_to_it():
    roll = roll_of([_note(3 - 1e-9, 4.0, 36, "drums")], 6)
    assert roll[3, DRUM_COLUMNS["kick"]] == 1
    assert roll[2].sum() == 0


@pytest.mark.parametrize(
    ("pitch", "drum"),
    [(35, "kick"), (36, "kick"), (37, "snare"), (38, "snare"), (39, "snare"), (40, "snare")]
    + [(p, "hat") for p in (42, 44, 46, 54, 70, 82)]
    + [(p, "cymbal") for p in (49, 51, 52, 53, 55, 57, 59)]
    + [(41, "kick"), (50, "snare"), (76, "snare")],
)
def test_general_midi_drums(pitch, drum):
    assert drum_of(pitch) == drum

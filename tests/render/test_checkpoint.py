"""What is kept on disk is taken only where its marks vouch for it."""

import hashlib
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge_protocol.errors import RefusedError
from engine_host.checkpoint import FRAME_BYTES, MANIFEST, Track, WorkFolder, digest_of

ENDS = (300, 700, 900, 1_500)
DECIDES = {"seed": 3, "song": {"prompt": "jazz", "steps": 8}}


def noise(frames=ENDS[-1]):
    return np.random.default_rng(1).uniform(-1, 1, (frames, 2)).astype(np.float32)


def kept(folder, frames, name="audio"):
    track = Track(folder, name, ENDS)
    track.append(noise()[:frames])
    track.close()


def reopened(folder):
    track = Track(folder, "audio", ENDS)
    track.close()
    return track


@given(cuts=st.lists(st.integers(0, ENDS[-1]), max_size=8))
def test_every_bar_is_marked_at_its_end_however_the_audio_comes(tmp_path_factory, cuts):
    folder = tmp_path_factory.mktemp("work")
    track = Track(folder, "audio", ENDS)
    for piece in np.split(noise(), sorted(cuts)):
        track.append(piece)
    audio = noise().astype("<f4").tobytes()
    assert [(mark.bar, mark.frames) for mark in track.marks] == list(enumerate(ENDS, 1))
    for mark in track.marks:
        expected = hashlib.sha256(audio[: mark.frames * FRAME_BYTES]).hexdigest()
        assert mark.sha256 == expected
    assert track.whole
    assert np.array_equal(np.concatenate(list(track.blocks())), noise())
    track.close()


def test_audio_behind_the_last_whole_bar_is_rendered_again(tmp_path):
    kept(tmp_path, 899)
    track = reopened(tmp_path)
    assert (track.frames, len(track.marks), track.damaged) == (700, 2, False)
    assert (tmp_path / "audio.f32").stat().st_size == 700 * FRAME_BYTES


def test_going_on_gives_the_file_that_one_go_gives(tmp_path):
    kept(tmp_path, 899)
    track = Track(tmp_path, "audio", ENDS)
    track.append(noise()[track.frames :])
    assert np.array_equal(np.concatenate(list(track.blocks())), noise())
    track.close()
    (tmp_path / "one").mkdir()
    kept(tmp_path / "one", ENDS[-1])
    for name in ("audio.f32", "audio.marks"):
        assert (tmp_path / name).read_bytes() == (tmp_path / "one" / name).read_bytes()


def test_audio_that_was_cut_short_is_rendered_again_from_the_bar_it_lacks(tmp_path):
    kept(tmp_path, ENDS[-1])
    path = tmp_path / "audio.f32"
    path.write_bytes(path.read_bytes()[: 800 * FRAME_BYTES])
    track = reopened(tmp_path)
    assert (track.frames, track.damaged) == (700, True)


@pytest.mark.parametrize(("byte", "left"), [(0, 0), (699 * FRAME_BYTES, 300), (-1, 900)])
def test_a_flipped_bit_costs_its_bar_and_those_behind_it(tmp_path, byte, left):
    kept(tmp_path, ENDS[-1])
    path = tmp_path / "audio.f32"
    data = bytearray(path.read_bytes())
    data[byte] ^= 1
    path.write_bytes(data)
    track = reopened(tmp_path)
    assert (track.frames, track.damaged) == (left, True)


@pytest.mark.parametrize(
    ("lines", "left", "damaged"),
    [
        (lambda lines: [*lines[:2], lines[2][:20]], 700, False),  # a mark half written
        (lambda lines: [lines[0], "nonsense\n", *lines[2:]], 300, True),
        (lambda lines: [lines[0], "[]\n", *lines[2:]], 300, True),
        (lambda lines: [lines[0], lines[2], lines[1]], 300, True),
        (lambda lines: lines[1:], 0, True),
        (lambda lines: [*lines[:3], lines[3].replace("1500", "1501")], 900, True),
        (lambda lines: [], 0, False),
    ],
)
def test_a_journal_is_believed_up_to_its_first_wrong_line(tmp_path, lines, left, damaged):
    kept(tmp_path, ENDS[-1])
    path = tmp_path / "audio.marks"
    path.write_text("".join(lines(path.read_text().splitlines(keepends=True))))
    track = reopened(tmp_path)
    assert (track.frames, track.damaged) == (left, damaged)


def test_marks_without_their_audio_are_worth_nothing(tmp_path):
    kept(tmp_path, ENDS[-1])
    (tmp_path / "audio.f32").unlink()
    track = reopened(tmp_path)
    assert (track.frames, track.damaged) == (0, True)


def test_audio_changed_behind_the_renders_back_is_never_written_out(tmp_path):
    track = Track(tmp_path, "audio", ENDS)
    track.append(noise())
    with (tmp_path / "audio.f32").open("r+b") as file:
        file.write(b"\x00\x01")
    with pytest.raises(RefusedError) as caught:
        list(track.blocks())
    assert caught.value.code == "FILE_BROKEN"
    track.close()


def test_a_track_that_starts_again_forgets_what_it_had(tmp_path):
    track = Track(tmp_path, "audio", ENDS)
    track.append(noise()[:800])
    track.restart()
    track.append(noise()[::-1])
    assert np.array_equal(np.concatenate(list(track.blocks())), noise()[::-1])
    track.close()


def worked(path, decides, frames, **options):
    """One go in a work folder: (what differed, frames there were)."""
    with WorkFolder(path, decides, **options) as work:
        track = work.track("audio", ENDS)
        before = track.frames
        track.append(noise()[before:frames])
        return work.differs, before


def test_only_the_same_render_goes_on_and_what_differs_is_named(tmp_path):
    path = tmp_path / ".out.part"
    assert worked(path, DECIDES, 800) == ((), 0)
    assert worked(path, DECIDES, 1_000) == ((), 700)
    other = {**DECIDES, "song": {"prompt": "jazz", "steps": 9}}
    assert worked(path, other, 400) == (("song.steps",), 0)
    assert worked(path, other, 400) == ((), 300)
    assert worked(path, {**other, "rows": 2}, 400) == (("rows",), 0)


def test_the_manifest_holds_the_digest_of_what_it_tells(tmp_path):
    path = tmp_path / ".out.part"
    worked(path, DECIDES, 400)
    told = json.loads((path / MANIFEST).read_text())
    assert told["decides"] == DECIDES
    assert told["digest"] == digest_of(DECIDES)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"digest": 1, "decides": 5}', "\x00"])
def test_a_manifest_that_can_not_be_read_makes_everything_anew(tmp_path, text):
    path = tmp_path / ".out.part"
    worked(path, DECIDES, 800)
    (path / MANIFEST).write_text(text)
    assert worked(path, DECIDES, 400) == ((MANIFEST,), 0)
    assert worked(path, DECIDES, 400) == ((), 300)


def test_without_resume_what_is_kept_goes(tmp_path):
    path = tmp_path / ".out.part"
    worked(path, DECIDES, 800)
    assert worked(path, DECIDES, 400, resume=False) == ((), 0)
    assert worked(path, DECIDES, 400) == ((), 300)


def test_a_folder_in_which_no_bar_was_finished_vanishes(tmp_path):
    path = tmp_path / ".out.part"
    worked(path, DECIDES, 299)
    assert not path.exists()


def test_removing_leaves_what_others_put_there(tmp_path):
    path = tmp_path / ".out.part"
    worked(path, DECIDES, 800)
    (path / "mine.txt").write_text("mine")
    with WorkFolder(path, DECIDES) as work:
        work.track("audio", ENDS)
        work.remove()
    assert [found.name for found in path.iterdir()] == ["mine.txt"]


def test_two_renders_in_one_folder_are_refused(tmp_path):
    path = tmp_path / ".out.part"
    with WorkFolder(path, DECIDES) as work:
        work.track("audio", ENDS).append(noise())
        with pytest.raises(RefusedError, match="Another render") as caught:
            WorkFolder(path, DECIDES)
        assert caught.value.field == "--out"
    assert worked(path, DECIDES, 0) == ((), ENDS[-1])

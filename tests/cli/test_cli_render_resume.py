"""Renders that are stopped, killed or tampered with, and go on to the bytes of an unbroken one."""

import os
import signal
import subprocess
import sys

import pytest

from engine_host import checkpoint
from engine_host.cli.app import run
from engine_host.render import render_takes

pytestmark = pytest.mark.usefixtures("kept_models")

STEMS = """
bars = "1-6"
bpm = 480
window = 4
mix = true
[stem.a]
prompt = "techno"
set = { steps = 2 }
[stem.b]
prompt = "jazz"
set = { steps = 3 }
"""
SONG = ["render", "--bars", "1-6", "--bpm", 480, "--set", "steps=2", "--prompt", "techno"]
SONG += ["--lane", "velocity=1:1, 6:1.2"]
KILLED = """
import os, signal, sys
from engine_host import checkpoint
from engine_host.cli.app import run
mark = checkpoint.Track._mark
def marked(track):
    mark(track)
    if len(track.marks) == 3:
        os.kill(os.getpid(), signal.SIGKILL)
checkpoint.Track._mark = marked
run()
"""


@pytest.fixture
def stopped(anacrusis, monkeypatch):
    """Runs a command line that gets a signal once a track has so many bars."""

    def call(*words, bars=3, number=signal.SIGTERM):
        mark = checkpoint.Track._mark

        def marked(track):
            mark(track)
            if len(track.marks) == bars:
                signal.raise_signal(number)

        with monkeypatch.context() as patch:
            patch.setattr(checkpoint.Track, "_mark", marked)
            return anacrusis(*words)

    return call


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory):
    """The bytes of the song in one go."""
    out = tmp_path_factory.mktemp("unbroken") / "a.wav"
    with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit) as end:
        patch.setattr(sys, "argv", ["anacrusis", *map(str, SONG), "--out", str(out)])
        run()
    assert not end.value.code
    return out.read_bytes()


def hidden(folder):
    return [path.name for path in folder.iterdir() if path.name.startswith(".")]


def test_a_render_that_was_killed_goes_on_to_the_same_bytes(anacrusis, tmp_path, unbroken):
    out = tmp_path / "a.wav"
    words = [sys.executable, "-c", KILLED, *SONG, "--out", out]
    killed = subprocess.run([str(word) for word in words], check=False, capture_output=True)
    assert killed.returncode == -signal.SIGKILL
    assert [path.name for path in tmp_path.iterdir()] == [".a.wav.part"]
    code, _, err = anacrusis(*SONG, "--out", out)
    assert code == 0
    assert "going on after bar 3; 3 bars were kept" in err
    assert out.read_bytes() == unbroken
    assert hidden(tmp_path) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_render_cleanly_and_says_what_is_kept(
    anacrusis, stopped, tmp_path, unbroken, number
):
    out = tmp_path / "a.wav"
    out.write_bytes(b"the old file")
    before = signal.getsignal(number)
    code, told, err = stopped(*SONG, "--out", out, number=number)
    assert (code, told) == (130, "")
    assert "error CANCELLED render: Stopped. 3 of 6 bars are kept" in err
    assert str(tmp_path / ".a.wav.part") in err
    assert signal.getsignal(number) == before
    assert out.read_bytes() == b"the old file"
    assert anacrusis(*SONG, "--out", out, "--quiet") == (0, "", "")
    assert out.read_bytes() == unbroken


def test_a_second_signal_ends_it_at_once(stopped, tmp_path, monkeypatch):
    monkeypatch.setattr("engine_host.cli.render_parts.job.render_takes", twice)
    code, told, err = stopped(*SONG, "--out", tmp_path / "a.wav")
    assert (code, told, err) == (130, "", "")
    assert list(tmp_path.iterdir()) == []


def twice(*words, **named):
    for _ in range(2):
        os.kill(os.getpid(), signal.SIGINT)
    pytest.fail("the second signal was not heard")


def test_stopped_before_a_bar_was_whole_nothing_is_kept(anacrusis, tmp_path, monkeypatch):
    def stopped_at_once(*words, **named):
        signal.raise_signal(signal.SIGINT)
        return render_takes(*words, **named)

    monkeypatch.setattr("engine_host.cli.render_parts.job.render_takes", stopped_at_once)
    code, _, err = anacrusis(*SONG, "--out", tmp_path / "a.wav")
    assert code == 130
    assert "nothing is kept" in err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("other", "differs"),
    [
        (["--seed", 4], "seed"),
        (["--lane", "velocity=1:1, 6:1.1", "--rows", 2], "lanes velocity points, rows"),
    ],
)
def test_another_command_does_not_use_what_was_kept(anacrusis, stopped, tmp_path, other, differs):
    fresh, out = tmp_path / "fresh.wav", tmp_path / "a.wav"
    assert anacrusis(*SONG, *other, "--out", fresh)[0] == 0
    assert stopped(*SONG, "--out", out)[0] == 130
    code, _, err = anacrusis(*SONG, *other, "--out", out)
    assert code == 0
    assert f"is of another render (not as here: {differs}); starting anew" in err
    assert out.read_bytes() == fresh.read_bytes()


def test_other_bits_are_no_other_render(anacrusis, stopped, tmp_path):
    assert anacrusis(*SONG, "--bits", "16", "--out", tmp_path / "b.wav")[0] == 0
    assert stopped(*SONG, "--out", tmp_path / "a.wav")[0] == 130
    code, _, err = anacrusis(*SONG, "--bits", "16", "--out", tmp_path / "a.wav")
    assert (code, "3 bars were kept" in err) == (0, True)
    assert (tmp_path / "a.wav").read_bytes() == (tmp_path / "b.wav").read_bytes()


@pytest.mark.parametrize("damage", ["flipped", "cut"])
def test_damaged_parts_are_found_and_rendered_again(anacrusis, stopped, tmp_path, unbroken, damage):
    out = tmp_path / "a.wav"
    assert stopped(*SONG, "--out", out)[0] == 130
    path = tmp_path / ".a.wav.part" / "audio.f32"
    data = bytearray(path.read_bytes())
    in_bar_3 = int(2.5 * 24_000) * checkpoint.FRAME_BYTES
    data[in_bar_3] ^= 0x40
    path.write_bytes(data if damage == "flipped" else data[:in_bar_3])
    code, _, err = anacrusis(*SONG, "--out", out)
    assert code == 0
    assert "what was kept is damaged and is rendered again from there" in err
    assert "2 bars were kept" in err
    assert out.read_bytes() == unbroken


def test_no_resume_starts_anew(anacrusis, stopped, tmp_path, unbroken):
    out = tmp_path / "a.wav"
    assert stopped(*SONG, "--out", out)[0] == 130
    code, _, err = anacrusis(*SONG, "--out", out, "--no-resume")
    assert (code, err) == (0, "")
    assert out.read_bytes() == unbroken
    assert hidden(tmp_path) == []


def test_with_feedback_it_starts_again_and_says_so(anacrusis, stopped, tmp_path):
    feedback = ["--set", "feedback=0.5"]
    fresh, out = tmp_path / "fresh.wav", tmp_path / "a.wav"
    assert anacrusis(*SONG, *feedback, "--out", fresh)[0] == 0
    assert stopped(*SONG, *feedback, "--out", out)[0] == 130
    code, _, err = anacrusis(*SONG, *feedback, "--out", out)
    assert code == 0
    assert "with feedback a render can't go on from the middle" in err
    assert out.read_bytes() == fresh.read_bytes()


def test_a_render_that_was_stopped_while_its_file_was_written_has_all_its_bars(
    anacrusis, tmp_path, unbroken, monkeypatch
):
    out = tmp_path / "a.wav"
    blocks = checkpoint.Track.blocks

    def interrupted(track):
        signal.raise_signal(signal.SIGINT)
        yield from blocks(track)

    with monkeypatch.context() as patch:
        patch.setattr(checkpoint.Track, "blocks", interrupted)
        code, _, err = anacrusis(*SONG, "--out", out)
    assert code == 130
    assert "6 of 6 bars are kept" in err
    assert not out.exists()
    code, _, err = anacrusis(*SONG, "--out", out)
    assert (code, "6 bars were kept" in err) == (0, True)
    assert out.read_bytes() == unbroken


def test_stems_that_were_stopped_go_on_each_from_its_own_bar(anacrusis, stopped, tmp_path):
    song = tmp_path / "song.toml"
    song.write_text(STEMS)
    words = ["render", "--stems", song]
    assert anacrusis(*words, "--out", tmp_path / "fresh")[0] == 0
    code, _, err = stopped(*words, "--out", tmp_path / "out", bars=4)
    assert code == 130
    assert "of 12 bars are kept" in err
    assert hidden(tmp_path / "out") == [".stems.part"]
    assert len(list((tmp_path / "out").iterdir())) == 1
    code, _, err = anacrusis(*words, "--out", tmp_path / "out")
    assert code == 0
    assert "a: going on after bar " in err
    for name in ("a.wav", "b.wav", "mix.wav"):
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "fresh" / name).read_bytes()
    assert hidden(tmp_path / "out") == []

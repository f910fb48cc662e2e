"""A source with its own tempo on the command line: its clicks land on the song's beats."""

import numpy as np
import pytest
import soundfile
from click_tracks import RATE, clicks

pytestmark = pytest.mark.usefixtures("kept_models")

DRY = ["--set", "denoise=0", "--set", "steps=1", "--window", 2]


@pytest.fixture
def loop(tmp_path):
    path = tmp_path / "loop.wav"
    soundfile.write(path, clicks(93.0, 32), RATE)
    return path


def _click_seconds(path):
    audio = np.abs(soundfile.read(path)[0][:, 0])
    found = []
    for beat in range(8):
        near = round(beat * 0.5 * RATE)
        window = audio[max(0, near - 2400) : near + 4800]
        loud = np.flatnonzero(window > 0.3 * window.max())[0]
        found.append((max(0, near - 2400) + loud) / RATE)
    return np.array(found)


@pytest.mark.parametrize("bpm", ["93", "auto"])
def test_clicks_of_another_tempo_land_on_the_songs_beats(anacrusis, tmp_path, loop, bpm):
    out = tmp_path / "out.wav"
    words = ["render", loop, "--bpm", 120, "--source-bpm", bpm, "--bars", "1-2", *DRY]
    code, _, err = anacrusis(*words, "--out", out)
    assert code == 0, err
    assert ("found 93.0 bpm" in err) == (bpm == "auto")
    assert np.allclose(_click_seconds(out), np.arange(8) * 0.5, atol=0.005)


def test_a_stems_file_says_a_sources_tempo_too(anacrusis, tmp_path, loop):
    stems = tmp_path / "song.toml"
    stems.write_text(
        'bars = "1-2"\nbpm = 120\nwindow = 2\n[stem.clicks]\nsource = "loop.wav"\n'
        "source_bpm = 93\nset = { denoise = 0, steps = 1 }\n"
    )
    code, _, err = anacrusis("render", "--stems", stems, "--out", tmp_path / "out")
    assert code == 0, err
    clicked = _click_seconds(tmp_path / "out" / "clicks.wav")
    assert np.allclose(clicked, np.arange(8) * 0.5, atol=0.005)


@pytest.mark.parametrize(
    ("words", "code", "field"),
    [
        (["--source-bpm", "fast"], "BAD_NOTATION", "--source-bpm"),
        (["--source-bpm", "5"], "OUT_OF_RANGE", "--source-bpm"),
        (["--source-bpm", "93", "--bpm", "900"], "OUT_OF_RANGE", "--source-bpm"),
        (["--source-bpm", "93", "--downbeat", "9999"], "OUT_OF_RANGE", "--downbeat"),
        (["--downbeat", "1"], "BAD_FIELD", "--downbeat"),
    ],
)
def test_a_tempo_that_can_not_be_is_refused_by_its_option(anacrusis, loop, words, code, field):
    exit_code, _, err = anacrusis("render", loop, *words)
    assert exit_code == 2
    assert f"{code} {field}: " in err


def test_a_tempo_without_a_source_is_refused(anacrusis):
    code, _, err = anacrusis("render", "--source-bpm", "93")
    assert (code, "--source-bpm" in err) == (2, True)

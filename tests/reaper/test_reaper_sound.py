"""What lands in REAPER's items with the built-in model, against the command line's render of the
same project."""

import numpy as np
import pytest
import soundfile
from fake_reaper import Marker, Track, audio_item
from reaper_desk import add_lanes, laid
from rpp_of import rpp_of

from bridge_protocol.lanes import Breakpoint, Shape
from engine_host.models.house.model import load_house_model

RATE = 48_000
OFFSET, LENGTH = 0.25, 6.0


@pytest.fixture(scope="module")
def model():
    return load_house_model()


def drums(path):
    """A loop with something in it: decaying bursts of noise on every beat of 140 bpm."""
    at = np.arange(8 * RATE)
    beat = 60 / 140 * RATE
    noise = np.random.default_rng(3).normal(0, 0.2, (len(at), 2))
    soundfile.write(path, noise * np.exp(-(at % beat) / 4_000)[:, None], RATE, subtype="PCM_16")
    return path


def song(desk, tmp_path):
    """Four bars with a ramp and another signature, an item, and two envelopes."""
    project = desk.project
    project.bpm = 140.0
    bar = 4 * 60 / 140
    ramp_end = 2 * bar + 120 * 4 / (140 + 160)
    project.markers = [
        Marker(0.0, 140.0, (4, 4)),
        Marker(2 * bar, 140.0, is_linear=True),
        Marker(ramp_end, 160.0, (3, 4)),
    ]
    points = [Breakpoint(0.0, 0.3), Breakpoint(2.0, 0.8, Shape.SMOOTH), Breakpoint(5.0, 0.5)]
    effect = add_lanes(
        desk.reaper,
        denoise=points,
        output_gain=[Breakpoint(0.5, -6.0, Shape.HOLD), Breakpoint(bar, -1.0)],
    )
    item = audio_item(drums(tmp_path / "drums.wav"), 0.0, LENGTH, D_STARTOFFS=OFFSET)
    project.tracks.append(Track("audio", items=[item]))
    return effect


def test_bars_in_items_are_the_command_lines_render_of_the_same_project(
    house_desk, tmp_path, anacrusis_render
):
    desk = house_desk
    song(desk, tmp_path)
    desk.settle(prompt="jazz piano trio", seed="3", bars="2")
    desk.project.selection = (0.0, 6.0)
    desk.connect()
    desk.do("send_item", "The source is 'drums.wav' from bar 1 on, from its file")
    desk.do("render", "4 bars are on the new track")
    project, cut = tmp_path / "song.rpp", tmp_path / "cut.wav"
    project.write_text(rpp_of(desk.project))
    first, end = round(OFFSET * RATE), round((OFFSET + LENGTH) * RATE)
    audio, _ = soundfile.read(tmp_path / "drums.wav", dtype="float32", start=first, stop=end)
    soundfile.write(cut, audio, RATE, subtype="FLOAT")
    words = ["--project", project, "--bars", "1-4", "--window", 2, "--seed", 3]
    expected = anacrusis_render(cut, *words, "--prompt", "jazz piano trio")
    bars = laid(desk.project)
    heard = np.concatenate([sound for _, _, sound in bars])
    assert len(bars) == 4
    assert np.array_equal(heard, expected)
    assert np.sqrt(np.mean(heard**2)) > 0.01


def test_without_its_lanes_the_project_sounds_otherwise(house_desk, tmp_path, anacrusis_render):
    """So that the test above can fail: the lanes are heard."""
    desk = house_desk
    song(desk, tmp_path)
    project = tmp_path / "song.rpp"
    project.write_text(rpp_of(desk.project))
    with_lanes = anacrusis_render(tmp_path / "drums.wav", "--project", project, "--bars", "1-1")
    desk.project.tracks.clear()
    project.write_text(rpp_of(desk.project))
    without = anacrusis_render(tmp_path / "drums.wav", "--project", project, "--bars", "1-1")
    assert np.abs(with_lanes - without).max() > 0.05

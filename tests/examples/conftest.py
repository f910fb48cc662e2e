"""One engine process with a gateway, and a folder with the sounds that the scripts are given."""

import os
import signal
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import SimpleNamespace

import mido
import numpy as np
import pytest
import soundfile
from click_tracks import RATE, clicks, sine

from bridge_protocol.lanes import Anchor, Breakpoint, BreakpointLane
from bridge_protocol.meter import MeterMap
from bridge_protocol.tempo import TempoLaw, TempoMap, TempoSegment
from daw_clients.projects.dawproject_write import write_dawproject
from daw_clients.projects.project import Locator, Project, ProjectLane

ROOT = Path(__file__).parents[2]
TOKEN = "a-token-for-the-tests-alone"
KICKS = [0.1 + 0.5 * number for number in range(8)]


@pytest.fixture(scope="session")
def served():
    words = ["serve", "--port", "0", "--gateway-port", "0", "--threads", "1"]
    process = subprocess.Popen(
        [sys.executable, "-m", "engine_host", *words],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "ANACRUSIS_GATEWAY_TOKEN": TOKEN},
    )
    lines = [process.stdout.readline() for _ in range(2)]
    assert "listening on tcp://127.0.0.1:" in lines[0]
    assert "listening on gateway://127.0.0.1:" in lines[1]
    endpoint, gateway = (line.split("listening on ")[1].split(",")[0].strip() for line in lines)
    yield SimpleNamespace(endpoint=endpoint, gateway=gateway, token=TOKEN)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=15)


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """The current folder: loop.wav, target.wav and kick.wav (4 s each), a folder of clicks at
    100 bpm, song.dawproject and song.mid."""
    monkeypatch.chdir(tmp_path)
    seconds = np.arange(4 * RATE) / RATE
    swell = np.abs(np.sin(np.pi * seconds / 4))[:, None].astype(np.float32)
    soundfile.write("loop.wav", sine(220, 4) * swell, RATE, subtype="FLOAT")
    soundfile.write("target.wav", sine(330, 4), RATE, subtype="FLOAT")
    soundfile.write("kick.wav", kicks(), RATE, subtype="FLOAT")
    (tmp_path / "loops").mkdir()
    soundfile.write("loops/clicks.wav", clicks(100, 8), RATE, subtype="FLOAT")
    write_dawproject(tmp_path / "song.dawproject", ramped_song())
    two_channels().save("song.mid")
    return tmp_path


def kicks():
    audio = np.zeros((4 * RATE, 1), np.float32)
    seconds = np.arange(RATE // 10) / RATE
    hit = 0.8 * np.cos(2 * np.pi * 60 * seconds) * np.exp(-30 * seconds)
    for time in KICKS:
        start = round(time * RATE)
        audio[start : start + len(hit), 0] += hit[: len(audio) - start]
    return audio


def ramped_song():
    """120 to 90 bpm over bars 1 and 2, straight over beats; a chorus in bars 3 and 4."""
    tempo = TempoMap(
        [
            TempoSegment(0.0, 120.0, 90.0, TempoLaw.LINEAR_BEATS),
            TempoSegment(8.0, 90.0, 90.0, TempoLaw.STEP),
        ]
    )
    lane = BreakpointLane([Breakpoint(0.0, 0.2), Breakpoint(8.0, 0.9)], Anchor.PPQ)
    locators = (Locator(0.0, "Verse"), Locator(8.0, "Chorus"), Locator(16.0, "End"))
    lanes = (ProjectLane(("Synth", "Anacrusis", "denoise"), lane, 0.0, 1.0),)
    return Project("DAWproject", tempo, MeterMap.constant(4, 4), lanes, locators)


def two_channels():
    file = mido.MidiFile(ticks_per_beat=480)
    for channel, pitch in ((0, 60), (1, 36)):
        track = mido.MidiTrack()
        if channel == 0:
            track.append(mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(125)))
        for _ in range(8):
            track.append(mido.Message("note_on", channel=channel, note=pitch, velocity=90, time=0))
            track.append(mido.Message("note_off", channel=channel, note=pitch, time=480))
        file.tracks.append(track)
    return file


def example(name):
    """A script of examples/, as a module."""
    spec = spec_from_file_location(f"example_{name}", ROOT / "examples" / f"{name}.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def run(served, desk, capsys):
    """Runs a script as from the command line; gives what it printed."""

    def run_one(name, *words):
        example(name).main([*words, "--endpoint", served.endpoint])
        return capsys.readouterr().out

    run_one.module = example
    return run_one

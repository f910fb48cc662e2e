"""The scripts of examples/, each against a real engine."""

import csv
import hashlib
import math
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click_tracks import RATE, lateness_ms
from scipy.ndimage import uniform_filter1d

from bridge_protocol.meter import MeterMap
from bridge_protocol.schema import Note
from bridge_protocol.tempo import TempoMap
from daw_clients.client import Client

EXAMPLES = Path(__file__).parents[2] / "examples"
NAMES = sorted(path.stem for path in EXAMPLES.glob("*.py"))
KICKS = [0.1 + 0.5 * number for number in range(8)]


def heard(path):
    audio, rate = soundfile.read(path, dtype="float32", always_2d=True)
    assert rate == RATE
    return audio


def test_there_are_ten_and_each_tells_how_it_is_used(capsys, run):
    assert len(NAMES) == 10
    for name in NAMES:
        with pytest.raises(SystemExit) as end:
            run(name, "--help")
        told = capsys.readouterr().out
        assert end.value.code == 0
        assert f"python {name}.py" in told
        assert "--endpoint" in told


def test_a_script_runs_from_anywhere_and_says_what_is_wrong_in_one_line(tmp_path):
    script = EXAMPLES / "chorus_in_styles.py"
    done = subprocess.run(
        [sys.executable, script, "no.wav", "--bars", "0-2"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert re.fullmatch(r"error OUT_OF_RANGE --bars: .*\n", done.stderr)


def test_the_chorus_is_eight_files_of_its_bars_and_every_style_is_understood(run, desk):
    run("chorus_in_styles", "loop.wav", "--bars", "2-2")
    files = sorted((desk / "styles").iterdir())
    assert [file.name[:3] for file in files] == [f"{number:02d}-" for number in range(1, 9)]
    assert {len(heard(file)) for file in files} == {2 * RATE}
    assert len({file.read_bytes() for file in files}) == 8


def test_a_chorus_at_denoise_0_is_the_songs_own_bars_to_the_sample(run, desk):
    told = run(
        "chorus_in_styles", "loop.wav", "--bars", "2-2", "--styles", "jazz", "--denoise", "0"
    )
    assert told == "styles/01-jazz.wav: bars 2-2, 96000 samples\n"
    assert np.array_equal(heard("styles/01-jazz.wav"), heard("loop.wav")[2 * RATE :])


def test_the_chorus_is_found_by_its_name_in_a_project(run, desk):
    soundfile.write("song.wav", np.resize(heard("loop.wav"), (12 * RATE, 2)), RATE)
    words = ("--project", "song.dawproject", "--bars", "Chorus", "--styles", "funk")
    told = run("chorus_in_styles", "song.wav", *words)
    assert told == f"styles/01-funk.wav: bars 3-4, {round(8 * 60 / 90 * RATE)} samples\n"


def test_the_morph_lane_is_the_rms_that_scipys_moving_mean_finds(run, desk):
    audio = heard("loop.wav")
    lane = run.module("morph_from_rms").rms_lane(audio, RATE, 0.8)
    power = audio[:, 0].astype(np.float64) ** 2  # both channels are the same
    rms = np.sqrt(uniform_filter1d(power, 3840, mode="constant")[::1920])
    assert len(lane.values) == 100
    assert lane.values == pytest.approx(0.8 * rms / rms.max(), abs=1e-6)
    assert (lane.rate_hz, lane.values.max()) == (25.0, pytest.approx(0.8))


def test_a_morph_is_heard_and_with_no_top_there_is_none(run, desk):
    told = run("morph_from_rms", "loop.wav", "target.wav", "--bars", "1-1", "--repeat", "2")
    assert told.endswith("morph.wav: bars 1-1, 96000 samples\n")
    morphed = heard("morph.wav")
    words = ("--bars", "1-1", "--repeat", "2", "--top", "0", "--out", "plain.wav")
    run("morph_from_rms", "loop.wav", "target.wav", *words)
    assert np.abs(morphed - heard("plain.wav")).max() > 0.01


def test_a_remix_is_its_passes_to_the_sample_and_each_is_another(run, desk):
    told = run("evolving_remix", "loop.wav", "--passes", "3", "--bpm", "174")
    loop = round(8 * 60 / 174 * RATE)
    assert f"remix.wav: 3 passes, {3 * loop} samples, 0 missing\n" in told
    audio = heard("remix.wav")
    assert len(audio) == 3 * loop
    passes = [audio[start : start + loop] for start in (0, loop, 2 * loop)]
    assert np.abs(passes[0] - passes[1]).max() > 0.01
    assert np.abs(passes[1] - passes[2]).max() > 0.01


def test_a_batch_has_the_tempo_that_was_asked_for_and_a_broken_file_is_left_out(run, desk, capsys):
    (desk / "loops" / "broken.wav").write_bytes(b"no sound")
    words = ("--bpm", "125", "--source-bpm", "100", "--repeat", "2", "--bars", "2")
    with pytest.raises(SystemExit) as end:
        run("batch_in_tempo", "loops", *words, "--denoise", "0")
    told = capsys.readouterr().out.splitlines()
    assert end.value.code == 1
    assert told[0].startswith("broken.wav is left out: ")
    assert told[1:] == ["in-tempo/clicks.wav: 184320 samples", "1 of 2 files at 125 bpm"]
    beats = [round(beat * 0.48 * RATE) for beat in range(1, 8)]
    late = lateness_ms(heard("in-tempo/clicks.wav")[:, 0], beats)
    assert np.abs(late).max() < 5


def test_a_seed_of_the_contact_sheet_is_made_again_byte_for_byte(run, desk):
    run("seed_contact_sheet", "--seeds", "7", "8", "9", "--bars", "1", "--bpm", "125")
    with Path("sheet.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    sheet = heard("sheet.wav")
    assert [(int(row["seed"]), int(row["first_sample"])) for row in rows] == [
        (7, 0),
        (8, 92_160),
        (9, 184_320),
    ]
    digests = [hashlib.sha256(take.tobytes()).hexdigest() for take in np.split(sheet, 3)]
    assert digests == [row["sha256"] for row in rows]
    assert len(set(digests)) == 3
    run("seed_contact_sheet", "--seeds", "8", "--bars", "1", "--bpm", "125", "--out", "8.wav")
    assert np.array_equal(heard("8.wav"), np.split(sheet, 3)[1])


def test_a_projects_ramp_has_the_length_of_its_closed_form(run, desk):
    told = run("project_with_ramp", "song.dawproject", "--bars", "1-2", "--source", "loop.wav")
    seconds = 60 * 8 * math.log(90 / 120) / (90 - 120)
    assert len(heard("ramp.wav")) == round(seconds * RATE)
    assert re.search(rf"^   3   90\.00 +{seconds:.6f} +{round(seconds * RATE)}$", told, re.M)
    assert "denoise from Synth/Anacrusis/denoise" in told


def test_denoise_falls_at_every_kick_and_comes_back(run, desk):
    script = run.module("kick_sidechain")
    times = script.onsets(*soundfile.read("kick.wav", always_2d=True))
    assert times == pytest.approx(KICKS, abs=0.005)
    lane = script.ducked(times, 0.2, 0.8, 0.3)
    for after, value in ((0.0, 0.2), (0.15, 0.5), (0.3, 0.8), (0.4, 0.8)):
        at = np.array(times) + after
        assert lane.evaluate(TempoMap.constant(99), at) == pytest.approx([value] * 8)
    fast = script.ducked([0.0, 0.15], 0.2, 0.8, 0.3)  # the second cuts the way back
    assert fast.evaluate(TempoMap.constant(99), [0.149, 0.15]) == pytest.approx([0.498, 0.2])


def test_a_sidechain_is_its_bars_and_tells_the_kicks(run, desk):
    told = run("kick_sidechain", "loop.wav", "kick.wav", "--bars", "1-1", "--repeat", "2")
    assert told.splitlines()[0] == "8 kicks, the first at 0.100, 0.600, 1.100, 1.600 s"
    assert len(heard("sidechain.wav")) == 2 * RATE


def test_stems_are_the_notes_of_each_channel_and_all_of_one_length(run, desk, served):
    told = run("stems_from_midi", "song.mid", "--prompt", "1=electric piano")
    assert told.splitlines() == [
        f"stems/channel-{channel:02d}.wav: 8 notes, bars 1-2, 184320 samples" for channel in (1, 2)
    ]
    with Client(served.endpoint) as client:
        client.set_tempo(TempoMap.constant(125), MeterMap.constant(4, 4))
        client.prompt("electric piano")
        client.notes([Note(ppq=n, length_ppq=1, pitch=60, velocity=90) for n in range(8)])
        alone = client.render(1, 2)
    assert np.array_equal(heard("stems/channel-01.wav"), alone)
    assert not np.array_equal(heard("stems/channel-02.wav"), alone)


def test_a_jam_at_denoise_0_gives_the_input_back_bit_for_bit(run, desk):
    told = run("interval_jam", "loop.wav", "--bars", "2", "--bpm", "150", "--denoise", "0")
    assert told.endswith(f"jam.wav: 2 bars, {round(3.2 * RATE)} samples, 0 missing\n")
    assert np.array_equal(heard("jam.wav"), heard("loop.wav")[: round(3.2 * RATE)])


def test_every_turn_of_the_knob_is_answered_and_its_end_is_told(run):
    told = run("follow_promises", "--turns", "3", "--bpm", "174")
    answers = re.findall(r"^change (\d+): prompt_blend \d\.\d\d [^:]*: (.*)$", told, re.M)
    ends = dict(re.findall(r"^  change (\d+): kept, bar \d+, sample (\d+)$", told, re.M))
    assert len(answers) == 3
    for change, answer in answers[:2]:
        assert answer == f"promised for sample {ends[change]}"
    assert re.fullmatch(r"TOO_LATE: when: .* the next is bar \d+\.", answers[2][1])
    assert told.endswith("3 changes: 2 kept, 1 TOO_LATE\n")

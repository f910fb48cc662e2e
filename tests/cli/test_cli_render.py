import numpy as np
import pytest
import soundfile

RATE = 48_000


@pytest.fixture
def loop(tmp_path):
    """Two bars at 120, a made-up groove."""
    t = np.arange(4 * RATE) / RATE
    beat = t % 0.5
    kick = np.sin(2 * np.pi * 60 * beat) * np.exp(-beat * 20)
    chord = sum(np.sin(2 * np.pi * hz * t) for hz in (220, 277.2, 329.6)) * 0.1
    audio = np.stack([0.6 * kick + chord, 0.6 * kick + 0.8 * chord], axis=1) * 0.5
    path = tmp_path / "loop.wav"
    soundfile.write(path, audio, RATE, subtype="PCM_24")
    return path


def test_the_same_command_gives_the_same_bytes(anacrusis, loop, tmp_path):
    outs = [tmp_path / name for name in ("a.wav", "b.wav")]
    for out in outs:
        words = ["render", loop, "--bpm", 120, "--prompt", "jazz piano", "--seed", 3, "--out", out]
        code, _, err = anacrusis(*words, "--lane", "denoise=1:0.2, 2.3:0.9")
        assert code == 0, err
    assert outs[0].read_bytes() == outs[1].read_bytes()
    audio, rate = soundfile.read(outs[0])
    assert (rate, audio.shape) == (RATE, (4 * RATE, 2))
    assert np.isfinite(audio).all()
    assert 0.01 < np.sqrt(np.mean(audio**2)) < 0.5


def test_without_a_source_the_prompt_alone_is_played_on_the_given_bars(anacrusis, tmp_path):
    out = tmp_path / "new.wav"
    words = ["--tempo", "1:120, 2:120>90/time, 3:90", "--meter", "1:4/4, 3:7/8", "--bars", "1-3"]
    code, told, err = anacrusis(
        "render", *words, "--prompt", "techno", "--bits", "float", "--out", out
    )
    assert code == 0, err
    audio, _ = soundfile.read(out)
    assert len(audio) == round(RATE * (2.0 + 120 * 4 / 210 + 3.5 * 60 / 90))
    assert np.sqrt(np.mean(audio**2)) > 0.01
    assert str(len(audio)) in told


def test_a_float_file_has_the_same_bytes_twice(anacrusis, tmp_path):
    outs = [tmp_path / name for name in ("a.wav", "b.wav")]
    for out in outs:
        assert anacrusis("render", "--bars", "1", "--bits", "float", "--out", out)[0] == 0
    assert outs[0].read_bytes() == outs[1].read_bytes()


@pytest.mark.parametrize(
    ("rate", "channels", "subtype", "suffix"),
    [
        (44_100, 1, "PCM_16", "wav"),
        (96_000, 2, "PCM_24", "wav"),
        (22_050, 2, "FLOAT", "wav"),
        (48_000, 2, "PCM_24", "flac"),
        (44_056, 1, "PCM_16", "wav"),
    ],
)
def test_files_of_any_rate_width_and_channels_are_taken(
    anacrusis, tmp_path, rate, channels, subtype, suffix
):
    path, out = tmp_path / f"in.{suffix}", tmp_path / "out.wav"
    t = np.arange(2 * rate) / rate
    tone = 0.3 * np.sin(2 * np.pi * 220 * t)[:, None].repeat(channels, axis=1)
    soundfile.write(path, tone, rate, subtype=subtype)
    code, _, err = anacrusis("render", path, "--out", out, "--set", "denoise=0")
    assert code == 0, err
    audio, heard_rate = soundfile.read(out)
    assert heard_rate == (48_000 if rate == 44_056 else rate)
    assert abs(len(audio) - 2 * heard_rate) <= 1
    t = np.arange(len(audio)) / heard_rate
    middle = slice(len(audio) // 4, len(audio) // 2)
    wanted = 0.3 * np.sin(2 * np.pi * 220 * t)
    assert np.abs(audio[middle, 0] - wanted[middle]).max() < 2e-3


@pytest.mark.parametrize(
    ("words", "code", "field"),
    [
        (["{folder}/none.wav"], "FILE_MISSING", "source"),
        (["{folder}/broken.wav"], "FILE_BROKEN", "source"),
        (["{folder}/empty.wav"], "EMPTY_SOURCE", "source"),
        (["{loop}", "--target", "{folder}/none.wav"], "FILE_MISSING", "--target"),
        (["{loop}", "--lane", "denoise=1:nan"], "NOT_FINITE", "--lane denoise"),
        (["{loop}", "--lane", "denoise=1:7"], "OUT_OF_RANGE", "--lane denoise"),
        (["{loop}", "--lane", "denoise"], "BAD_NOTATION", "--lane"),
        (["{loop}", "--lane", "louder=1:0"], "UNKNOWN_PARAMETER", "--lane"),
        (["{loop}", "--set", "louder=1"], "UNKNOWN_PARAMETER", "--set"),
        (["{loop}", "--set", "depth=2"], "CANNOT_HEAR", "--set depth"),
        (["{loop}", "--set", "solver=euler"], "BAD_NOTATION", "--set solver"),
        (["{loop}", "--bpm", "0"], "OUT_OF_RANGE", "--bpm"),
        (["{loop}", "--bars", "1-9"], "RANGE_PAST_END", "bars"),
        (["{loop}", "--bars", "9-1"], "OUT_OF_RANGE", "--bars"),
        (["--seed", "-1"], "OUT_OF_RANGE", "--seed"),
        (["--bits", "32"], "OUT_OF_RANGE", "--bits"),
        (["--rate", "44101"], "OUT_OF_RANGE", "--rate"),
        (["--accelerator", "steam"], "OUT_OF_RANGE", "accelerator"),
        (["--bpm", "20", "--meter", "1:64/1", "--bars", "1"], "LIMIT", "tempo"),
    ],
)
def test_bad_input_is_refused_and_nothing_is_written(anacrusis, loop, tmp_path, words, code, field):
    (tmp_path / "broken.wav").write_bytes(b"RIFF and then nothing of the kind")
    soundfile.write(tmp_path / "empty.wav", np.zeros((0, 2)), RATE)
    before = sorted(tmp_path.iterdir())
    filled = [word.format(folder=tmp_path, loop=loop) for word in words]
    exit_code, out, err = anacrusis("render", *filled, "--out", tmp_path / "out.wav")
    assert exit_code == 2, err
    assert f"error {code} {field}:" in err
    assert out == ""
    assert sorted(tmp_path.iterdir()) == before


def test_what_can_not_be_heard_is_said(anacrusis, tmp_path):
    words = ["render", "--bars", "1", "--lane", "denoise=1:0.5", "--prompt", "house zzyzx"]
    code, _, err = anacrusis(*words, "--out", tmp_path / "out.wav")
    assert code == 0
    assert "denoise is heard only with a SOURCE" in err
    assert "zzyzx" in err

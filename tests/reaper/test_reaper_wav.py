"""WAV files with the standard library alone, against libsndfile."""

import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile
from anacrusis_reaper.refusal import RefusedError
from anacrusis_reaper.wav_file import open_wav

FRAMES = 2_000


def audio(channels):
    made = np.random.default_rng(channels).uniform(-1, 1, (FRAMES, channels))
    made[0], made[1] = -1.0, 1.0
    return made


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"])
@pytest.mark.parametrize("container", ["WAV", "WAVEX", "RF64"])
def test_samples_are_libsndfiles_to_the_bit(tmp_path, channels, subtype, container):
    path = tmp_path / "file.wav"
    soundfile.write(path, audio(channels), 44_100, subtype=subtype, format=container)
    wav = open_wav(path)
    assert (wav.rate_hz, wav.channels, wav.frames) == (44_100, channels, FRAMES)
    for first, count in ((0, FRAMES), (100, 700), (1_990, 50), (3_000, 5)):
        expected, _ = soundfile.read(
            path, dtype="float32", start=min(first, FRAMES), stop=min(first + count, FRAMES)
        )
        assert np.array_equal(np.array(wav.read(first, count)), expected.reshape(-1))


@pytest.mark.parametrize(
    ("name", "subtype", "container"),
    [
        ("file.wav", "ULAW", "WAV"),
        ("file.wav", "PCM_U8", "WAV"),
        ("file.wav", "IMA_ADPCM", "WAV"),
        ("file.flac", "PCM_16", "FLAC"),
        ("file.ogg", "VORBIS", "OGG"),
        ("file.aiff", "PCM_16", "AIFF"),
    ],
)
def test_what_is_no_plain_wav_is_left_to_reaper(tmp_path, name, subtype, container):
    path = tmp_path / name
    soundfile.write(path, audio(1), 44_100, subtype=subtype, format=container)
    assert open_wav(path) is None


def test_four_channels_are_left_to_reaper(tmp_path):
    path = tmp_path / "quad.wav"
    soundfile.write(path, audio(4), 44_100)
    assert open_wav(path) is None


def test_chunks_before_the_samples_are_passed_over_also_of_odd_length(tmp_path):
    path = tmp_path / "file.wav"
    soundfile.write(path, audio(2), 48_000, subtype="PCM_16")
    plain = path.read_bytes()
    at = plain.index(b"data")
    odd = b"junk" + struct.pack("<I", 5) + b"12345\0"
    large = b"bext" + struct.pack("<I", 9_000) + bytes(9_000)
    path.write_bytes(plain[:at] + odd + large + plain[at:])
    expected, _ = soundfile.read(path, dtype="float32")
    assert np.array_equal(np.array(open_wav(path).read(0, FRAMES)), expected.reshape(-1))


def test_a_file_cut_short_has_the_frames_that_are_there(tmp_path):
    path = tmp_path / "file.wav"
    soundfile.write(path, audio(2), 48_000, subtype="PCM_16")
    path.write_bytes(path.read_bytes()[:-403])
    wav = open_wav(path)
    assert wav.frames == FRAMES - 101
    assert len(wav.read(0, FRAMES)) == 2 * wav.frames


@pytest.mark.parametrize(
    "octets", [b"", b"RIFF", b"RIFF\0\0\0\0WAVE", b"RIFF\0\0\0\0WAVEdata", b"x" * 64]
)
def test_rubbish_is_no_wav(tmp_path, octets):
    path = tmp_path / "file.wav"
    path.write_bytes(octets)
    assert open_wav(path) is None


def test_a_file_that_is_gone_is_refused(tmp_path):
    path = tmp_path / "file.wav"
    soundfile.write(path, audio(1), 48_000)
    wav = open_wav(path)
    path.unlink()
    with pytest.raises(RefusedError) as refused:
        wav.read(0, 10)
    assert refused.value.code == "FILE_BROKEN"
    with pytest.raises(RefusedError) as refused:
        open_wav(Path(path))
    assert refused.value.code == "FILE_MISSING"

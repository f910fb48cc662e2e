"""Files: the nearest step, the same samples in every format, whole or not at all."""

import hashlib

import numpy as np
import pytest
import soundfile

from bridge_protocol.errors import ErrorCode, RefusedError
from engine_host import files
from engine_host.files import check_writable, quantised, wav_container, write_audio
from engine_host.hashing import sha256_of

RATE = 48_000


def noise(frames=10_001):
    audio = np.random.default_rng(3).uniform(-1.1, 1.1, (frames, 2)).astype(np.float32)
    audio[:2] = [[1.0, -1.0], [2**-16, -(2**-16)]]
    return audio


def cut(audio, size):
    return [audio[start : start + size] for start in range(0, len(audio), size)]


@pytest.mark.parametrize("depth", ["16", "24"])
def test_wav_and_flac_hold_the_same_nearest_steps(tmp_path, depth):
    audio, bits = noise(), int(depth)
    expected = np.clip(
        np.rint(audio.astype(np.float64) * 2 ** (bits - 1)), -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    )
    for kind in ("wav", "flac"):
        path = tmp_path / f"out.{kind}"
        write_audio(path, [audio], RATE, len(audio), kind, depth)
        read, rate = soundfile.read(path, dtype="int32", always_2d=True)
        assert rate == RATE
        assert soundfile.info(path).subtype == f"PCM_{depth}"
        assert np.array_equal(read >> (32 - bits), expected.astype(np.int32))


def test_what_a_depth_can_hold_comes_back_as_it_is():
    for depth in ("16", "24"):
        steps = np.array([[-(2 ** (int(depth) - 1)), 2 ** (int(depth) - 1) - 1], [-1, 1]])
        audio = (steps / 2 ** (int(depth) - 1)).astype(np.float32)
        assert np.array_equal(quantised(audio, depth) >> (32 - int(depth)), steps)


def test_float_files_hold_every_bit(tmp_path):
    write_audio(tmp_path / "out.wav", cut(noise(), 999), RATE, len(noise()), "wav", "float")
    read, _ = soundfile.read(tmp_path / "out.wav", dtype="float32")
    assert read.tobytes() == noise().tobytes()


@pytest.mark.parametrize(
    ("kind", "depth"),
    [("wav", "16"), ("wav", "24"), ("wav", "float"), ("flac", "16"), ("flac", "24")],
)
def test_the_bytes_do_not_hang_on_how_the_audio_is_cut(tmp_path, kind, depth):
    hashes = set()
    for size in (20_000, 4_096, 1_000, 77):
        path = tmp_path / f"{size}.{kind}"
        write_audio(path, cut(noise(), size), RATE, len(noise()), kind, depth)
        hashes.add(hashlib.sha256(path.read_bytes()).hexdigest())
        assert sha256_of(path) in hashes
    assert len(hashes) == 1


def test_what_passes_4_gib_becomes_an_rf64(tmp_path, monkeypatch):
    four_hours = 4 * 3600 * RATE
    assert wav_container(four_hours, "24") == "WAV"
    assert wav_container(four_hours, "float") == "RF64"
    monkeypatch.setattr(files, "_WAV_LIMIT_BYTES", 100)
    write_audio(tmp_path / "long.wav", [noise()], RATE, len(noise()), "wav", "24")
    assert soundfile.info(tmp_path / "long.wav").format == "RF64"
    read, _ = soundfile.read(tmp_path / "long.wav", dtype="int32")
    assert np.array_equal(read, quantised(noise(), "24"))


@pytest.mark.parametrize(
    ("depth", "rate", "field"), [("float", RATE, "--bits"), ("24", 96_025, "--rate")]
)
def test_what_flac_can_not_hold_is_refused(depth, rate, field):
    with pytest.raises(RefusedError, match=r"\.wav") as caught:
        check_writable("flac", depth, rate)
    assert (caught.value.code, caught.value.field) == ("OUT_OF_RANGE", field)
    check_writable("wav", depth, rate)


@pytest.mark.parametrize("rate", [8_000, 44_100, 48_025, 65_525, 65_550, 96_000, 192_000, 384_000])
def test_the_rates_that_are_not_refused_can_be_written_as_flac(tmp_path, rate):
    check_writable("flac", "24", rate)
    write_audio(tmp_path / "out.flac", [noise(2_000)], rate, 2_000, "flac", "24")
    assert soundfile.info(tmp_path / "out.flac").samplerate == rate


@pytest.mark.parametrize("kind", ["wav", "flac"])
def test_a_file_that_was_not_finished_leaves_the_old_one_and_nothing_else(tmp_path, kind):
    path = tmp_path / f"out.{kind}"
    path.write_bytes(b"the old one")

    def broken():
        yield noise()
        raise RefusedError(ErrorCode.CANCELLED, "render", "stopped")

    with pytest.raises(RefusedError):
        write_audio(path, broken(), RATE, 2 * len(noise()), kind)
    assert path.read_bytes() == b"the old one"
    assert list(tmp_path.iterdir()) == [path]


def test_a_disk_that_fails_is_an_os_error_that_names_the_file(tmp_path, monkeypatch):
    def failing(*words, **named):
        raise soundfile.LibsndfileError(2, "")

    monkeypatch.setattr(files.soundfile.SoundFile, "write", failing)
    with pytest.raises(OSError, match="could not be written") as caught:
        write_audio(tmp_path / "out.wav", [noise()], RATE, len(noise()))
    assert caught.value.filename == str(tmp_path / "out.wav")
    assert list(tmp_path.iterdir()) == []

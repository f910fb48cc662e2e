"""The small helpers of scripts: options, errors, files."""

import numpy as np
import pytest
import soundfile

from bridge_protocol.errors import ErrorCode, RefusedError
from daw_clients.client.audio_files import read_audio, write_audio
from daw_clients.client.client import DEFAULT_ENDPOINT
from daw_clients.client.scripting import play_until, run_script, script_parser


def test_a_refusal_is_one_line_and_exit_code_2(capsys):
    def main():
        raise RefusedError(ErrorCode.OUT_OF_RANGE, "--bpm", "give 20 to 999")

    with pytest.raises(SystemExit) as end:
        run_script(main)
    assert end.value.code == 2
    assert capsys.readouterr() == ("", "error OUT_OF_RANGE --bpm: give 20 to 999\n")


def test_ctrl_c_is_exit_code_130():
    def main():
        raise KeyboardInterrupt

    with pytest.raises(SystemExit) as end:
        run_script(main)
    assert end.value.code == 130


def test_every_script_knows_where_the_engine_listens():
    assert script_parser("Does it.").parse_args([]).endpoint == DEFAULT_ENDPOINT
    assert script_parser("Does it.\n\n    like this").format_help().count("    like this\n") == 1


def test_a_file_that_was_written_is_read_bit_for_bit(tmp_path):
    audio = np.random.default_rng(1).uniform(-1.5, 1.5, (1_000, 2)).astype(np.float32)
    path = write_audio(tmp_path / "new" / "a.wav", audio, 44_100)
    again, rate_hz = read_audio(path)
    assert rate_hz == 44_100
    assert np.array_equal(again, audio)
    assert soundfile.info(str(path)).subtype == "FLOAT"


def test_a_file_that_is_missing_or_no_audio_is_refused(tmp_path):
    (tmp_path / "text.wav").write_text("no audio")
    for name, code in (("none.wav", ErrorCode.FILE_MISSING), ("text.wav", ErrorCode.FILE_BROKEN)):
        with pytest.raises(RefusedError) as refused:
            read_audio(tmp_path / name, "kick")
        assert (refused.value.code, refused.value.field) == (code, "kick")


def test_a_place_that_can_t_be_written_is_refused(tmp_path):
    (tmp_path / "file").write_text("here")
    with pytest.raises(RefusedError) as refused:
        write_audio(tmp_path / "file" / "a.wav", np.zeros((10, 2), np.float32), 48_000)
    assert refused.value.code is ErrorCode.FILE_BROKEN


def test_playing_that_never_comes_to_it_is_no_engine():
    class Deaf:
        def run_until(self, done, timeout_s):
            return False

    with pytest.raises(RefusedError) as refused:
        play_until(Deaf(), bool, 3)
    assert refused.value.code is ErrorCode.NO_ENGINE

"""The token: who may read it, and how it is made."""

from __future__ import annotations

import logging
import os
import threading

import pytest

from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.gateway_frames import TOKEN_VARIABLE
from engine_host.server import gateway_token as module
from engine_host.server.gateway_token import gateway_token, token_file


@pytest.fixture
def path(tmp_path):
    return tmp_path / "new" / "gateway.token"


def test_a_token_is_made_once_and_stays(path):
    first, again = gateway_token({}, path), gateway_token({}, path)
    assert first.secret == again.secret == path.read_text().strip()
    assert len(first.secret) >= 43  # 256 bits
    assert str(path) in first.where
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_two_tokens_differ(tmp_path):
    assert gateway_token({}, tmp_path / "a").secret != gateway_token({}, tmp_path / "b").secret


def test_only_its_user_can_read_the_file_whatever_the_umask(path):
    before = os.umask(0)
    try:
        gateway_token({}, path)
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_file_that_others_could_read_is_closed_to_them_with_a_warning(path, caplog):
    secret = gateway_token({}, path).secret
    path.chmod(0o644)
    assert gateway_token({}, path).secret == secret
    assert path.stat().st_mode & 0o777 == 0o600
    assert "could be read by others" in caplog.text
    assert secret not in caplog.text


def test_the_environment_comes_first_and_no_file_is_made(path):
    token = gateway_token({TOKEN_VARIABLE: "a secret of my own"}, path)
    assert token.secret == "a secret of my own"
    assert TOKEN_VARIABLE in token.where
    assert not path.exists()


@pytest.mark.parametrize("given", ["", "short", "x" * 15, "x" * 257])
def test_a_token_of_a_bad_length_is_refused_and_not_told(path, given):
    with pytest.raises(RefusedError) as refused:
        gateway_token({TOKEN_VARIABLE: given}, path)
    assert refused.value.code is ErrorCode.BAD_TOKEN
    assert not given or given not in refused.value.message


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff" * 40])
def test_a_broken_file_is_refused_with_its_name(path, content):
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(RefusedError, match=r"gateway\.token"):
        gateway_token({}, path)


def test_a_folder_in_its_place_is_refused(path):
    path.mkdir(parents=True, mode=0o700)
    with pytest.raises(RefusedError) as refused:
        gateway_token({}, path)
    assert refused.value.code is ErrorCode.FILE_BROKEN


def test_gateways_that_start_at_once_agree(path, monkeypatch):
    together = threading.Barrier(2)
    link = os.link

    def both(source, target):
        together.wait(10)
        link(source, target)

    monkeypatch.setattr(module.os, "link", both)
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(gateway_token({}, path).secret))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [path.read_text().strip()] * 2
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_only_the_whole_token_matches(path):
    token = gateway_token({}, path)
    assert token.matches(token.secret)
    for wrong in ("", token.secret[:-1], token.secret + "x", token.secret.swapcase(), "\u00e4"):
        assert not token.matches(wrong)


def test_a_token_is_in_no_repr(path, caplog):
    caplog.set_level(logging.DEBUG)
    token = gateway_token({}, path)
    assert token.secret not in repr(token)
    assert token.secret not in caplog.text


def test_the_file_lies_with_the_users_data(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert token_file().name == "gateway.token"
    assert token_file().parent.name == "anacrusis"

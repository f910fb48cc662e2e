"""`anacrusis bitwig`, and what is generated for Bitwig's clients."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from bitwig_host import CONTROLLER, EXTENSION
from msgspec import Meta

from bridge_protocol.generate import es5_constants, java_constants
from bridge_protocol.generate.client_facts import LANES, PROMPT_CHARACTERS
from bridge_protocol.schema import Text
from daw_clients.bitwig.packaging import shipped, usual_folder
from engine_host.cli.app import run

NAMES = sorted(path.name for path in shipped())


@pytest.fixture
def anacrusis(monkeypatch, capsys):
    def call(*words):
        monkeypatch.setattr(sys, "argv", ["anacrusis", *[str(word) for word in words]])
        with pytest.raises(SystemExit) as ended:
            run()
        told = capsys.readouterr()
        return ended.value.code or 0, told.out, told.err

    return call


def test_install_puts_every_file_in_place_and_says_what_to_click(anacrusis, tmp_path):
    code, out, err = anacrusis("bitwig", "install", "--controllers-dir", tmp_path)
    assert (code, err) == (0, "")
    placed = tmp_path / "Anacrusis"
    assert sorted(path.name for path in placed.iterdir()) == NAMES
    assert all((placed / path.name).read_bytes() == path.read_bytes() for path in shipped())
    assert f"{len(NAMES)} of {len(NAMES)} files written" in out
    assert "anacrusis gateway --show-token" in out


def test_installing_again_writes_what_changed_and_keeps_what_is_others(anacrusis, tmp_path):
    anacrusis("bitwig", "install", "--controllers-dir", tmp_path)
    placed = tmp_path / "Anacrusis"
    (placed / "bridge.js").write_text("old")
    (placed / "mine.js").write_text("mine")
    _, out, _ = anacrusis("bitwig", "install", "--controllers-dir", tmp_path)
    assert f"1 of {len(NAMES)} files written" in out
    assert (placed / "bridge.js").read_bytes() == (CONTROLLER / "bridge.js").read_bytes()
    assert (placed / "mine.js").read_text() == "mine"


def test_a_dry_run_says_every_step_and_does_none(anacrusis, tmp_path):
    _, out, _ = anacrusis("bitwig", "install", "--dry-run", "--controllers-dir", tmp_path)
    assert out.splitlines() == [f"write   {tmp_path / 'Anacrusis' / name}" for name in NAMES]
    assert not list(tmp_path.iterdir())
    anacrusis("bitwig", "install", "--controllers-dir", tmp_path)
    _, out, _ = anacrusis("bitwig", "uninstall", "--dry-run", "--controllers-dir", tmp_path)
    assert out.splitlines() == [f"remove  {tmp_path / 'Anacrusis' / name}" for name in NAMES]
    assert len(list((tmp_path / "Anacrusis").iterdir())) == len(NAMES)


def test_uninstall_takes_away_what_install_put_there_and_nothing_else(anacrusis, tmp_path):
    anacrusis("bitwig", "install", "--controllers-dir", tmp_path)
    (tmp_path / "Anacrusis" / "mine.js").write_text("mine")
    (tmp_path / "Other").mkdir()
    _, out, _ = anacrusis("bitwig", "uninstall", "--controllers-dir", tmp_path)
    assert f"{len(NAMES)} files removed" in out
    assert [path.name for path in (tmp_path / "Anacrusis").iterdir()] == ["mine.js"]
    (tmp_path / "Anacrusis" / "mine.js").unlink()
    anacrusis("bitwig", "uninstall", "--controllers-dir", tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["Other"]


@pytest.mark.parametrize("command", ["install", "uninstall"])
def test_a_folder_that_is_not_there_is_refused_in_one_line(anacrusis, tmp_path, command):
    code, out, err = anacrusis("bitwig", command, "--controllers-dir", tmp_path / "none")
    assert (code, out) == (2, "")
    assert err.startswith("error FILE_MISSING --controllers-dir: There is no folder")
    assert err.count("\n") == 1


def test_a_folder_that_cannot_be_written_is_refused_in_one_line(anacrusis, tmp_path):
    (tmp_path / "Anacrusis").write_text("a file")
    code, _, err = anacrusis("bitwig", "install", "--controllers-dir", tmp_path)
    assert code == 2
    assert err.startswith("error FILE_BROKEN --controllers-dir: ")


@pytest.mark.parametrize(
    ("platform", "folder"),
    [
        ("linux", "Bitwig Studio/Controller Scripts"),
        ("darwin", "Documents/Bitwig Studio/Controller Scripts"),
        ("win32", "Documents/Bitwig Studio/Controller Scripts"),
    ],
)
def test_the_usual_folder_is_bitwigs(platform, folder):
    assert usual_folder(platform, Path("home")) == Path("home") / folder


# ------------------------------------------------------------ what is generated


def test_the_scripts_constants_are_the_protocols():
    found = (CONTROLLER / "protocol_constants.js").read_text()
    assert found == es5_constants.constants(), "run `make docs`"


def test_the_extensions_constants_are_the_protocols():
    found = (EXTENSION / "src/core/anacrusis/core/Protocol.java").read_text()
    assert found == java_constants.constants(), "run `make docs`"


def test_the_facts_that_are_written_out_are_the_schemas():
    (meta,) = (item for item in Text.__metadata__ if isinstance(item, Meta))
    assert meta.max_length == PROMPT_CHARACTERS
    assert len({spec.name.replace("_", "") for spec in LANES}) == len(LANES) > 8

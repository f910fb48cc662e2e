"""``anacrusis reaper``: files in place, files taken away, and renders asked for by a file."""

import json
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile
from fake_reaper import Marker, Project
from reaper_paths import SCRIPTS
from rpp_of import rpp_of

from daw_clients.reaper.packaging import shipped
from engine_host.cli.app import run
from engine_host.cli.reaper_parts.drop import answer_drop, read_request, render_words
from engine_host.cli.reaper_parts.folders import usual_folder

RATE = 48_000


@pytest.fixture
def resources(tmp_path):
    """A REAPER's resource folder, with something of the user's own in it."""
    folder = tmp_path / "REAPER"
    (folder / "Scripts" / "Anacrusis").mkdir(parents=True)
    (folder / "reaper.ini").write_text("")
    (folder / "Scripts" / "Anacrusis" / "my notes.txt").write_text("mine")
    (folder / "Scripts" / "other.lua").write_text("mine")
    return folder


@pytest.fixture
def reaper(monkeypatch, capsys):
    """``anacrusis reaper ...``: (exit code, standard output, standard error)."""

    def call(*words):
        monkeypatch.setattr(sys, "argv", ["anacrusis", "reaper", *map(str, words)])
        code = 0
        try:
            run()
        except SystemExit as end:
            code = end.code or 0
        told = capsys.readouterr()
        return code, told.out, told.err

    return call


def installed(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


OWN = {"reaper.ini", "Scripts/Anacrusis/my notes.txt", "Scripts/other.lua"}


def test_install_puts_every_file_in_place_and_says_what_to_click(reaper, resources):
    code, out, err = reaper("install", "--resource-path", resources)
    assert (code, err) == (0, "")
    targets = {str(file.target) for file in shipped()}
    assert installed(resources) == OWN | targets | {"Scripts/Anacrusis/anacrusis_command.txt"}
    for file in shipped():
        assert (resources / file.target).read_bytes() == file.source.read_bytes()
    assert (resources / "Effects/Anacrusis/Anacrusis Lanes.jsfx").exists()
    for words in (
        "Show action list",
        "Load ReaScript",
        str(resources / "Scripts" / "Anacrusis"),
        "anacrusis serve",
    ):
        assert words in out


def test_the_installed_command_calls_this_anacrusis(reaper, resources):
    reaper("install", "--resource-path", resources)
    command = (resources / "Scripts/Anacrusis/anacrusis_command.txt").read_text().strip()
    found = subprocess.run(
        f"{command} reaper --help", shell=True, capture_output=True, text=True, check=True
    )
    assert "install" in found.stdout


def test_install_again_writes_only_what_differs_and_clears_what_an_older_version_left(
    reaper, resources
):
    reaper("install", "--resource-path", resources)
    changed = resources / "Scripts/Anacrusis/anacrusis_render.py"
    changed.write_text("old")
    left = resources / "Scripts/Anacrusis/anacrusis_reaper/gone_since.py"
    left.write_text("old")
    total = len(shipped()) + 1
    code, out, _ = reaper("install", "--resource-path", resources)
    assert code == 0
    assert out.startswith(f"{resources}: 1 of {total + 1} files written")
    assert not left.exists()
    assert "perform" in changed.read_text()


def test_a_dry_run_names_every_file_and_touches_none(reaper, resources):
    code, out, _ = reaper("install", "--resource-path", resources, "--dry-run")
    assert code == 0
    assert installed(resources) == OWN
    assert out.count("write") == len(shipped()) + 1
    reaper("install", "--resource-path", resources)
    before = installed(resources)
    _, out, _ = reaper("uninstall", "--resource-path", resources, "--dry-run")
    assert installed(resources) == before
    assert out.count("remove") == len(shipped()) + 1


def test_uninstall_removes_what_install_put_there_and_nothing_of_the_users(reaper, resources):
    reaper("install", "--resource-path", resources)
    cache = resources / "Scripts/Anacrusis/anacrusis_reaper/__pycache__"
    cache.mkdir()
    (cache / "api.cpython-311.pyc").write_bytes(b"x")
    code, out, _ = reaper("uninstall", "--resource-path", resources)
    assert code == 0
    assert "files removed" in out
    assert installed(resources) == OWN
    assert not (resources / "Effects" / "Anacrusis").exists()
    assert not (resources / "Scripts/Anacrusis/anacrusis_reaper").exists()
    assert reaper("uninstall", "--resource-path", resources)[1] == f"{resources}: 0 files removed\n"


def test_an_installed_script_finds_its_package_and_runs_in_a_reaper(reaper, resources, tmp_path):
    """In a Python of its own, as REAPER has one, so that nothing of the tests is found instead."""
    reaper("install", "--resource-path", resources)
    code = f"""
import sys
sys.path[:0] = {[str(Path(__file__).parent), str(Path(__file__).parents[1])]!r}
from pathlib import Path
from fake_reaper import FakeReaper
double = FakeReaper(Path({str(tmp_path)!r}))
double.run_script(Path({str(resources)!r}) / "Scripts/Anacrusis/anacrusis_render.py")
print(double.lines(), sys.modules["anacrusis_reaper"].__file__)
"""
    found = subprocess.run(
        [sys.executable, "-c", code],
        cwd=SCRIPTS.parents[1],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Not connected: run the action Anacrusis: Connect first." in found.stdout
    assert str(resources / "Scripts/Anacrusis/anacrusis_reaper") in found.stdout


@pytest.mark.parametrize(
    ("platform", "environ", "folder"),
    [
        ("linux", {}, "/home/me/.config/REAPER"),
        ("linux", {"XDG_CONFIG_HOME": "/config"}, "/config/REAPER"),
        ("darwin", {}, "/home/me/Library/Application Support/REAPER"),
        ("win32", {"APPDATA": "/C/Roaming"}, "/C/Roaming/REAPER"),
        ("win32", {}, "/home/me/AppData/Roaming/REAPER"),
    ],
)
def test_an_installed_reaper_has_its_folder_where_its_system_has_it(platform, environ, folder):
    assert usual_folder(environ, platform, Path("/home/me")) == Path(folder)


def test_a_folder_that_is_none_or_not_reapers_is_refused_with_where_to_look(
    reaper, tmp_path, monkeypatch
):
    code, _, err = reaper("install", "--resource-path", tmp_path / "nowhere")
    assert code == 2
    assert "error FILE_MISSING --resource-path:" in err
    code, _, err = reaper("install", "--resource-path", tmp_path)
    assert code == 2
    assert "error BAD_FIELD --resource-path:" in err
    assert "Show REAPER resource path" in err
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setattr(sys, "platform", "linux")
    code, _, err = reaper("install")
    assert code == 2
    assert str(tmp_path / "REAPER") in err


# --- renders asked for by a file


@pytest.fixture
def request_file(tmp_path):
    markers = [Marker(0.0, 120.0, (4, 4)), Marker(4.0, 120.0, (3, 4))]
    (tmp_path / "project.rpp").write_text(rpp_of(Project(markers=markers)))
    soundfile.write(tmp_path / "loop.wav", np.ones((4 * RATE, 2)) * 0.5, RATE, subtype="FLOAT")

    def write(**more):
        asked = {
            "version": 1, "project": str(tmp_path / "project.rpp"), "first_bar": 2, "last_bar": 3,
            "out": str(tmp_path / "bars.wav"), "prompt": "--techno", "seed": 3, "window_bars": 2,
        } | more  # fmt: skip
        path = tmp_path / "request.json"
        path.write_text(json.dumps(asked))
        return path

    return write


def source(tmp_path, **more):
    return {
        "file": str(tmp_path / "loop.wav"), "offset_s": 0.5, "length_s": 3.0, "position_s": 5.0,
    } | more  # fmt: skip


def answer(path):
    return json.loads(path.with_name("request.json.answer").read_text())


def test_an_answer_says_where_the_bars_belong(request_file, tmp_path):
    path = request_file()
    words = []

    def render(given):
        words.extend(given)
        assert path.with_name("request.json.started").exists()
        soundfile.write(tmp_path / "bars.wav", np.zeros((168_000, 2)), RATE)
        return ""

    assert answer_drop(path, render)
    assert answer(path) == {
        "ok": True, "file": str(tmp_path / "bars.wav"), "name": "Anacrusis bars 2-3",
        "bars": "2-3", "start_s": 2.0, "length_s": 3.5,
    }  # fmt: skip
    assert words[words.index("--prompt") + 1] == "--techno"
    assert words[words.index("--bars") + 1] == "2-3"


def test_an_item_is_cut_out_and_begins_on_the_bar_line_before_it(request_file, tmp_path):
    request = read_request(request_file(source=source(tmp_path)))
    words = render_words(request, tmp_path)
    assert words[1:3] == ["--source-at", "3"]
    audio, rate = soundfile.read(words[0], dtype="float32")
    assert rate == RATE
    assert np.array_equal(np.unique(audio[:RATE]), [0.0])
    assert np.array_equal(np.unique(audio[RATE:]), [0.5])
    assert len(audio) == RATE + 3 * RATE


@pytest.mark.parametrize(
    ("typed", "words"), [("", []), ("tape", ["tape"]), (" tape ,air,", ["tape", "air"])]
)
def test_loras_are_words_of_the_command_place_by_place(request_file, tmp_path, typed, words):
    made = render_words(read_request(request_file(loras=typed)), tmp_path)
    assert [after for word, after in pairwise(made) if word == "--lora"] == words


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"version": 2}, "update the script"),
        ({"first_bar": 0}, "first_bar"),
        ({"seed": -1}, "seed"),
        ({"unknown": 1}, "unknown"),
        ({"loras": ", tape"}, "leave none empty between"),
        ({"loras": "a, b, c, d, e"}, "4 places"),
        ({"loras": "../tape"}, "anacrusis lora list"),
        ({"project": "/nowhere.rpp"}, "nowhere.rpp"),
        (
            {"source": {"file": "/nowhere.wav", "offset_s": 0, "length_s": 1, "position_s": 0}},
            "nowhere.wav",
        ),
    ],
)
def test_whatever_is_wrong_is_answered(request_file, more, words):
    path = request_file(**more)
    rendered = []
    assert not answer_drop(path, lambda given: rendered.append(given) or "")
    assert answer(path)["ok"] is False
    assert words in answer(path)["message"]
    assert rendered == []


def test_an_item_that_loops_is_refused_and_says_so(request_file, tmp_path):
    path = request_file(source=source(tmp_path, length_s=3.6))
    assert not answer_drop(path, lambda given: "")
    assert "glue it first" in answer(path)["message"]


def test_rubbish_is_answered_too_and_no_request_is_an_error(request_file, tmp_path, reaper):
    path = request_file()
    path.write_bytes(b"\xff{")
    assert not answer_drop(path)
    assert "can't be read" in answer(path)["message"]
    code, _, err = reaper("drop", tmp_path / "none.json")
    assert (code, "FILE_MISSING" in err) == (2, True)


def test_what_the_render_refuses_is_the_answer(request_file, tmp_path):
    path = request_file(last_bar=9, source=source(tmp_path))
    assert not answer_drop(path)
    assert "RANGE_PAST_END" in answer(path)["message"]

"""The script for users without Python, in Lua's own interpreter over a double of REAPER."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from anacrusis_reaper.settings import Settings, settings_of
from fake_reaper import Marker, Project, Track
from reaper_desk import lanes_effect
from reaper_paths import SCRIPTS
from rpp_of import rpp_of

from bridge_protocol.lanes import Breakpoint
from engine_host.models.house.model import load_house_model

SCRIPT = SCRIPTS / "anacrusis_render.lua"
DOUBLE = Path(__file__).with_name("lua_reaper.lua")
BAR_S = 1.5  # of 4/4 at 160 bpm
RATE = 48_000


@pytest.fixture(params=["5.4", "5.3"])
def lua(request):
    """REAPER 7 has Lua 5.4, REAPER 5 and 6 have 5.3."""
    found = shutil.which(f"lua{request.param}")
    if found is None:
        pytest.skip(
            f"there is no lua{request.param} here; on Debian: apt-get install lua{request.param}"
        )
    return found


@pytest.fixture(scope="module")
def model():
    return load_house_model()


@pytest.mark.parametrize("version", ["5.4", "5.3"])
def test_the_script_is_lua(version):
    compiler = shutil.which(f"luac{version}")
    if compiler is None:
        pytest.skip(f"there is no luac{version} here")
    found = subprocess.run([compiler, "-p", SCRIPT], capture_output=True, text=True, check=False)
    assert (found.returncode, found.stderr) == (0, "")


def lua_text(value) -> str:
    """A value as Lua source."""
    if value is None:
        return "nil"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"[{lua_text(k)}] = {lua_text(v)}" for k, v in value.items()) + "}"
    octets = "".join(f"\\{octet:03d}" for octet in str(value).encode())
    return f'"{octets}"'


def song() -> Project:
    points = [Breakpoint(0.0, 0.7), Breakpoint(3.0, 1.3)]
    markers = [Marker(0.0, 160.0, (4, 4))]
    effect = lanes_effect(velocity=points)
    return Project(bpm=160.0, markers=markers, tracks=[Track("Lanes", [effect])])


class LuaRun:
    """What the script did, as the double tells it."""

    def __init__(self, lua, folder, later="", **world) -> None:
        usual = {
            "from": BAR_S, "to": 2 * BAR_S, "bar_s": BAR_S, "media": str(folder / "media"),
            "project": "one", "typed": "jazz|piano|7|2|", "ticks": 3, "rpp": rpp_of(song()),
        }  # fmt: skip
        self.folder = folder
        situation = folder / "situation.lua"
        table = lua_text(usual | world)
        situation.write_text(f"local world = {table}\n{later}\nreturn world\n")
        self.process = subprocess.run(
            [lua, DOUBLE, SCRIPT, situation], capture_output=True, text=True, check=False
        )
        assert self.process.returncode == 0, self.process.stderr

    def lines(self, key):
        words = [line.partition(" ") for line in self.process.stdout.splitlines()]
        return [rest for name, _, rest in words if name == key]

    def request(self):
        (path,) = (self.folder / "media" / "anacrusis").glob("drop-*/request.json")
        return path


ANSWER = """
world.later = function()
  world.later = nil
  local pipe = io.popen("ls -d '" .. world.media .. "'/anacrusis/drop-*")
  local path = pipe:read("l") .. "/request.json.answer"
  pipe:close()
  local file = io.open(path, "wb")
  file:write(world.answer)
  file:close()
end
"""


def answered(**answer):
    return {"later": ANSWER, "answer": json.dumps(answer)}


def test_bars_on_the_new_track_are_the_command_lines_render(tmp_path, anacrusis_render):
    lua = shutil.which("lua5.4") or shutil.which("lua5.3")
    if lua is None:
        pytest.skip("there is no Lua here; on Debian: apt-get install lua5.4")
    item = {
        "take": {"source": {"file": str(tmp_path / "loop.wav")}, "D_PLAYRATE": 1.0, "D_PITCH": 0.0,
                 "D_STARTOFFS": 0.5},
        "D_LENGTH": 2 * BAR_S, "D_POSITION": BAR_S / 2,
    }  # fmt: skip
    audio = np.random.default_rng(1).normal(0, 0.1, (5 * RATE, 2))
    soundfile.write(tmp_path / "loop.wav", audio, RATE, subtype="PCM_16")
    work = f"'{sys.executable}' -m engine_host reaper drop"
    run = LuaRun(lua, tmp_path, item=item, work=work)
    assert run.lines("console")[-1] == (
        "Anacrusis: Bars 2-2 are on a new track; one undo takes them away."
    )
    assert run.lines("track") == ["Anacrusis bars 2-2"]
    assert run.lines("undo") == ["Anacrusis: Anacrusis bars 2-2"]
    assert run.lines("fades") == ["0 0 0 0"]
    assert run.lines("waiting") == ["0"]
    (words,) = run.lines("item")
    start, length, _, _, _, file = words.split(" ", 5)
    assert (float(start), float(length)) == (BAR_S, BAR_S)
    heard, rate = soundfile.read(file, dtype="float32")
    assert (rate, file.startswith(str(tmp_path / "media"))) == (RATE, True)
    expected = anacrusis_render(*_by_hand(tmp_path))
    assert np.array_equal(heard, expected)
    assert np.sqrt(np.mean(heard**2)) > 0.005


def _by_hand(tmp_path):
    """The words for the same render: the item cut out, and laid from the bar line before it on."""
    first, count = round(0.5 * RATE), round(2 * BAR_S * RATE)
    audio, _ = soundfile.read(
        tmp_path / "loop.wav", dtype="float32", start=first, stop=first + count
    )
    silence = np.zeros((round(BAR_S / 2 * RATE), 2), np.float32)
    soundfile.write(tmp_path / "cut.wav", np.concatenate([silence, audio]), RATE, subtype="FLOAT")
    (tmp_path / "song.rpp").write_text(rpp_of(song()))
    words = [tmp_path / "cut.wav", "--project", tmp_path / "song.rpp", "--bars", "2", "--seed", 7]
    return [*words, "--window", 2, "--prompt", "jazz", "--negative", "piano"]


def test_the_request_says_what_is_to_be_rendered(lua, tmp_path):
    run = LuaRun(lua, tmp_path, to=4 * BAR_S, typed='ja"zz \\ ü|n|7|2|tape, ')
    request = json.loads(run.request().read_text())
    assert (request["first_bar"], request["last_bar"]) == (2, 4)
    assert (request["prompt"], request["negative"]) == ('ja"zz \\ ü', "n")
    assert (request["seed"], request["window_bars"], request["version"]) == (7, 2, 1)
    assert request["loras"] == "tape, "
    assert "source" not in request
    assert Path(request["project"]).read_text() == rpp_of(song())
    assert run.lines("exec") == [f'anacrusis reaper drop "{run.request()}"']
    assert run.lines("console") == ["Anacrusis: Rendering bars 2-4; REAPER can be used meanwhile."]


def test_the_installed_command_is_called_where_there_is_one(lua, tmp_path):
    installed = tmp_path / "Scripts"
    installed.mkdir()
    shutil.copy(SCRIPT, installed)
    (installed / "anacrusis_command.txt").write_text('"/opt/my python" -m engine_host\n')
    situation = tmp_path / "situation.lua"
    LuaRun(lua, tmp_path)
    found = subprocess.run(
        [lua, DOUBLE, installed / SCRIPT.name, situation],
        capture_output=True,
        text=True,
        check=True,
    )
    assert 'exec "/opt/my python" -m engine_host reaper drop "' in found.stdout


def test_settings_are_those_of_the_python_actions_both_ways(lua, tmp_path):
    kept = Settings('ünï "q" \\ 😀', "b\n", "none", 5, 8, "tape, air")
    state = {"anacrusis/settings": kept.text()}
    run = LuaRun(lua, tmp_path, state=state, typed="new ✓|none|6|4|, air")
    assert run.lines("dialog") == ['ünï "q" \\ 😀|none|5|8|tape, air']
    (written,) = run.lines("state")
    assert settings_of(written) == Settings("new ✓", "b\n", "none", 6, 4, ", air")


@pytest.mark.parametrize(
    ("world", "words"),
    [
        ({"to": BAR_S}, "Make a time selection first: the bars that it touches are rendered."),
        ({"typed": "a|b|seven|4|"}, "Seed and bars are whole numbers."),
        ({"typed": "a|b|1|0|"}, "Seed and bars are whole numbers."),
        ({"broken": True}, "could not be started: run `anacrusis reaper install`."),
    ],
)
def test_what_can_not_be_done_is_said_and_nothing_waits(lua, tmp_path, world, words):
    run = LuaRun(lua, tmp_path, **world)
    assert words in run.lines("console")[-1]
    assert run.lines("waiting") == ["0"]
    assert run.lines("track") == []


def test_a_dialog_that_is_cancelled_does_nothing_at_all(lua, tmp_path):
    run = LuaRun(lua, tmp_path, typed=None)
    assert run.lines("console") == run.lines("exec") == run.lines("state") == []
    assert not (tmp_path / "media").exists()


def test_an_item_that_is_not_just_its_file_is_refused(lua, tmp_path):
    take = {"source": {"file": "x.wav"}, "D_PLAYRATE": 1.5, "D_PITCH": 0.0, "D_STARTOFFS": 0.0}
    run = LuaRun(lua, tmp_path, item={"take": take, "D_LENGTH": 1.0, "D_POSITION": 0.0})
    assert "glue it first" in run.lines("console")[-1]
    assert run.lines("exec") == []


def test_a_midi_item_or_an_empty_one_is_no_source(lua, tmp_path):
    run = LuaRun(lua, tmp_path, item={"take": {"midi": True}})
    assert "source" not in json.loads(run.request().read_text())


def test_what_the_command_refuses_is_said(lua, tmp_path):
    run = LuaRun(lua, tmp_path, **answered(ok=False, message="The item loops: glue it first."))
    assert run.lines("console")[-1] == "Anacrusis: The item loops: glue it first."
    assert run.lines("track") == []


def test_no_answer_ends_the_wait_after_a_minute_and_a_half(lua, tmp_path):
    run = LuaRun(lua, tmp_path, ticks=100)
    assert "gave no answer: run `anacrusis reaper install`" in run.lines("console")[-1]
    assert run.lines("waiting") == ["0"]


def test_a_command_that_has_begun_is_waited_for_longer(lua, tmp_path):
    begun = ANSWER.replace('.answer"', '.started"').replace("world.answer", '""')
    run = LuaRun(lua, tmp_path, later=begun, ticks=200)
    assert run.lines("waiting") == ["1"]
    again = tmp_path / "again"
    again.mkdir()
    run = LuaRun(lua, again, later=begun, ticks=100, tick_s=60)
    assert "gave no answer" in run.lines("console")[-1]


def test_bars_are_not_laid_into_another_project(lua, tmp_path):
    later = (
        ANSWER
        + "local answered = world.later\nworld.later = function() answered() world.project = 'two' end\n"
    )
    answer = json.dumps({"ok": True, "file": "/bars.wav", "bars": "2-2"})
    run = LuaRun(lua, tmp_path, later=later, answer=answer)
    assert run.lines("console")[-1] == (
        "Anacrusis: Another project is in front now; the bars are in /bars.wav"
    )
    assert run.lines("track") == []

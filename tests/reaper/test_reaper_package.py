"""What the scripts are made of: the standard library, one file that knows REAPER, Python 3.8."""

import ast
import re
import shutil
import subprocess
import sys

import pytest
from reaper_paths import SCRIPTS

PACKAGE = SCRIPTS / "anacrusis_reaper"
MODULES = sorted(PACKAGE.glob("*.py"))
ENTRIES = sorted(SCRIPTS.glob("anacrusis_*.py"))
OWN = {"anacrusis_reaper"}
LATER = re.compile(
    r"\bremoveprefix\b|\bremovesuffix\b|strict=|slots=True|kw_only=|functools\.cache\b|\bpairwise\b"
    r"|\bmatch \w+:|is_relative_to|\bExceptionGroup\b|zoneinfo|tomllib|bit_count"
)


USE_OF_SOME = """
from anacrusis_reaper.frames import Unpacker, packed
from anacrusis_reaper.lanes import lane_points
from anacrusis_reaper.tempo_markers import Marker, ProjectTempo, song_map
song = song_map(ProjectTempo(120.0, 4, 4), [Marker(4.0, 120.0, 3, 4, True), Marker(8.0, 90.0, 0, 0, False)])
(message,) = Unpacker().feed(packed(song.message(1), b"payload"))
print(len(message["tempo"]), song.bar_sample(1, 48_000), lane_points([(0.0, 0.5), (0.04, 0.5)], []))
"""


def imported(path):
    """The top names of everything that a file imports, relative imports left out."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module.split(".")[0]


def test_there_are_modules_and_entries_to_look_at():
    assert len(MODULES) > 20
    assert len(ENTRIES) == 9


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_a_module_imports_the_standard_library_alone(path):
    names = set(imported(path))
    assert names - set(sys.stdlib_module_names) == set()


@pytest.mark.parametrize("path", ENTRIES, ids=lambda path: path.name)
def test_a_script_imports_the_standard_library_and_the_package(path):
    assert set(imported(path)) - set(sys.stdlib_module_names) == OWN


def test_one_file_of_the_package_names_reapers_functions():
    assert [path.name for path in MODULES if "RPR_" in path.read_text()] == ["api.py"]


def test_scripts_name_only_the_function_that_tells_them_where_they_are():
    for path in ENTRIES:
        assert set(re.findall(r"RPR_\w+", path.read_text())) == {"RPR_get_action_context"}


@pytest.mark.parametrize("path", [*MODULES, *ENTRIES], ids=lambda path: path.name)
def test_everything_is_python_3_8(path):
    text = path.read_text()
    ast.parse(text, feature_version=(3, 8))
    assert not LATER.search(text)
    if path in MODULES and path.name != "__init__.py":
        assert "from __future__ import annotations" in text


def test_the_package_runs_in_python_3_8():
    python = shutil.which("python3.8")
    if (
        python is None
        or subprocess.run([python, "-V"], capture_output=True, check=False).returncode
    ):
        pytest.skip("there is no Python 3.8 on this machine")
    names = [f"anacrusis_reaper.{path.stem}" for path in MODULES if path.stem != "__init__"]
    command = [python, "-W", "error", "-c", f"import {', '.join(names)}\n{USE_OF_SOME}"]
    found = subprocess.run(command, cwd=SCRIPTS, capture_output=True, text=True, check=False)
    assert (found.stdout.strip(), found.stderr) == ("3 96000 [(0.0, 0.5)]", "")


def test_every_action_has_a_script_that_says_what_it_does():
    actions = {re.search(r'perform\("([^"]+)"\)', p.read_text())[1] for p in ENTRIES}
    assert actions == {
        "connect", "send project", "send item", "send notes", "render", "follow", "morph",
        "settings", "self test",
    }  # fmt: skip
    for path in ENTRIES:
        assert "# @description Anacrusis" in path.read_text()

"""The script against Bitwig's documented interfaces and ES5's grammar; the stand-ins for Java too."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from bitwig_host import CONTROLLER, ROOT, STUBS, need

FOLDER = ROOT / "daw_clients" / "bitwig"
TYPES = {"boolean": "boolean", "double": "number", "int": "number", "long": "number"}
TYPES |= {"String": "string", "void": "void", "Runnable": "() => void", "String[]": "string[]"}
TYPES |= {"UUID": "UUID"}


@pytest.fixture(scope="module")
def workshop(tmp_path_factory):
    """A copy of the script, with the checkers beside it."""
    need("node", "npm")
    folder = tmp_path_factory.mktemp("types")
    for name in ("package.json", "package-lock.json", "tsconfig.json"):
        shutil.copy(FOLDER / name, folder)
    shutil.copytree(CONTROLLER, folder / "controller")
    words = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode and not os.environ.get("CI"):
        pytest.skip(f"npm can't install the checkers: {done.stderr[-300:]}")
    assert done.returncode == 0, done.stderr
    return folder


def check(workshop: Path, program: str, *words: str) -> str:
    """What a checker has to say; empty where all is well."""
    command = [str(workshop / "node_modules" / ".bin" / program), *words]
    done = subprocess.run(command, cwd=workshop, capture_output=True, text=True, check=False)
    assert (done.returncode == 0) == (not done.stdout + done.stderr)
    return done.stdout + done.stderr


def test_every_call_is_as_bitwig_documents_it(workshop):
    assert check(workshop, "tsc", "-p", ".") == ""


def test_a_call_that_bitwig_does_not_have_is_found(workshop):
    wrong = workshop / "controller" / "wrong.js"
    wrong.write_text(
        "function wrong() { host.createTransprt(); host.showPopupNotification(7); new Promise(wrong); }"
    )
    told = check(workshop, "tsc", "-p", ".")
    wrong.unlink()
    assert "createTransprt" in told
    assert "Argument of type 'number'" in told
    assert "Promise" in told


def test_the_script_is_es5_to_the_letter(workshop):
    files = sorted(str(path) for path in (workshop / "controller").glob("*.js"))
    assert len(files) > 5
    assert check(workshop, "acorn", "--ecma5", "--silent", *files) == ""


@pytest.mark.parametrize("code", ["let a = 1;", "var f = () => 1;", "var s = `a`;", "class A {}"])
def test_later_grammar_is_found(workshop, tmp_path, code):
    (tmp_path / "later.js").write_text(code)
    assert check(workshop, "acorn", "--ecma5", "--silent", str(tmp_path / "later.js")) != ""


def test_every_file_of_the_script_is_loaded_and_installed():
    main = (CONTROLLER / "Anacrusis.control.js").read_text()
    loaded = re.findall(r'^load\("([^"]+)"\);', main, re.MULTILINE)
    assert sorted([*loaded, "Anacrusis.control.js"]) == sorted(p.name for p in CONTROLLER.iterdir())


# ------------------------------------------------------------ the stand-ins


def interfaces(workshop: Path) -> dict[str, str]:
    """Each interface, class and enum of the documented API, from behind its name on."""
    text = (workshop / "node_modules/typed-bitwig-api/bitwig-api.d.ts").read_text()
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    parts = re.split(r"^  (?:interface|class|enum) (\w+)", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def methods(java: str) -> list[tuple[str, str, list[str]]]:
    """Return type, name and parameter types of each method of a stand-in."""
    flat = re.sub(r"\s+", " ", java)
    found = re.findall(r"(?:[;{}]|abstract) ?([\w\[\]]+) (\w+)\(([^()]*)\)\s?;", flat)
    return [
        (result, name, [word.split()[0] for word in given.split(", ") if word])
        for result, name, given in found
    ]


def documented(body: str, name: str) -> list[tuple[int, str]]:
    """How many parameters and which result each overload has."""
    found = re.findall(rf"^    {name}\(([^()]*(?:\(\)[^()]*)*)\): ([^;]+);", body, re.MULTILINE)
    return [(len([p for p in given.split(",") if p.strip()]), result) for given, result in found]


def test_every_stand_in_has_the_documented_signatures(workshop):
    known = interfaces(workshop)
    checked = 0
    for path in sorted(STUBS.rglob("*.java")):
        if path.stem in ("Host", "PlatformType", "AutoDetectionMidiPortNamesList"):
            assert path.stem in known
            continue
        for result, name, given in methods(path.read_text()):
            wanted = (len(given), TYPES.get(result, result))
            assert wanted in documented(known[path.stem], name), (path.stem, name, wanted)
            checked += 1
    assert checked > 40


def test_every_stand_in_extends_what_is_documented(workshop):
    known = interfaces(workshop)
    for path in sorted(STUBS.rglob("api/*.java")):
        extends = re.search(r"interface \w+(?:<[^{]*?>)?(?: extends ([^{]+))? \{", path.read_text())
        for parent in re.findall(r"(\w+)(?:<\w+>)?(?:,|$)", (extends and extends[1]) or ""):
            assert parent in ancestors(known, path.stem), (path.stem, parent)


def ancestors(known: dict[str, str], name: str) -> set[str]:
    head = known.get(name, "").split("{")[0].split(" extends ")
    parents = set(re.findall(r"\w+", head[-1])) & known.keys() if len(head) > 1 else set()
    return parents.union(*(ancestors(known, parent) for parent in parents - {name}))

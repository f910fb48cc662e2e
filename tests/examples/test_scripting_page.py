"""docs/scripting.md: its code runs, prints what it says, and its outputs are real."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[2] / "docs" / "scripting.md").read_text(encoding="utf-8")
REAL_TIME = ("evolving_remix", "interval_jam", "follow_promises")  # run by their own tests
DIGEST = re.compile(r"\b[0-9a-f]{12}\b")  # the last bits are the machine's


def blocks(language):
    found = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE, re.M | re.S)
    return [block for of, block in found if of == language]


def commands():
    for block in blocks(""):
        first, _, told = block.partition("\n")
        if first.startswith("$ python examples/"):
            words = shlex.split(first.removeprefix("$ python examples/"))
            yield words[0].removesuffix(".py"), words[1:], told


def promised(code):
    """What the comments behind prints say is printed."""
    return re.findall(r"^(?:.*\S  ?| *)(?:#|//) ([A-Z\[(\d].*)$", code, re.M)


def for_here(code, served):
    gateway_port = served.gateway.rsplit(":", 1)[1]
    return code.replace("tcp://127.0.0.1:5317", served.endpoint).replace("5318", gateway_port)


def told_by(command, served):
    environment = {**os.environ, "ANACRUSIS_GATEWAY_TOKEN": served.token}
    done = subprocess.run(
        command, capture_output=True, text=True, env=environment, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("number", range(6))
def test_the_pages_python_prints_what_its_comments_say(number, desk, served):
    found = blocks("python")
    assert len(found) == 6
    code = found[number]
    told = told_by([sys.executable, "-c", for_here(code, served)], served)
    assert promised(code)
    assert told.splitlines() == promised(code)


@pytest.mark.skipif(shutil.which("node") is None, reason="Node is not installed")
def test_the_pages_javascript_prints_what_its_comment_says(served):
    (code,) = blocks("javascript")
    assert told_by(["node", "-e", for_here(code, served)], served).splitlines() == promised(code)


def test_the_page_shows_every_example_once():
    names = [name for name, _, _ in commands()]
    files = (Path(__file__).parents[2] / "examples").glob("*.py")
    assert sorted(names) == sorted(path.stem for path in files)
    assert len(names) == 10


@pytest.mark.parametrize("name", [n for n, _, _ in commands() if n not in REAL_TIME])
def test_an_examples_output_on_the_page_is_what_it_prints(name, run):
    ((words, told),) = [(words, told) for n, words, told in commands() if n == name]
    assert DIGEST.sub("digest", run(name, *words)) == DIGEST.sub("digest", told)

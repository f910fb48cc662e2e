"""The files that REAPER gets, by ReaPack and by hand, and the headers that ReaPack reads."""

import fnmatch
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from lxml import etree
from reaper_paths import SCRIPTS

from bridge_protocol.errors import RefusedError
from daw_clients.reaper.anacrusis_reaper import VERSION
from daw_clients.reaper.packaging import PACKAGE, index_xml, shipped

BASE, TIME = "https://example.org/raw/v0.1.0/daw_clients/reaper", "2026-01-31T12:00:00Z"
SCHEMA = etree.XMLSchema(file=str(Path(__file__).with_name("reapack_index.xsd")))


def index():
    return etree.fromstring(index_xml(BASE, TIME).encode())


def header(path):
    """The tags of a script's head: name and value, further lines joined."""
    tags = []
    for line in path.read_text().splitlines():
        match = re.fullmatch(r"(?:#|--|//) ?(@\w+ ?|  )(.*)", line)
        if not match and not re.match(r"#|--|//", line):
            break
        if match and match[1].startswith("@"):
            tags.append((match[1].strip(), match[2]))
        elif match and tags:
            tags[-1] = tags[-1][0], f"{tags[-1][1]}\n{match[2].strip()}"
    return dict(tags)


def test_the_index_obeys_the_schema():
    SCHEMA.assertValid(index())


@pytest.mark.parametrize(
    "broken",
    [
        ('version="1"', 'version="2"'),
        ('type="script"', 'type="plugin"'),
        ('main="main"', 'main="everywhere"'),
        ("https://", "ftp://"),
        (f'time="{TIME}"', 'time="yesterday"'),
        (f'name="{VERSION}"', 'name="newest"'),
        ('file="anacrusis_follow.py"', 'file="anacrusis_morph.py"'),
    ],
)
def test_the_schema_refuses_an_index_that_reapack_would_not_take(broken):
    assert broken[0] in index_xml(BASE, TIME)
    with pytest.raises(etree.DocumentInvalid):
        SCHEMA.assertValid(etree.fromstring(index_xml(BASE, TIME).replace(*broken).encode()))


def test_every_file_is_in_the_index_once_with_an_address_that_leads_to_it():
    sources = index().findall(".//source")
    found = {
        unquote(urlsplit(s.text).path).removeprefix(urlsplit(BASE).path + "/"): s for s in sources
    }
    assert len(found) == len(sources) == len(shipped())
    for file in shipped():
        path = file.source.relative_to(SCRIPTS).as_posix()
        source = found[path]
        assert source.get("file") == (None if path == PACKAGE else path)
        assert (source.get("main") == "main") == file.is_action
        assert source.get("type") == ("effect" if path.endswith(".jsfx") else None)
    assert index().find(".//reapack").get("name") == PACKAGE


def test_everything_in_the_folder_is_shipped_but_what_builds_it():
    there = {
        path for path in SCRIPTS.rglob("*") if path.is_file() and "__pycache__" not in path.parts
    }
    assert there - {file.source for file in shipped()} == {
        SCRIPTS / "__init__.py",
        SCRIPTS / "packaging.py",
    }


def test_the_package_has_the_header_that_reapack_wants_and_the_others_say_noindex():
    tags = header(SCRIPTS / PACKAGE)
    assert tags["@version"] == VERSION
    assert {"@description", "@author", "@about", "@provides"} <= set(tags)
    for file in shipped():
        if file.source.name != PACKAGE and file.source.suffix in (".lua", ".jsfx"):
            assert (
                "@noindex"
                in file.source.read_text().splitlines()[:3][
                    0 if file.source.suffix == ".lua" else 1
                ]
            )
        if file.is_action and file.source.name != PACKAGE:
            assert "@noindex" in header(file.source)
            assert header(file.source)["@description"].startswith("Anacrusis: ")


def test_the_header_provides_what_the_index_has():
    lines = header(SCRIPTS / PACKAGE)["@provides"].strip().splitlines()
    patterns = [re.fullmatch(r"\[(\w+)\] (.+)", line).groups() for line in lines]
    for file in shipped():
        path = file.source.relative_to(SCRIPTS).as_posix()
        kinds = [
            kind
            for kind, pattern in patterns
            if pattern.count("/") == path.count("/") and fnmatch.fnmatchcase(path, pattern)
        ]  # as in ReaPack's indexer a star stops at a slash
        wanted = "effect" if file.is_effect else "main" if file.is_action else "nomain"
        assert kinds == [wanted], path


def test_the_generator_writes_the_same_index_as_a_program(tmp_path):
    out = tmp_path / "index.xml"
    words = ["--base-url", BASE, "--time", TIME, str(out)]
    subprocess.run([sys.executable, "-m", "daw_clients.reaper.packaging", *words], check=True)
    assert out.read_text(encoding="utf-8") == index_xml(BASE, TIME)


@pytest.mark.parametrize(
    ("base", "time"),
    [("http://example.org", TIME), ("/home", TIME), (BASE, "2026-01-31"), (BASE, "")],
)
def test_an_address_or_a_time_that_is_none_is_refused(base, time):
    with pytest.raises(RefusedError):
        index_xml(base, time)


def test_the_page_in_the_docs_names_every_action():
    page = (SCRIPTS.parents[1] / "docs" / "reaper.md").read_text()
    for file in shipped():
        if file.is_action:
            name = header(file.source)["@description"].removeprefix("Anacrusis: ")
            assert f"**{name.partition(',')[0]}**" in page

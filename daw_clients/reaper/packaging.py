"""Which files REAPER gets, where they go, and the index from which ReaPack fetches them.

``python -m daw_clients.reaper.packaging --base-url URL --time 2026-01-31T12:00:00Z index.xml``

The rules of the index (version 1) are those of ReaPack's wiki: the category is the folder, the
package's own file has no ``file``, every other file's is its path from there, ``main`` puts a script
into the action list, and ``type`` sends a file elsewhere than the package.
"""

from __future__ import annotations

import argparse
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import quote, urlsplit

from bridge_protocol.errors import ErrorCode, RefusedError
from daw_clients.reaper.anacrusis_reaper import VERSION

HERE = Path(__file__).parent
CATEGORY = "Anacrusis"
NAME = "Anacrusis"
AUTHOR = "The Anacrusis authors"
DESCRIPTION = "Anacrusis: the project to the engine, and its bars onto tracks"
PACKAGE = "anacrusis_connect.py"  # has the header, and gives the package its name
LIBRARY = "anacrusis_reaper"
EFFECT = "Anacrusis Lanes.jsfx"
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


@dataclass(frozen=True)
class Shipped:
    """A file: where it lies here, and where from REAPER's resource folder. ``is_action``: it belongs
    into the action list."""

    source: Path
    target: PurePosixPath
    is_action: bool

    @property
    def is_effect(self) -> bool:
        """Whether it is a JSFX."""
        return self.source.suffix == ".jsfx"


def shipped() -> list[Shipped]:
    """Every file, in a fixed order: actions, library, effect."""
    scripts = PurePosixPath("Scripts") / CATEGORY
    files = [
        Shipped(path, scripts / path.name, is_action=True)
        for path in [*sorted(HERE.glob("anacrusis_*.py")), *sorted(HERE.glob("anacrusis_*.lua"))]
    ]
    files += [
        Shipped(path, scripts / LIBRARY / path.name, is_action=False)
        for path in sorted((HERE / LIBRARY).glob("*.py"))
    ]
    effects = PurePosixPath("Effects") / CATEGORY
    return [*files, Shipped(HERE / EFFECT, effects / EFFECT, is_action=False)]


def index_xml(base_url: str, time: str, version: str = VERSION) -> str:
    """The index; ``base_url`` is where this folder can be fetched, ``time`` the release's, in UTC.

    RefusedError ``BAD_FIELD`` for an address that is no https, or a time that is none.
    """
    if urlsplit(base_url).scheme != "https":
        text = f"{base_url!r} is no https address; give the one this folder is fetched from."
        raise RefusedError(ErrorCode.BAD_FIELD, "--base-url", text)
    if not _TIME.fullmatch(time):
        text = f"{time!r} is no time in UTC; give one like 2026-01-31T12:00:00Z."
        raise RefusedError(ErrorCode.BAD_FIELD, "--time", text)
    index = ET.Element("index", version="1", name=NAME)
    category = ET.SubElement(index, "category", name=CATEGORY)
    package = ET.SubElement(category, "reapack", name=PACKAGE, type="script", desc=DESCRIPTION)
    release = ET.SubElement(package, "version", name=version, author=AUTHOR, time=time)
    for source in _sources(base_url.rstrip("/")):
        release.append(source)
    ET.indent(index)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(index, "unicode") + "\n"


def _sources(base_url: str) -> Iterator[ET.Element]:
    for file in shipped():
        path = file.source.relative_to(HERE).as_posix()
        given: dict[str, str] = {}
        if path != PACKAGE:
            given["file"] = path
        if file.is_effect:
            given["type"] = "effect"
        if file.is_action:
            given["main"] = "main"
        source = ET.Element("source", given)
        source.text = f"{base_url}/{quote(path)}"
        yield source


def main() -> None:
    """Writes the index."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base-url", required=True)
    parser.add_argument("--time", required=True)
    parser.add_argument("out", type=Path)
    given = parser.parse_args()
    given.out.write_text(index_xml(given.base_url, given.time), encoding="utf-8")


if __name__ == "__main__":
    main()

"""The text of a REAPER project: lines of words, in blocks that nest.

Our own reader and not PyPI's ``rpp``: its grammar copies every list for each line (quadratic in
the file's length), it has no bounds, an empty line is an IndexError, and U+2028 ends a line. Tests
hold this one to it on REAPER's own files.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from bridge_protocol.errors import ErrorCode, RefusedError

MAX_LINES = 1_000_000
MAX_DEPTH = 64
MAX_WORDS = 64
"""More words than any line has that is read here."""

_WORD = re.compile(r"""\"([^\"]*)\"?|'([^']*)'?|`([^`]*)`?|([^ \t\r]+)""")
_QUOTES = "\"'`"
_NEEDS_QUOTES = frozenset(" \t\"'`#;")


@dataclass
class Block:
    """``<HEAD word word`` up to its ``>``: the lines that were kept, and the blocks in it."""

    words: list[str]
    lines: list[list[str]] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The first word, e.g. ``TRACK``."""
        return self.words[0]

    def named(self, name: str) -> Iterator[list[str]]:
        """The lines that begin with this word."""
        return (words for words in self.lines if words[0] == name)

    def first(self, name: str) -> list[str]:
        """The first line that begins with this word; empty where there is none."""
        return next(self.named(name), [])


def parse_blocks(text: str, root: str, keep: frozenset[str], name: str) -> Block:
    """The file's one block, which must be called ``root``.

    Of the lines only those are kept whose first word is in ``keep``: what a plug-in saved is long
    and is not for us. ``name`` is what errors call the file. Raises ``RefusedError``:
    ``FILE_BROKEN`` (another root, a block that isn't closed, text behind the last one), ``LIMIT``
    for more than ``MAX_LINES`` lines or blocks nested deeper than ``MAX_DEPTH``.
    """
    if text.count("\n") > MAX_LINES:
        raise _limit(name, f"it has more than {MAX_LINES} lines")
    reader = _Reader(root, keep, name)
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw.strip(" \t\r")
        if line:
            reader.take(line, number)
    return reader.finish()


def split_words(line: str) -> list[str]:
    """A line's first ``MAX_WORDS`` words. One that begins with a quotation mark goes to the next.

    There are no escapes: whoever writes picks a mark that the text doesn't have. Without a
    second mark the word goes to the line's end.
    """
    words = islice(_WORD.finditer(line), MAX_WORDS)
    return [word[word.lastindex or 0] for word in words]


def quoted(text: str) -> str:
    """The text as one word of a line, in quotation marks where it needs them.

    Line breaks become spaces; where the text has all three marks, its back quotes become
    apostrophes, as REAPER has it.
    """
    flat = text.replace("\r", "\n").replace("\n", " ")
    if flat and not _NEEDS_QUOTES.intersection(flat):
        return flat
    for mark in _QUOTES:
        if mark not in flat:
            return f"{mark}{flat}{mark}"
    return "`" + flat.replace("`", "'") + "`"


class _Reader:
    """Takes the lines in order and keeps the blocks that are open."""

    def __init__(self, root: str, keep: frozenset[str], name: str) -> None:
        self._root, self._keep, self._name = root, keep, name
        self._open: list[Block] = []
        self._done: Block | None = None

    def take(self, line: str, number: int) -> None:
        """The next line that isn't empty."""
        if self._done is not None:
            raise self._broken(f"line {number}: something follows the project's end")
        if line[0] == "<":
            self._begin(line, number)
        elif not self._open:
            raise self._broken(f"it doesn't begin with <{self._root}")
        elif line[0] == ">":
            self._end()
        elif line.replace("\t", " ").partition(" ")[0] in self._keep:
            self._open[-1].lines.append(split_words(line))

    def finish(self) -> Block:
        """The root, once all lines are taken."""
        if self._done is not None:
            return self._done
        if not self._open:
            raise self._broken(f"it doesn't begin with <{self._root}")
        raise self._broken(f"it breaks off within <{self._open[-1].name}")

    def _begin(self, line: str, number: int) -> None:
        words = split_words(line[1:])
        if not words or (not self._open and words[0] != self._root):
            raise self._broken(f"line {number}: a block that no REAPER project has")
        if len(self._open) >= MAX_DEPTH:
            raise _limit(self._name, f"line {number}: blocks nest deeper than {MAX_DEPTH}")
        block = Block(words)
        if self._open:
            self._open[-1].blocks.append(block)
        self._open.append(block)

    def _end(self) -> None:
        block = self._open.pop()
        if not self._open:
            self._done = block

    def _broken(self, what: str) -> RefusedError:
        text = f"{what}; save it again in REAPER"
        return RefusedError(ErrorCode.FILE_BROKEN, self._name, text)


def _limit(name: str, what: str) -> RefusedError:
    return RefusedError(ErrorCode.LIMIT, name, f"{what}; give a smaller project")

"""Zip, gzip and XML from strangers, read under bounds.

Nothing is unpacked to disk and no size that a header states is believed: bytes are counted as
they are inflated, elements as they are parsed. What breaks a bound is refused as ``LIMIT``, what
is damaged or forged as ``FILE_BROKEN``; the field is the file's name, with a member's behind it.
"""

from __future__ import annotations

import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO
from xml.etree.ElementTree import Element

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import XMLParser

from bridge_protocol.errors import ErrorCode, RefusedError

MAX_PACKED_BYTES = 64 * 2**20
"""The most compressed bytes of one gzip file or one zip member."""
MAX_BYTES = 256 * 2**20
"""The most bytes that come out of one gzip file or one zip member."""
MAX_RATIO = 300
"""How many bytes may come out of each compressed one, beyond the first ``FREE_BYTES``."""
FREE_BYTES = 2**20
MAX_MEMBERS = 10_000
MAX_DIRECTORY_BYTES = 4 * 2**20
"""The most bytes of a zip's list of members."""
MAX_ELEMENTS = 1_000_000
MAX_DEPTH = 256

_CHUNK = 2**16
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    ValueError,
    OverflowError,
    RuntimeError,  # zipfile's for encryption, and NotImplementedError for its newer versions
)
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def name_of(source: Path | bytes, name: str) -> str:
    """``name``, or where that is empty the file's own, or ``project`` for bytes without any."""
    return name or (source.name if isinstance(source, Path) else "project")


@contextmanager
def prefixed(name: str) -> Iterator[None]:
    """A RefusedError from inside gets ``name`` before its field."""
    try:
        yield
    except RefusedError as error:
        raise RefusedError(error.code, f"{name}/{error.field}", error.message) from None


def gunzip(source: Path | bytes, name: str) -> Iterator[bytes]:
    """What a gzip file holds, in pieces of at most 64 KiB.

    Raises ``RefusedError`` (field ``name``) while it is iterated: ``FILE_MISSING``, ``LIMIT``,
    ``FILE_BROKEN`` for anything truncated, damaged or followed by more data.
    """
    with _opened(source, name) as file:
        packed_bytes = file.seek(0, io.SEEK_END)
        file.seek(0)
        _check_packed(packed_bytes, name)
        yield from _bounded(_inflated(file), packed_bytes, name)


def zip_member(source: Path | bytes, member: str, name: str) -> Iterator[bytes]:
    """What one member of a zip holds, in pieces of at most 64 KiB.

    The whole list of members is checked first: their number, and that none is encrypted, a link,
    listed twice, named absolutely or with ``..``. Raises ``RefusedError`` while it is iterated:
    ``FILE_MISSING``, ``LIMIT``, ``FILE_BROKEN`` (also for a size or checksum that isn't true).
    """
    with _opened(source, name) as file, _archive(file, name) as archive:
        members = _checked_members(archive, name)
        if member not in members:
            text = f"the file holds no {member}; save it again from the program that made it"
            raise RefusedError(ErrorCode.FILE_BROKEN, name, text)
        info, field = members[member], f"{name}/{member}"
        _check_packed(info.compress_size, field)
        yield from _bounded(_unzipped(archive, info), info.compress_size, field)


def parse_xml(chunks: Iterable[bytes], name: str, closed: frozenset[str] = frozenset()) -> Element:
    """The elements and attributes of an XML file; texts between them are left out.

    An element whose tag is in ``closed`` is kept without what it contains. Raises
    ``RefusedError`` (field ``name``): ``FILE_BROKEN`` for anything that is not well-formed, or
    declares a document type or entities; ``LIMIT`` beyond ``MAX_ELEMENTS`` or ``MAX_DEPTH``.
    """
    tree = _Tree(name, closed)
    parser = XMLParser(target=tree, forbid_dtd=True)
    for chunk in chunks:
        with _parsing(name):
            parser.feed(chunk)
    with _parsing(name):
        parser.close()
    if tree.root is None:
        raise RefusedError(ErrorCode.FILE_BROKEN, name, "the XML is empty; save the file again")
    return tree.root


class _Tree:
    """What the parser reports to: builds elements, and counts them."""

    def __init__(self, name: str, closed: frozenset[str]) -> None:
        self._name, self._closed = name, closed
        self.root: Element | None = None
        self._open: list[Element] = []
        self._left_out = 0  # elements open inside a closed one
        self._count = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        if len(self._open) + self._left_out >= MAX_DEPTH:
            self._refuse(f"elements are nested deeper than {MAX_DEPTH}")
        if self._left_out or (self._open and self._open[-1].tag in self._closed):
            self._left_out += 1
            return
        self._count += 1
        if self._count > MAX_ELEMENTS:
            self._refuse(f"there are more than {MAX_ELEMENTS} elements")
        self._add(Element(tag, attributes))

    def end(self, _tag: str) -> None:
        """The element that began last ends."""
        if self._left_out:
            self._left_out -= 1
        else:
            self._open.pop()

    def close(self) -> None:
        """The file ends."""

    def _add(self, element: Element) -> None:
        if self._open:
            self._open[-1].append(element)
        else:
            self.root = element
        self._open.append(element)

    def _refuse(self, what: str) -> None:
        text = f"{what}; no project that a person made is like that"
        raise RefusedError(ErrorCode.LIMIT, self._name, text)


@contextmanager
def _parsing(name: str) -> Iterator[None]:
    try:
        yield
    except DefusedXmlException:
        text = "the XML declares a document type or entities; no DAW writes these, so it is refused"
        raise RefusedError(ErrorCode.FILE_BROKEN, name, text) from None
    except (SyntaxError, ValueError, LookupError) as error:
        text = f"the XML is damaged ({error}); save the file again from the program that made it"
        raise RefusedError(ErrorCode.FILE_BROKEN, name, text) from None


@contextmanager
def _opened(source: Path | bytes, name: str) -> Iterator[BinaryIO]:
    if isinstance(source, bytes):
        yield io.BytesIO(source)
        return
    try:
        file = source.open("rb")
    except FileNotFoundError:
        raise RefusedError(ErrorCode.FILE_MISSING, name, f"There is no file {source}.") from None
    except OSError as error:
        text = f"{source} can't be opened ({error.strerror}); give a file that can be read"
        raise RefusedError(ErrorCode.FILE_BROKEN, name, text) from None
    with file:
        yield file


def _inflated(file: BinaryIO) -> Iterator[bytes]:
    inflater = zlib.decompressobj(wbits=31)  # gzip, its checksum included
    while not inflater.eof:
        packed = inflater.unconsumed_tail or file.read(_CHUNK)
        piece = inflater.decompress(packed, _CHUNK)
        if not piece and not packed:
            raise EOFError("it ends too early")
        yield piece
    if inflater.unused_data.strip(b"\0") or file.read(1):
        raise EOFError("something follows its end")


def _unzipped(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[bytes]:
    count = 0
    with archive.open(info) as file:
        while piece := file.read(_CHUNK):
            count += len(piece)
            yield piece
    if count != info.file_size:
        raise EOFError(f"it holds {count} bytes where its header says {info.file_size}")


def _bounded(pieces: Iterator[bytes], packed_bytes: int, name: str) -> Iterator[bytes]:
    most = min(MAX_BYTES, FREE_BYTES + MAX_RATIO * packed_bytes)
    count = 0
    try:
        for piece in pieces:
            count += len(piece)
            if count > most:
                text = f"{packed_bytes} bytes unpack to more than {most}; that is no project file"
                raise RefusedError(ErrorCode.LIMIT, name, text)
            yield piece
    except _BROKEN as error:
        raise _broken(name, error) from None


def _check_packed(packed_bytes: int, name: str) -> None:
    if packed_bytes > MAX_PACKED_BYTES:
        text = (
            f"{packed_bytes} bytes are too many for a project; at most {MAX_PACKED_BYTES} are read"
        )
        raise RefusedError(ErrorCode.LIMIT, name, text)


@contextmanager
def _archive(file: BinaryIO, name: str) -> Iterator[zipfile.ZipFile]:
    try:
        archive = zipfile.ZipFile(_ShortReads(file, name))
    except _BROKEN as error:
        raise _broken(name, error) from None
    with archive:
        yield archive


class _ShortReads(io.RawIOBase):
    """A file that is never asked for much at once: zipfile reads a whole directory in one go."""

    def __init__(self, file: BinaryIO, name: str) -> None:
        self._file, self._name = file, name

    def read(self, size: int = -1) -> bytes:
        most = MAX_DIRECTORY_BYTES
        data = self._file.read(size if 0 <= size <= most else most + 1)
        if len(data) > most:
            text = f"the zip's list of members is longer than {most} bytes; no project's is"
            raise RefusedError(ErrorCode.LIMIT, self._name, text)
        return data

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True


def _checked_members(archive: zipfile.ZipFile, name: str) -> dict[str, zipfile.ZipInfo]:
    infos = archive.infolist()
    if len(infos) > MAX_MEMBERS:
        text = f"{len(infos)} files in one project are too many; at most {MAX_MEMBERS} are read"
        raise RefusedError(ErrorCode.LIMIT, name, text)
    members: dict[str, zipfile.ZipInfo] = {}
    for info in infos:
        fault = "is listed twice" if info.filename in members else _fault(info)
        if fault:
            shown = ascii(info.filename[:80])
            text = f"its member {shown} {fault}; no DAW writes that, so the file is refused"
            raise RefusedError(ErrorCode.FILE_BROKEN, name, text)
        members[info.filename] = info
    return members


def _fault(info: zipfile.ZipInfo) -> str:
    """What is wrong with a member, in words; empty where nothing is."""
    name = info.filename.replace("\\", "/")
    if info.flag_bits & 0x1:
        return "is encrypted"
    if name.startswith("/") or name[1:2] == ":" or ".." in name.split("/"):
        return "is named as a place outside the project"
    if stat.S_ISLNK(info.external_attr >> 16):
        return "is a link"
    if info.compress_type not in _METHODS:
        return "is packed in a way that project files aren't"
    return ""


def _broken(name: str, error: Exception) -> RefusedError:
    reason = str(error) or "it ends too early"
    text = f"the file is damaged ({reason}); save it again from the program that made it"
    return RefusedError(ErrorCode.FILE_BROKEN, name, text)

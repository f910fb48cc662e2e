import gzip
import io
import random
import struct
import tracemalloc
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge_protocol.errors import ErrorCode, RefusedError
from daw_clients.projects import safe_files
from daw_clients.projects.safe_files import gunzip, parse_xml, prefixed, zip_member

NAME = "song.file"
RANDOM = random.Random(7)
MANY = 96 * 2**20  # bytes that a bomb unpacks to here: enough to be refused far before the end


def zip_of(
    members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED, mode: int = 0o644
) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in members.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = method
            info.external_attr = mode << 16
            archive.writestr(info, data)
    return file.getvalue()


def unzip(data: bytes, member: str = "project.xml") -> bytes:
    return b"".join(zip_member(data, member, NAME))


def refusal_of(reading: Iterator[bytes]) -> RefusedError:
    with pytest.raises(RefusedError) as caught:
        for _ in reading:
            pass
    assert caught.value.field.startswith(NAME)
    assert len(caught.value.message) > 20
    return caught.value


def test_gzip_and_zip_give_back_what_the_standard_library_packed():
    data = RANDOM.randbytes(300_000) + b"a" * 300_000
    assert b"".join(gunzip(gzip.compress(data), NAME)) == data
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        assert unzip(zip_of({"other": b"1", "project.xml": data}, method)) == data


def test_a_path_is_read_as_its_bytes_are(tmp_path: Path):
    path = tmp_path / "a.zip"
    path.write_bytes(zip_of({"project.xml": b"abc"}))
    assert b"".join(zip_member(path, "project.xml", NAME)) == b"abc"
    path.write_bytes(gzip.compress(b"abc"))
    assert b"".join(gunzip(path, NAME)) == b"abc"


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path):
    assert refusal_of(gunzip(tmp_path / "none", NAME)).code is ErrorCode.FILE_MISSING
    assert refusal_of(gunzip(tmp_path, NAME)).code is ErrorCode.FILE_BROKEN


def test_a_zip_bomb_is_refused_before_it_takes_memory():
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = bytes(2**20)
    packed = b"".join(packer.compress(block) for _ in range(MANY // 2**20)) + packer.flush()
    bomb = forged_zip("project.xml", packed, 0, MANY)
    tracemalloc.start()
    error = refusal_of(zip_member(bomb, "project.xml", NAME))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (error.code, error.field) == (ErrorCode.LIMIT, f"{NAME}/project.xml")
    assert peak < 4 * 2**20


def test_a_gzip_bomb_is_refused_before_it_takes_memory():
    bomb = gzip.compress(bytes(MANY))
    tracemalloc.start()
    error = refusal_of(gunzip(bomb, NAME))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (error.code, error.field) == (ErrorCode.LIMIT, NAME)
    assert peak < 4 * 2**20


def test_a_file_that_packs_well_but_is_small_is_no_bomb():
    data = bytes(safe_files.FREE_BYTES)
    assert len(data) > safe_files.MAX_RATIO * len(gzip.compress(data))
    assert b"".join(gunzip(gzip.compress(data), NAME)) == data


def test_more_packed_or_unpacked_bytes_than_allowed_are_refused(monkeypatch: pytest.MonkeyPatch):
    data = RANDOM.randbytes(100_000)
    monkeypatch.setattr(safe_files, "MAX_PACKED_BYTES", 50_000)
    assert refusal_of(gunzip(gzip.compress(data), NAME)).code is ErrorCode.LIMIT
    packed = zip_of({"project.xml": data})
    assert refusal_of(zip_member(packed, "project.xml", NAME)).code is ErrorCode.LIMIT
    monkeypatch.setattr(safe_files, "MAX_PACKED_BYTES", 10**9)
    monkeypatch.setattr(safe_files, "MAX_BYTES", 99_999)
    assert refusal_of(gunzip(gzip.compress(data), NAME)).code is ErrorCode.LIMIT
    monkeypatch.setattr(safe_files, "MAX_BYTES", 100_000)
    assert b"".join(gunzip(gzip.compress(data), NAME)) == data


def forged_zip(name: str, packed: bytes, checksum: int, size: int) -> bytes:
    """A zip of one deflated member whose headers say what they are told to."""
    sizes = struct.pack("<III", checksum, len(packed), size)
    shared = struct.pack("<HHHHH", 20, 0, 8, 0, 33) + sizes
    encoded = name.encode()
    local = b"PK\3\4" + shared + struct.pack("<HH", len(encoded), 0) + encoded + packed
    entry = b"PK\1\2" + struct.pack("<H", 20) + shared + struct.pack("<H", len(encoded))
    entry += struct.pack("<HHHHII", 0, 0, 0, 0, 0, 0) + encoded
    end = struct.pack("<HHHHIIH", 0, 0, 1, 1, len(entry), len(local), 0)
    return local + entry + b"PK\5\6" + end


@pytest.mark.parametrize("told", [100, 999, 1_001, 5_000, 2**31])
def test_a_header_that_lies_about_a_size_is_found_out(told: int):
    data = RANDOM.randbytes(1_000)
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(data) + packer.flush()
    assert unzip(forged_zip("project.xml", packed, zlib.crc32(data), 1_000)) == data
    error = refusal_of(
        zip_member(forged_zip("project.xml", packed, zlib.crc32(data), told), "project.xml", NAME)
    )
    assert error.code is ErrorCode.FILE_BROKEN


def test_a_wrong_checksum_is_found_out():
    good = bytearray(gzip.compress(b"hello" * 100))
    good[-6] ^= 1
    assert refusal_of(gunzip(bytes(good), NAME)).code is ErrorCode.FILE_BROKEN
    packed = bytearray(zip_of({"project.xml": b"hello" * 100}, zipfile.ZIP_STORED))
    packed[60] ^= 1
    assert refusal_of(zip_member(bytes(packed), "project.xml", NAME)).code is ErrorCode.FILE_BROKEN


def test_every_truncation_of_a_gzip_and_of_a_zip_is_refused():
    whole = gzip.compress(b"".join(b"%d," % n for n in range(500)))
    for length in range(0, len(whole), 7):
        assert refusal_of(gunzip(whole[:length], NAME)).code is ErrorCode.FILE_BROKEN
    whole = zip_of({"project.xml": b"".join(b"%d," % n for n in range(500))})
    for length in range(0, len(whole), 7):
        refused = refusal_of(zip_member(whole[:length], "project.xml", NAME))
        assert refused.code is ErrorCode.FILE_BROKEN


def test_what_follows_a_gzip_is_refused_unless_it_is_padding():
    packed = gzip.compress(b"abc")
    assert b"".join(gunzip(packed + b"\0\0", NAME)) == b"abc"
    assert refusal_of(gunzip(packed + b"more", NAME)).code is ErrorCode.FILE_BROKEN
    assert refusal_of(gunzip(packed + packed, NAME)).code is ErrorCode.FILE_BROKEN


@pytest.mark.parametrize(
    "name", ["/etc/passwd", "../up.xml", "a/../../b", "..\\up.xml", "C:/x.xml", "\\\\host\\x"]
)
def test_a_member_named_outside_the_project_is_refused(name: str):
    packed = zip_of({"project.xml": b"<a/>", name: b"x"})
    assert name.encode() in packed or "\\" in name
    refused = refusal_of(zip_member(packed, "project.xml", NAME))
    assert (refused.code, refused.field) == (ErrorCode.FILE_BROKEN, NAME)
    assert "outside" in refused.message


def test_a_link_a_double_and_an_encrypted_member_are_refused():
    link = zip_of({"project.xml": b"/etc/passwd"}, mode=0o120777)
    assert "link" in refusal_of(zip_member(link, "project.xml", NAME)).message
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive, pytest.warns(UserWarning):
        archive.writestr("project.xml", b"1")
        archive.writestr("project.xml", b"2")
    double = refusal_of(zip_member(file.getvalue(), "project.xml", NAME))
    assert "twice" in double.message
    locked = bytearray(zip_of({"project.xml": b"1"}))
    locked[6] |= 1
    locked[locked.index(b"PK\1\2") + 8] |= 1
    assert "encrypted" in refusal_of(zip_member(bytes(locked), "project.xml", NAME)).message


def test_other_ways_of_packing_are_refused():
    packed = zip_of({"project.xml": b"<a/>" * 100}, zipfile.ZIP_LZMA)
    assert refusal_of(zip_member(packed, "project.xml", NAME)).code is ErrorCode.FILE_BROKEN


def test_too_many_members_are_refused(monkeypatch: pytest.MonkeyPatch):
    packed = zip_of({f"{n}": b"" for n in range(20)} | {"project.xml": b"x"})
    assert unzip(packed) == b"x"
    monkeypatch.setattr(safe_files, "MAX_MEMBERS", 20)
    assert refusal_of(zip_member(packed, "project.xml", NAME)).code is ErrorCode.LIMIT


def test_a_long_directory_is_refused_before_it_is_read(monkeypatch: pytest.MonkeyPatch):
    packed = zip_of({f"{n:0200}": b"" for n in range(2_000)})
    monkeypatch.setattr(safe_files, "MAX_DIRECTORY_BYTES", 100_000)
    assert refusal_of(zip_member(packed, "project.xml", NAME)).code is ErrorCode.LIMIT


def test_a_zip_without_the_member_says_which():
    refused = refusal_of(zip_member(zip_of({"other.xml": b""}), "project.xml", NAME))
    assert refused.code is ErrorCode.FILE_BROKEN
    assert "project.xml" in refused.message


LAUGHS = b"""<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol">
%s]><lolz>&lol9;</lolz>""" % b"".join(
    b'<!ENTITY lol%d "%s">' % (n, b"&lol%d;" % (n - 1) * 10 if n > 1 else b"&lol;" * 10)
    for n in range(1, 10)
)


@pytest.mark.parametrize(
    "text",
    [
        LAUGHS,
        b'<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd"><a/>',
        b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
        b"<!DOCTYPE a [<!ENTITY x 'y'>]><a b='&x;'/>",
        b"<!DOCTYPE a><a/>",
    ],
)
def test_entities_and_document_types_are_refused(text: bytes):
    with pytest.raises(RefusedError) as caught:
        parse_xml([text], NAME)
    assert (caught.value.code, caught.value.field) == (ErrorCode.FILE_BROKEN, NAME)
    assert "entities" in caught.value.message


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"<a>",
        b"<a></b>",
        b"<a/><b/>",
        b"hello",
        b"\xff\xfe\x00",
        b"<a b=1/>",
        b"<a>&x;</a>",
        b"<?xml version='1.0' encoding='klingon'?><a/>",
        b"<?xml version='1.0' encoding='utf-7'?><a/>",
        b"<a b='\xc3\x28'/>",
        b"<a \x00/>",
    ],
)
def test_xml_that_is_not_well_formed_is_refused(text: bytes):
    with pytest.raises(RefusedError) as caught:
        parse_xml([text], NAME)
    assert caught.value.code is ErrorCode.FILE_BROKEN


def test_deep_and_large_trees_are_refused(monkeypatch: pytest.MonkeyPatch):
    depth = safe_files.MAX_DEPTH
    assert parse_xml([b"<a>" * depth + b"</a>" * depth], NAME).tag == "a"
    with pytest.raises(RefusedError) as caught:
        parse_xml([b"<a>" * (depth + 1)], NAME)
    assert caught.value.code is ErrorCode.LIMIT
    monkeypatch.setattr(safe_files, "MAX_ELEMENTS", 100)
    assert len(parse_xml([b"<a>" + b"<b/>" * 99 + b"</a>"], NAME)) == 99
    with pytest.raises(RefusedError) as caught:
        parse_xml([b"<a>" + b"<b/>" * 100], NAME)
    assert caught.value.code is ErrorCode.LIMIT


def test_what_a_closed_element_holds_is_left_out_and_not_counted(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(safe_files, "MAX_ELEMENTS", 4)
    text = b"<a><clip x='1'>" + b"<n><m/></n>" * 50 + b"</clip><b/><clip/></a>"
    root = parse_xml([text[:40], text[40:]], NAME, frozenset({"clip"}))
    assert [(child.tag, len(child)) for child in root] == [("clip", 0), ("b", 0), ("clip", 0)]
    assert root[0].get("x") == "1"


def test_an_utf_16_file_with_its_mark_is_read():
    text = "<?xml version='1.0' encoding='utf-16'?><a n='你好'/>".encode("utf-16")
    assert parse_xml([text], NAME).get("n") == "你好"


def test_a_prefix_is_put_before_the_field_of_what_is_refused_inside():
    with pytest.raises(RefusedError) as caught, prefixed("song.als"):
        raise RefusedError(ErrorCode.LIMIT, "Tempo", "too much; give less")
    assert (caught.value.code, caught.value.field) == (ErrorCode.LIMIT, "song.als/Tempo")
    assert caught.value.message == "too much; give less"

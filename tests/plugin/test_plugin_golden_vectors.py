"""The plugin's protocol header in C++ agrees with the Python one: bytes, refusals, any bytes at all."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import protocol_cases
import pytest

ROOT = Path(__file__).parents[2]
PLUGIN = ROOT / "daw_clients" / "plugin"
SOURCE = PLUGIN / "tests" / "golden_vectors.cpp"
READ = (
    SOURCE,
    PLUGIN / "generated/bridge_protocol.hpp",
    *sorted(PLUGIN.glob("core/protocol_*.hpp")),
)
CHECKS = "address,shift,signed-integer-overflow,bounds,enum,bool,float-cast-overflow"
FLAGS = (
    f"-std=c++17 -O1 -fsanitize={CHECKS} -fno-sanitize-recover=all -DMSGPACK_NO_BOOST"
    " -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Werror"
).split()
DAMAGED = 100_000


def missing_tool() -> str | None:
    """What this machine lacks to compile the header, in words."""
    if not shutil.which("g++"):
        return "g++ is missing; on Debian: apt-get install g++"
    look = [
        "g++",
        "-DMSGPACK_NO_BOOST",
        "-include",
        "msgpack/unpack.hpp",
        "-E",
        "-xc++",
        os.devnull,
    ]
    if subprocess.run(look, capture_output=True, check=False).returncode:
        return "msgpack's headers are missing; on Debian: apt-get install libmsgpack-cxx-dev"
    return None


@pytest.fixture(scope="module")
def program() -> Path:
    """The compiled checker; kept in build/ for as long as its sources are the same."""
    missing = missing_tool()
    if missing and not os.environ.get("CI"):
        pytest.skip(missing)
    assert not missing, missing
    made_of = b"".join(path.read_bytes() for path in READ) + " ".join(FLAGS).encode()
    built = ROOT / "build" / "plugin-golden" / hashlib.sha256(made_of).hexdigest()[:16]
    if not built.exists():
        built.parent.mkdir(parents=True, exist_ok=True)
        half = built.with_suffix(f".{os.getpid()}")
        command = ["g++", *FLAGS, f"-I{PLUGIN}", str(SOURCE), "-o", str(half)]
        compiled = subprocess.run(command, capture_output=True, text=True, check=False)
        assert compiled.returncode == 0, compiled.stderr
        half.replace(built)
    return built


def run(program: Path, lines: list[str], damaged: int = 0) -> subprocess.CompletedProcess[str]:
    text = "".join(f"{line}\n" for line in lines)
    command = [program, str(damaged)]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=False)


def counted(done: subprocess.CompletedProcess[str]) -> list[int]:
    return [int(part.split()[0]) for part in done.stdout.split(", ")]


@pytest.fixture(scope="module")
def lines() -> list[str]:
    return protocol_cases.lines()


def test_cpp_writes_python_s_bytes_and_refuses_what_python_refuses(
    program: Path, lines: list[str]
) -> None:
    done = run(program, lines, DAMAGED)
    assert done.returncode == 0, done.stderr[:5_000]
    messages, refusals, damaged, faults = counted(done)
    assert (messages + refusals, damaged, faults) == (len(lines), DAMAGED, 0)
    assert messages > 1_000
    assert refusals > 10_000


def test_every_type_of_message_and_every_code_of_the_reader_is_among_the_cases(
    lines: list[str],
) -> None:
    words = [line.split() for line in lines]
    shipped = {name for name, _ in protocol_cases.shipped()}
    assert shipped <= {line[1] for line in words if line[0] == "message"}
    assert {line[3] for line in words if line[0] == "refused"} == {
        "BAD_MESSAGE",
        "BAD_FIELD",
        "UNKNOWN_TYPE",
        "OUT_OF_RANGE",
        "NOT_FINITE",
        "BAD_ORDER",
    }


def test_nearly_all_shipped_vectors_are_written_as_they_came(
    lines: list[str],
) -> None:
    shipped = {name for name, _ in protocol_cases.shipped()}
    words = [line.split() for line in lines]
    changed = {w[1] for w in words if w[0] == "message" and w[1] in shipped and w[2] != w[3]}
    assert changed
    assert len(changed) * 10 < len(shipped)


def test_the_checker_sees_a_wrong_byte_and_a_wrong_refusal(program: Path) -> None:
    ping = "81a474797065a470696e67"
    good = [f"message ping {ping} {ping}", "refused map 80 BAD_FIELD type"]
    assert run(program, good).returncode == 0
    assert run(program, [f"message ping {ping} {ping[:-2]}66", good[1]]).returncode == 1
    assert run(program, [good[0], "refused map 80 BAD_FIELD seq"]).returncode == 1
    assert run(program, [good[0], f"refused ping {ping} BAD_FIELD seq"]).returncode == 1
    assert run(program, [*good, "magic frame 414e4202 ok"]).returncode == 1


def test_no_cases_are_no_success(program: Path) -> None:
    assert run(program, []).returncode == 2

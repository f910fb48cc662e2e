"""Bars as files: what lies on the disk, and for how long."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import struct
import threading
from pathlib import Path

import numpy as np
import pytest
import soundfile
from bar_blocks import Stream
from gateway_setup import TOKEN, RawClient, served

from bridge_protocol.meter import MeterMap
from bridge_protocol.schema import AudioFile, Credit, Notice, Render, RenderDone, Transport, When
from bridge_protocol.tempo import TempoMap
from daw_clients.client.client import Client
from daw_clients.client.core import AudioBlock
from daw_clients.client.gateway_link import GatewayLink
from engine_host.server.bar_files import BarFiles
from engine_host.server.float_wav import float_wav
from engine_host.server.session_folder import STALE_SECONDS, SessionFolder

RATE = 48_000
BAR = 67_200  # frames of 7/8 at 150 bpm


@pytest.fixture
def host(tmp_path):
    with served(tmp_path / "sessions") as made:
        yield made


def by_files(host, **more) -> Client:
    return Client(GatewayLink(host.endpoint, TOKEN, audio="files", **more))


def a_song(client) -> None:
    client.set_tempo(TempoMap.constant(150.0), MeterMap.constant(7, 8))
    noise = np.random.default_rng(3).standard_normal((3 * RATE, 2)).astype(np.float32) / 9
    client.use_source(client.upload(noise, RATE), repeat_bars=2)
    client.prompt("0.25")
    client.param("denoise", 0.0)
    client.param("denoise", 1.0, When(kind="bar", bar=4))


def rendered_files(client, last_bar=6) -> list[AudioFile]:
    client.request(Render(stream=9, first_bar=2, last_bar=last_bar))
    client.tell(Credit(stream=9, epoch=0, frames=2**40))
    while not client.kept(RenderDone):
        assert client.poll(10.0)
    return client.kept(AudioFile)


def read(path) -> np.ndarray:
    return soundfile.read(path, dtype="float32", always_2d=True)[0]


# ------------------------------------------------------------ a session


def test_the_files_of_a_render_are_its_blocks_bar_by_bar(host):
    with Client(host.server.endpoint) as client:
        a_song(client)
        wanted = client.render(2, 6)
    with by_files(host) as client:
        a_song(client)
        files = rendered_files(client)
        assert client.kept(AudioBlock) == []
        assert [file.bar for file in files] == [2, 3, 4, 5, 6]
        assert [file.sequence for file in files] == [1, 2, 3, 4, 5]
        assert [file.last for file in files] == [False] * 4 + [True]
        for file in files:
            assert (file.stream, file.epoch, file.lap) == (9, 0, 0)
            assert (file.frames, file.channels, file.rate) == (BAR, 2, RATE)
            assert file.sample == (file.bar - 1) * BAR
            assert file.address == (file.bar - 2) * BAR
            part = wanted[file.address : file.address + BAR]
            assert read(file.path).tobytes() == part.tobytes()
            octets = Path(file.path).read_bytes()
            assert hashlib.sha256(octets).hexdigest() == file.hash
        assert wanted[:RATE].std() > 0.05


def test_a_stream_that_loops_gives_every_pass_and_no_half_bar(host):
    with by_files(host) as client:
        a_song(client)
        client.open_stream(1, window_bars=1)
        loop = {"looping": True, "loop_start_ppq": 3.5, "loop_end_ppq": 10.5}
        start = Transport(epoch=1, sample=1_000, address=0, playing=False, **loop)
        client.transport(start)
        client.credit(1, 1, 6 * BAR)
        files = []
        while len(files) < 5:
            assert client.poll(10.0)
            files += client.kept(AudioFile)
    assert [(file.lap, file.bar) for file in files] == [(0, 2), (0, 3), (1, 2), (1, 3), (2, 2)]
    assert [file.address for file in files] == [n * BAR - 1_000 for n in range(1, 6)]


def test_a_mono_session_has_mono_files(host):
    client = by_files(host)
    client.connect(channels=1, sample_rate=44_100)
    client.prompt("0.25")
    (file,) = rendered_files(client, last_bar=2)
    assert (file.channels, file.rate, file.frames) == (1, 44_100, 88_200)
    found = soundfile.info(file.path)
    assert (found.channels, found.samplerate, found.subtype) == (1, 44_100, "FLOAT")
    client.close()


def test_the_folder_is_the_sessions_own_and_gone_with_it(host):
    with by_files(host) as one, by_files(host) as other:
        one.prompt("0.25")
        other.prompt("0.5")
        first, second = rendered_files(one), rendered_files(other)
        folders = {Path(file.path).parent for file in (*first, *second)}
        assert folders == {Path(one.link.files_folder), Path(other.link.files_folder)}
        for folder in folders:
            assert folder.is_absolute()
            assert folder.parent == host.files
            assert folder.stat().st_mode & 0o777 == 0o700
        names = sorted(path.name for path in Path(one.link.files_folder).iterdir())
        assert names == [f"bar-{bar:05d}-{bar - 1:06d}.wav" for bar in range(2, 7)]
    host.until_left(0)
    assert list(host.files.iterdir()) == []


def test_files_that_are_to_be_kept_are(host):
    with by_files(host, keep_files=True) as client:
        client.prompt("0.25")
        files = rendered_files(client)
    host.until_left(0)
    for file in files:
        assert hashlib.sha256(Path(file.path).read_bytes()).hexdigest() == file.hash


def test_without_files_there_is_no_folder(host):
    with RawClient(host) as client:
        client.greet()
        assert not host.files.exists()


def test_a_gateway_that_ends_takes_its_files_along(tmp_path):
    with served(tmp_path) as host:
        client = by_files(host)
        client.connect()
        client.prompt("0.25")
        assert rendered_files(client)
        assert list(tmp_path.iterdir())
    assert list(tmp_path.iterdir()) == []
    client.close()


def test_beyond_its_limit_a_session_loses_its_oldest_files_and_is_told(tmp_path):
    bar_bytes = 96_000 * 8
    with served(tmp_path, session_file_bytes=3 * bar_bytes) as host, by_files(host) as client:
        client.prompt("0.25")
        files = rendered_files(client)
        left = [file.bar for file in files if Path(file.path).exists()]
        assert left == [5, 6]
        told = [notice for notice in client.kept(Notice) if notice.code == "LIMIT"]
        assert ["bar-00002-000001.wav" in told[0].message, len(told)] == [True, 3]


def test_a_disk_that_fails_is_told_and_the_session_goes_on(host):
    with by_files(host) as client:
        client.prompt("0.25")
        shutil.rmtree(client.link.files_folder)
        assert rendered_files(client) == []
        notices = client.kept(Notice)
        assert [notice.code for notice in notices] == ["INTERNAL"] * 5
        assert "Bar 2 could not be written" in notices[0].message
        assert client.ping().clock > 0


def test_a_folder_that_can_not_be_made_is_refused_at_the_sign_in(tmp_path):
    (tmp_path / "taken").write_text("a file")
    with served(tmp_path / "taken") as host, RawClient(host) as client:
        refused = client.sign_in(audio="files")
        assert (refused["type"], refused["code"]) == ("refused", "FILE_BROKEN")
        assert client.is_over()


# ------------------------------------------------------------ the parts


@pytest.mark.parametrize("channels", [1, 2])
def test_a_float_wav_is_read_by_others_to_the_bit(channels):
    odd = np.array([0.0, -0.0, 1e-45, -3.5, 1.0, np.float32(1) / 3], np.float32)
    audio = np.tile(odd[:, None], (1, channels))
    octets = float_wav(audio, 44_100)
    assert octets == float_wav(audio, 44_100)
    found, rate = soundfile.read(io.BytesIO(octets), dtype="float32", always_2d=True)
    assert (rate, found.tobytes()) == (44_100, audio.tobytes())
    assert struct.unpack("<I", octets[4:8])[0] == len(octets) - 8
    assert octets[-audio.nbytes :] == audio.tobytes()


def test_a_stream_with_the_number_of_another_does_not_go_on_with_its_bars():
    folder = FolderInMemory()
    files = BarFiles(folder)
    files.rate_hz = RATE
    first, second = Stream(), Stream()
    told = [m for block in first.run(0, 0, 1_500) for m in files.take(block[0], octets(block))]
    assert [m.bar for m in told] == [1]
    told = [m for b in second.run(1_500, 1_500, 500) for m in files.take(b[0], octets(b))]
    assert told == []


def octets(block) -> bytes:
    return block[1].tobytes()


class FolderInMemory:
    def __init__(self) -> None:
        self.files = []

    def write(self, bar, octets):
        self.files.append(octets)
        return len(self.files), Path(f"/{bar}.wav")

    def shrink(self):
        return []

    def close(self):
        self.files.clear()


def test_nothing_is_written_once_the_files_are_closed():
    folder = FolderInMemory()
    files = BarFiles(folder)
    files.rate_hz = RATE
    files.close()
    for block in Stream().run(0, 0, 2_000):
        assert files.take(block[0], octets(block)) == []
    assert folder.files == []


def test_closing_waits_for_a_file_that_is_being_written():
    writing, go_on, order = threading.Event(), threading.Event(), []

    class Slow(FolderInMemory):
        def write(self, bar, octets):
            writing.set()
            assert go_on.wait(10)
            order.append("written")
            return super().write(bar, octets)

        def close(self):
            order.append("closed")

    files = BarFiles(Slow())
    files.rate_hz = RATE
    block = Stream().block(0, 0, 1_000)
    taking = threading.Thread(target=files.take, args=(block[0], octets(block)))
    taking.start()
    assert writing.wait(10)
    closing = threading.Thread(target=files.close)
    closing.start()
    go_on.set()
    taking.join()
    closing.join()
    assert order == ["written", "closed"]


def test_a_file_that_is_not_whole_is_never_seen(tmp_path, monkeypatch):
    folder = SessionFolder(tmp_path, keep=False, limit_bytes=1 << 20)

    def full(self, octets):
        with self.open("wb") as file:
            file.write(octets[:3])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space left"):
        folder.write(5, b"abcdef")
    assert list(folder.path.iterdir()) == []
    monkeypatch.undo()
    number, path = folder.write(5, b"abcdef")
    assert (number, path.name, path.read_bytes()) == (1, "bar-00005-000001.wav", b"abcdef")


@pytest.mark.parametrize(
    ("age_s", "kept"), [(STALE_SECONDS + 60, False), (STALE_SECONDS - 60, True)]
)
def test_what_a_crash_left_behind_is_swept_when_it_is_old(tmp_path, age_s, kept):
    left = SessionFolder(tmp_path, keep=False, limit_bytes=1 << 20)
    to_keep = SessionFolder(tmp_path, keep=True, limit_bytes=1 << 20)
    for folder in (left, to_keep):
        folder.write(1, b"abc")
        then = folder.path.stat().st_mtime - age_s
        os.utime(folder.path, (then, then))
    SessionFolder(tmp_path, keep=False, limit_bytes=1 << 20)
    assert left.path.exists() == kept
    assert to_keep.path.exists()

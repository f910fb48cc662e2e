"""``anacrusis models``: what a user types, on tiny checkpoints and on a small hub of our own."""

import hashlib
import json
import shutil
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest

from bridge_protocol.errors import ErrorCode, RefusedError
from engine_host.models.catalogue.download import fetch, look
from engine_host.models.catalogue.known import KnownModel, known_model

REPOSITORY = "someone/tiny-acestep"
REVISION = "c0ffee" + 34 * "0"
KNOWN = KnownModel("tiny", "acestep", "a tiny one", "MIT", REPOSITORY)


@pytest.fixture(autouse=True)
def library(tmp_path, monkeypatch):
    monkeypatch.setenv("ANACRUSIS_MODELS", str(tmp_path / "library"))
    monkeypatch.setenv("HF_HUB_DISABLE_TELEMETRY", "1")
    return tmp_path / "library"


@pytest.fixture
def original(tiny_acestep, tmp_path):
    from original_acestep import write_original  # noqa: PLC0415 - takes seconds

    return write_original(tiny_acestep, tmp_path / "checkpoints")


def rows_of(out):
    return {line.split()[0]: line for line in out.splitlines() if line.strip()}


def test_the_list_tells_every_known_model_its_licence_and_its_state(anacrusis):
    code, out, _ = anacrusis("models", "list")
    assert code == 0
    rows = rows_of(out)
    assert "ready" in rows["house"]
    for name in ("acestep-turbo", "acestep-xl-turbo", "stable-audio-3"):
        assert "not downloaded" in rows[name]
    assert "MIT" in rows["acestep-turbo"]
    assert "Stability" in rows["stable-audio-3"]


def test_an_added_folder_is_listed_verified_and_removed_and_its_files_stay(
    anacrusis, tiny_acestep, tmp_path
):
    folder = shutil.copytree(tiny_acestep, tmp_path / "mine")
    code, out, err = anacrusis("models", "add", folder)
    assert code == 0, err
    assert "mine: ACE-Step 1.5" in out
    assert "ready" in rows_of(anacrusis("models", "list")[1])["mine"]
    assert anacrusis("models", "verify", "mine")[:2] == (0, "mine: well\n")
    assert anacrusis("models", "remove", "mine")[0] == 0
    assert (folder / "model_index.json").is_file()
    assert "mine" not in rows_of(anacrusis("models", "list")[1])


def test_verify_names_the_file_that_was_changed(anacrusis, tiny_acestep, tmp_path):
    folder = shutil.copytree(tiny_acestep, tmp_path / "mine")
    anacrusis("models", "add", folder)
    path = folder / "vae" / "diffusion_pytorch_model.safetensors"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    code, out, err = anacrusis("models", "verify")
    assert code == 2
    assert "vae/diffusion_pytorch_model.safetensors has been changed" in out
    assert "FILE_BROKEN name" in err


def test_an_original_checkpoint_is_converted_into_the_library(anacrusis, original, library):
    code, out, err = anacrusis("models", "add", original, "--name", "acestep-turbo")
    assert code == 0, err
    assert "converted" in out
    assert (library / "acestep-turbo" / "model_index.json").is_file()
    record = json.loads((library / "acestep-turbo.json").read_text())
    assert (record["licence"], record["family"]) == ("MIT", "acestep")
    assert anacrusis("models", "verify", "acestep-turbo")[0] == 0


def test_an_original_checkpoint_that_may_not_be_converted_is_refused(anacrusis, original, library):
    code, _, err = anacrusis("models", "add", original, "--no-convert")
    assert code == 2
    assert "--no-convert" in err
    assert not library.exists()


@pytest.mark.parametrize(
    ("words", "field"),
    [
        (("add", "nowhere"), "path"),
        (("download", "house"), "name"),
        (("download", "nonsense"), "name"),
        (("remove", "house"), "name"),
        (("remove", "nonsense"), "name"),
        (("verify", "nonsense"), "model"),
    ],
)
def test_what_is_not_there_is_one_line_and_exit_code_2(anacrusis, words, field):
    code, _, err = anacrusis("models", *words)
    assert code == 2
    assert len(err.strip().splitlines()) == 1
    assert f" {field}: " in err


class SmallHub(BaseHTTPRequestHandler):
    """As much of Hugging Face's HTTP as its own client asks for; ``files`` by name."""

    files: ClassVar = {}
    gated = False
    asked: ClassVar = []
    broken: ClassVar = set()

    def do_GET(self):
        self._answer(body=True)

    def do_HEAD(self):
        self._answer(body=False)

    def _answer(self, *, body):
        path = self.path.partition("?")[0]
        resolve = f"/{REPOSITORY}/resolve/{REVISION}/"
        if self.gated:
            self._send(403, b"gated", {"X-Error-Code": "GatedRepo"}, body)
        elif path.startswith(f"/api/models/{REPOSITORY}/tree/"):
            self._send(200, json.dumps(self._tree()).encode(), {}, body)
        elif path.startswith(f"/api/models/{REPOSITORY}"):
            self._send(200, json.dumps(self._info()).encode(), {}, body)
        elif path.startswith(resolve) and path.removeprefix(resolve) in self.files:
            name = path.removeprefix(resolve)
            if body:
                self.asked.append(name)
            data = self.files[name]
            headers = {"X-Repo-Commit": REVISION, "ETag": f'"{hashlib.sha256(data).hexdigest()}"'}
            self._send(200, data[:-1] + b"?" if name in self.broken else data, headers, body)
        else:
            self._send(404, b"none", {"X-Error-Code": "RepoNotFound"}, body)

    def _info(self):
        siblings = [
            {
                "rfilename": name,
                "size": len(data),
                "lfs": {
                    "sha256": hashlib.sha256(data).hexdigest(),
                    "size": len(data),
                    "pointerSize": 1,
                }
                if name.endswith(".safetensors")
                else None,
            }
            for name, data in self.files.items()
        ]
        return {"_id": "1", "id": REPOSITORY, "sha": REVISION, "siblings": siblings, "tags": []}

    def _tree(self):
        return [
            {"type": "file", "path": name, "size": len(data), "oid": hashlib.sha1(data).hexdigest()}
            for name, data in self.files.items()
        ]

    def _send(self, status, data, headers, body):
        self.send_response(status)
        for name, value in {"Content-Length": str(len(data)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if body:
            self.wfile.write(data)

    def log_message(self, *_):
        pass


@pytest.fixture
def hub(tiny_acestep, monkeypatch):
    """A hub that serves the tiny checkpoint, with a pickle among its files: (endpoint, class)."""
    files = {
        path.relative_to(tiny_acestep).as_posix(): path.read_bytes()
        for path in tiny_acestep.rglob("*")
        if path.is_file()
    }
    files["pytorch_model.bin"] = b"a pickle"

    class Served(SmallHub):
        asked: ClassVar = []
        broken: ClassVar = set()

    Served.files = files
    server = ThreadingHTTPServer(("127.0.0.1", 0), Served)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", Served
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_download_brings_the_safetensors_and_leaves_the_pickle(hub, tmp_path):
    endpoint, served = hub
    remote = look(KNOWN, endpoint)
    assert remote.revision == REVISION
    assert remote.size == sum(len(d) for n, d in served.files.items() if not n.endswith(".bin"))
    fetch(KNOWN, remote, tmp_path / "got", endpoint)
    for name, data in served.files.items():
        path = tmp_path / "got" / name
        assert path.is_file() == (not name.endswith(".bin"))
        assert not path.is_file() or path.read_bytes() == data


def test_an_interrupted_download_fetches_only_what_is_missing(hub, tmp_path):
    endpoint, served = hub
    remote = look(KNOWN, endpoint)
    fetch(KNOWN, remote, tmp_path / "got", endpoint)
    served.asked.clear()
    (tmp_path / "got" / "vae" / "config.json").unlink()
    fetch(KNOWN, remote, tmp_path / "got", endpoint)
    assert served.asked == ["vae/config.json"]


def test_a_file_that_is_not_what_the_repository_says_is_removed(hub, tmp_path):
    endpoint, served = hub
    name = "vae/diffusion_pytorch_model.safetensors"
    served.broken.add(name)
    with pytest.raises(RefusedError) as error:
        fetch(KNOWN, look(KNOWN, endpoint), tmp_path / "got", endpoint)
    assert error.value.code is ErrorCode.HASH_MISMATCH
    assert not (tmp_path / "got" / name).exists()


def test_a_disk_without_room_is_told_before_anything_is_fetched(hub, tmp_path, monkeypatch):
    endpoint, served = hub
    usage = shutil.disk_usage(tmp_path)._replace(free=1_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(RefusedError) as error:
        fetch(KNOWN, look(KNOWN, endpoint), tmp_path / "got", endpoint)
    assert error.value.code is ErrorCode.LIMIT
    assert served.asked == []


def test_terms_that_were_not_accepted_are_told_with_the_page(hub, monkeypatch):
    endpoint, served = hub
    monkeypatch.setattr(served, "gated", True)
    with pytest.raises(RefusedError, match=r"huggingface\.co/someone/tiny-acestep") as error:
        look(KNOWN, endpoint)
    assert error.value.code is ErrorCode.BAD_FIELD


def test_without_a_network_a_download_is_one_sentence(anacrusis, monkeypatch):
    from huggingface_hub import HfApi  # noqa: PLC0415 - takes a second

    class Unplugged(HfApi):
        def __init__(self, endpoint=None):
            super().__init__(endpoint="http://127.0.0.1:9")

    monkeypatch.setattr("engine_host.models.catalogue.download.HfApi", Unplugged)
    code, _, err = anacrusis("models", "download", "acestep-xl-turbo")
    assert code == 2
    assert "Hugging Face can't be reached" in err
    assert len(err.strip().splitlines()) == 1


def test_a_download_of_the_original_takes_its_three_folders_and_no_language_model():
    from fnmatch import fnmatch  # noqa: PLC0415

    patterns = known_model("acestep-turbo").patterns

    def taken(name):
        return any(fnmatch(name, pattern) for pattern in patterns)

    assert taken("acestep-v15-turbo/model.safetensors")
    assert taken("acestep-v15-turbo/silence_latent.pt")
    assert taken("vae/config.json")
    assert taken("Qwen3-Embedding-0.6B/tokenizer.json")
    assert not taken("acestep-5Hz-lm-1.7B/model.safetensors")
    assert not taken("acestep-v15-turbo/modeling_acestep_v15_turbo.py")
    assert not taken("vae/pytorch_model.bin")

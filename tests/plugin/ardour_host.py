"""Ardour without a window: a session with one track, exported as often as asked.

The session is made by a Lua script; the track's sound and the plugin's saved words are then written
into its files, for no script can, and a second script opens it and exports.
"""

import base64
import os
import shutil
import struct
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import plugin_state
import soundfile

NAME, TRACK = "song", "Track"
SUPERCLOCK = 282_240_000  # a second of Ardour's own time
FLOAT_FORMAT = "20b4ab09-6452-4cb3-bd66-b921cdbd2942"  # Ardour's "BWAV 32float Export"
PRESET = "f6e5d4c3-0001-4000-8000-616e61637275"
LIBRARIES = Path("/usr/lib/ardour7")
TIMEOUT_S = 120
PLAIN = {"ARDOUR_FPU_FLAGS": "0"}  # its vector code spoils the heap in exports on newer processors
_HERE = Path(__file__).parent


def is_there():
    """Whether Ardour 7 is installed."""
    return shutil.which("ardour7-lua") is not None and LIBRARIES.is_dir()


@dataclass
class Song:
    """What the session holds. ``automation``: label -> [(frame, value)], each held to the next."""

    sound: np.ndarray  # float32 [2, frames], on the track from frame 0
    words: dict[str, str]  # the plugin's state
    bpm: float = 120.0
    rate_hz: int = 48_000
    automation: dict[str, list[tuple[int, float]]] = field(default_factory=dict)

    @property
    def frames(self):
        return self.sound.shape[1]


class Ardour:
    """Runs of Ardour in a home of their own below ``folder``. ``kind``: "LV2" or "VST3"."""

    def __init__(self, folder, kind, bundle, plugin, **environment):
        self.folder, self.kind, self.plugin = Path(folder), kind, plugin
        home = self.folder / "home"
        self._environment = os.environ | {"HOME": str(home)} | PLAIN | environment
        for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME"):
            self._environment.pop(name, None)
        self._write_preset(home / ".config" / "ardour7" / "export")
        if kind == "VST3":
            self._scan(home / ".vst3", Path(bundle))
        else:
            self._environment["LV2_PATH"] = f"{Path(bundle).parent}:/usr/lib/lv2"

    def export(self, song, times=1):
        """The session's sound, float32 ``[2, frames]``, of each export in turn."""
        session = self.folder / "session"
        shutil.rmtree(session, ignore_errors=True)
        shared = {"folder": str(session), "name": NAME}
        made = {"rate": song.rate_hz, "bpm": song.bpm, "automation": song.automation}
        made |= {"kind": self.kind, "plugin": self.plugin, "track": TRACK}
        self._run("ardour_make.lua", shared | made)
        SessionFile(session).fill(song)
        out = self.folder / "out"
        out.mkdir(exist_ok=True)
        names = [f"pass{index}" for index in range(times)]
        wanted = {"exports": names, "out": str(out), "frames": song.frames, "preset": PRESET}
        self._run("ardour_export.lua", shared | wanted)
        return [self._read(out / f"{name}.wav") for name in names]

    def _run(self, script, values):
        path = self.folder / script
        path.write_text(f"local P = {lua(values)}\n" + (_HERE / script).read_text())
        result = subprocess.run(
            ["ardour7-lua", str(path)],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        self.told = result.stdout + result.stderr
        assert result.returncode == 0, f"{script}: {result.returncode}: {self.told[-2000:]}"

    def _scan(self, folder, bundle):
        folder.mkdir(parents=True, exist_ok=True)
        link = folder / bundle.name
        link.unlink(missing_ok=True)
        link.symlink_to(bundle)
        environment = self._environment | {"LD_LIBRARY_PATH": str(LIBRARIES)}
        scanner = [str(LIBRARIES / "ardour-vst3-scanner"), "-f", str(link)]
        subprocess.run(scanner, env=environment, check=True, capture_output=True, timeout=30)

    @staticmethod
    def _write_preset(folder):
        folder.mkdir(parents=True, exist_ok=True)
        preset = ElementTree.Element("ExportPreset", id=PRESET, name="float")
        ElementTree.SubElement(preset, "ExportFormat", id=FLOAT_FORMAT)
        ElementTree.ElementTree(preset).write(folder / "float.preset")

    @staticmethod
    def _read(path):
        sound, _ = soundfile.read(path, dtype="float32", always_2d=True)
        return sound.T


class SessionFile:
    """A session on disk, its sound and the plugin's words put in by hand."""

    def __init__(self, folder):
        self._folder = Path(folder)
        self._path = self._folder / f"{NAME}.ardour"
        self._tree = ElementTree.parse(self._path)
        self._root = self._tree.getroot()

    def fill(self, song):
        """Puts the song's sound on the track, and its words into the plugin."""
        self._put_sound(song)
        self._put_words(song.words)
        self._tree.write(self._path, encoding="UTF-8", xml_declaration=True)

    def _put_sound(self, song):
        audio = self._folder / "interchange" / self._folder.name / "audiofiles"
        ids = []
        for channel, samples in enumerate(song.sound):
            name = f"source%{'LR'[channel]}.wav"
            soundfile.write(audio / name, samples, song.rate_hz, subtype="FLOAT")
            ids.append(self._new_id())
            about = {"name": name, "type": "audio", "flags": "", "id": ids[-1], "channel": "0"}
            ElementTree.SubElement(self._root.find("Sources"), "Source", about | {"origin": ""})
        playlist = self._root.find("Playlists/Playlist")
        length = song.frames * SUPERCLOCK // song.rate_hz
        region = {"name": "source", "type": "audio", "id": self._new_id(), "start": "a0"}
        region |= {"length": f"a{length}@a0", "first-edit": "nothing", "channels": "2"}
        region |= dict.fromkeys(("opaque", "automatic"), "1")
        region |= dict.fromkeys(("fade-in-active", "fade-out-active", "muted", "locked"), "0")
        for channel, number in enumerate(ids):
            region |= {f"source-{channel}": number, f"master-source-{channel}": number}
        ElementTree.SubElement(playlist, "Region", region)

    def _put_words(self, words):
        chunk = self._root.find(".//vst3/chunk")
        if chunk is not None:
            chunk.text = preset_with(base64.b64decode(chunk.text), plugin_state.dpf(words))
            return
        (state,) = (self._folder / "plugins").glob("*/state*/state.ttl")
        state.write_text(plugin_state.with_lv2_words(state.read_text(), words))

    def _new_id(self):
        number = int(self._root.get("id-counter")) + 1
        self._root.set("id-counter", str(number))
        return str(number)


def preset_with(preset, component):
    """A .vstpreset in base64, like ``preset`` but with the component's state replaced."""
    head = preset[:40]  # "VST3", version, class id
    entry = b"Comp" + struct.pack("<qq", 48, len(component))
    parts = head + struct.pack("<q", 48 + len(component)) + component
    whole = parts + b"List" + struct.pack("<i", 1) + entry
    return base64.b64encode(whole).decode()


def lua(value):
    """A Python value as Lua source."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"[{lua(k)}] = {lua(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "{" + ", ".join(map(lua, value)) + "}"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return repr(value)

"""A REAPER at work: scripts from the action list, on a real socket to a real gateway."""

from __future__ import annotations

import select
from pathlib import Path

import anacrusis_reaper.entry
import soundfile
from anacrusis_reaper.gateway_link import GatewayLink
from anacrusis_reaper.token_file import VARIABLE
from fake_reaper import Effect, Envelope, FakeReaper, Parameter, Track
from gateway_setup import TOKEN
from reaper_paths import SCRIPTS

from bridge_protocol.clock import MonotonicClock
from bridge_protocol.plugin_controls import CONTROLS, Role

TICK_S = 0.01
PATIENCE_S = 40.0


class RecordingLink(GatewayLink):
    """Keeps what was sent."""

    def __init__(self, port: int) -> None:
        super().__init__(port)
        self.sent: list[dict] = []

    def send(self, message, payload=None) -> None:
        self.sent.append(dict(message))
        super().send(message, payload)


class Desk:
    """``reaper`` is the double; its clock is the machine's, as the engine's is."""

    def __init__(self, folder: Path, monkeypatch, host) -> None:
        self.host = host
        self.links: list[RecordingLink] = []
        self.reaper = FakeReaper(folder, MonotonicClock())
        self.reaper.ext_state["anacrusis", "port"] = str(host.port)
        monkeypatch.setenv(VARIABLE, TOKEN)
        monkeypatch.setattr(anacrusis_reaper.entry, "GatewayLink", self._link)

    def _link(self, port: int) -> RecordingLink:
        self.links.append(RecordingLink(port))
        return self.links[-1]

    @property
    def project(self):
        return self.reaper.project

    @property
    def said(self) -> list[str]:
        return self.reaper.lines()

    def run(self, action: str) -> None:
        """An action of the list, by the end of its script's name."""
        self.reaper.run_script(SCRIPTS / f"anacrusis_{action}.py")

    def connect(self) -> None:
        self.run("connect")
        self.until_said("Connected to")

    def do(self, action: str, words: str) -> None:
        """Runs an action and waits until the console says so."""
        seen = len(self.said)
        self.run(action)
        self.until(lambda: any(words in line for line in self.said[seen:]))

    def until_said(self, words: str) -> None:
        self.until(lambda: any(words in line for line in self.said))

    def until(self, done) -> None:
        """Ticks until then; between two, waits for the socket as long as a tick may last."""
        clock = self.reaper.clock
        end_ns = clock.now_ns() + PATIENCE_S * 1e9
        while not done():
            assert clock.now_ns() < end_ns, f"it never came; the console says {self.said}"
            self.reaper.pump()
            open_links = [link for link in self.links if link.is_open]
            select.select(open_links, [], [], TICK_S)

    def sent(self, kind: str) -> list[dict]:
        """The messages of a type that went out."""
        return [message for message in self.links[-1].sent if message["type"] == kind]

    def settle(self, **changes) -> None:
        """What the settings dialog would write."""
        usual = {"prompt": "0.25", "prompt_b": "", "negative": "", "seed": "0", "bars": "4"}
        usual["loras"] = ""
        self.reaper.answers.append([*(usual | changes).values(), str(self.host.port)])
        self.run("settings")

    def close(self) -> None:
        self.reaper.quit()
        self.reaper.check_rules()
        assert all(not reader.is_open for reader in self.reaper.readers)
        assert all(not link.is_open for link in self.links)


def lanes_effect(**envelopes) -> Effect:
    """The effect "Anacrusis Lanes" as REAPER shows it; envelopes by parameter, as points."""
    parameters = []
    for control in CONTROLS:
        if control.role is Role.ENGINE:
            points = envelopes.get(control.name)
            envelope = None if points is None else Envelope(list(points))
            label = control.label.replace("/", " ")
            low, high = control.minimum, control.maximum
            parameters.append(Parameter(label, control.default, low, high, envelope))
    return Effect("JS: Anacrusis Lanes", parameters)


def add_lanes(reaper: FakeReaper, **envelopes) -> Effect:
    effect = lanes_effect(**envelopes)
    reaper.project.tracks.append(Track("Lanes", [effect]))
    return effect


def laid(project, track: int = -1):
    """What lies on a track: (start in seconds, length, samples) of each item, in order."""
    items = sorted(project.tracks[track].items, key=lambda item: item.start)
    return [
        (
            item.start,
            item.values["D_LENGTH"],
            soundfile.read(item.takes[0].source.file, dtype="float32")[0],
        )
        for item in items
    ]

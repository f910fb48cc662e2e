"""One face for the plugin in every host that a test drives itself: CLAP by hand, VST3 and LV2 by JUCE.

Controls go by the names of the manifest. Sounds are float32 ``[2, frames]``.
"""

import os
import time
from dataclasses import dataclass
from pathlib import Path

import clap_events
import clap_host
import minihost
import numpy as np
import plugin_state
from song_transport import minihost_transport

from bridge_protocol.plugin_controls import CONTROLS, Status

LABELS = {control.name: control.label for control in CONTROLS}
RANGES = {control.name: (control.minimum, control.maximum) for control in CONTROLS}
STATUSES = tuple(status.value for status in Status)


class Deck:
    """What both kinds share."""

    rate_hz: int

    @property
    def status(self):
        """The plugin's status in words."""
        return STATUSES[round(self.value("status"))]

    def idle(self, timeline, ready, timeout_s=10.0, block=512):
        """Stands still, block after block, until ``ready()``; returns whether it came to be."""
        assert not timeline.playing
        until = time.monotonic() + timeout_s
        while not ready():
            if time.monotonic() > until:
                return False
            self.process(np.zeros((2, block), np.float32), timeline.position())
            time.sleep(0.002)
        return True


class ClapDeck(Deck):
    """The CLAP plugin, active."""

    def __init__(self, plugin, words, rate_hz=48_000, max_frames=4096):
        self.plugin, self.rate_hz, self._words = plugin, rate_hz, {}
        self._steady = 0
        self.load(words)
        plugin.activate(rate_hz, max_frames)

    def load(self, words):
        """Adds to the saved words."""
        self._words |= words
        assert self.plugin.load(plugin_state.dpf(self._words))

    def words(self):
        """The state as the plugin saves it."""
        return plugin_state.words_of(self.plugin.save())

    def process(self, sound, position, events=()):
        out = self.plugin.process(sound, position, events, self._steady)
        self._steady += sound.shape[1]
        return out

    def event(self, name, value, offset=0):
        """An automation event for ``process``."""
        return clap_events.param_value(self.id(name), value, offset)

    def id(self, name):
        return self.plugin.params[LABELS[name]].id

    def set(self, **values):
        self.plugin.set(**{LABELS[name]: value for name, value in values.items()})

    def value(self, name):
        return self.plugin.value(LABELS[name])

    def offline(self, on):
        assert self.plugin.render(offline=on)

    @property
    def latency(self):
        return self.plugin.latency

    def close(self):
        self.plugin.close()


class MiniDeck(Deck):
    """The VST3 or LV2 plugin in minihost."""

    def __init__(self, path, words, rate_hz=48_000, max_frames=4096):
        self.rate_hz, self._is_lv2 = rate_hz, path.suffix == ".lv2"
        if self._is_lv2:
            os.environ["LV2_PATH"] = str(path.parent)
        self.plugin = minihost.Plugin(
            str(path),
            sample_rate=rate_hz,
            max_block_size=max_frames,
            in_channels=2,
            out_channels=2,
        )
        self._places = {
            self.plugin.get_param_info(index)["name"]: index
            for index in range(self.plugin.num_params)
        }
        if words:
            self.load(words)

    def load(self, words):
        """Adds to the saved words."""
        state = self.plugin.get_state()
        if self._is_lv2:
            turtle = plugin_state.with_lv2_words(state.decode(), words)
            self.plugin.set_state(turtle.encode())
            return
        component, controller = minihost._core.vst3_state_split(state)
        whole = plugin_state.dpf(plugin_state.words_of(component) | words)
        self.plugin.set_state(minihost._core.vst3_state_join(whole, controller))

    def words(self):
        """The state as the plugin saves it."""
        state = self.plugin.get_state()
        if self._is_lv2:
            return plugin_state.lv2_words_of(state.decode())
        return plugin_state.words_of(minihost._core.vst3_state_split(state)[0])

    def process(self, sound, position):
        out = np.full(sound.shape, np.nan, np.float32)
        self.plugin.set_transport(**minihost_transport(position))
        self.plugin.process(np.ascontiguousarray(sound), out)
        return out

    def set(self, **values):
        for name, value in values.items():
            low, high = RANGES[name]
            self.plugin.set_param(self._places[LABELS[name]], (value - low) / (high - low))

    def value(self, name):
        low, high = RANGES[name]
        return low + self.plugin.get_param(self._places[LABELS[name]]) * (high - low)

    def offline(self, on):
        self.plugin.non_realtime = on

    @property
    def latency(self):
        return self.plugin.latency_samples

    def close(self):
        self.plugin.close()


def clap_deck(bundles, words, **options):
    """A new instance of the CLAP plugin."""
    return ClapDeck(clap_host.load(bundles.clap).plugin(), words, **options)


def play(deck, timeline, sound, block=512, events=None):
    """Plays ``sound`` through, as fast as the plugin answers; returns (sound, song samples).

    ``events``: frame of ``sound`` -> the events of the block that begins there.
    """
    out, places = [], []
    for start in range(0, sound.shape[1], block):
        piece = sound[:, start : start + block]
        position = timeline.position()
        extra = () if events is None else (events(start, piece.shape[1]),)
        out.append(deck.process(piece, position, *extra))
        places.append(timeline.advance(piece.shape[1]))
    return np.concatenate(out, axis=1), np.concatenate(places)


def play_in_time(deck, timeline, sound, block=512, speed=1.0, on_block=None):
    """As :func:`play`, at the pace of a host that plays; ``on_block(frames played)`` before each.

    It ends early where ``on_block`` returns True. Returns (sound, song samples, costs of the blocks).
    """
    out, places, costs = [], [], []
    due = time.monotonic()
    for start in range(0, sound.shape[1], block):
        if on_block is not None and on_block(start):
            break
        piece = sound[:, start : start + block]
        position = timeline.position()
        before = spent()
        out.append(deck.process(piece, position))
        costs.append([after - then for after, then in zip(spent(), before, strict=True)])
        places.append(timeline.advance(piece.shape[1]))
        due += piece.shape[1] / deck.rate_hz / speed
        time.sleep(max(0.0, due - time.monotonic()))
    return np.concatenate(out, axis=1), np.concatenate(places), Costs(*np.array(costs).T)


@dataclass(frozen=True)
class Costs:
    """What each block cost this thread."""

    cpu_s: np.ndarray
    slept_s: np.ndarray  # while it waited for anything but a processor


def spent():
    """So far: seconds of processor time, and asleep. What other programs take is in neither.

    Sleep is what is left of the time that passed, so the three clocks are read again if the kernel
    gave the processor away between them.
    """
    while True:
        queued_ns = queued()
        passed_ns, ran_ns = time.monotonic_ns(), time.thread_time_ns()
        if queued() == queued_ns:
            return ran_ns / 1e9, (passed_ns - ran_ns - queued_ns) / 1e9


def queued():
    """Nanoseconds that this thread could run and had no processor (Linux, sched-stats.rst)."""
    return int(Path("/proc/thread-self/schedstat").read_text().split()[1])


def bounce(deck, timeline, sound, block=512, events=None):
    """An offline pass, and the stop after it; returns (sound, song samples)."""
    deck.offline(True)
    try:
        return play(deck, timeline, sound, block, events)
    finally:
        deck.offline(False)
        stop(deck, timeline)


def stop(deck, timeline):
    """A block in which the host stands still, and no longer renders; it may then go on."""
    timeline.playing = False
    deck.process(np.zeros((2, 64), np.float32), timeline.position())
    timeline.playing = True

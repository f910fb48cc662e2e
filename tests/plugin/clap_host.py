"""A CLAP host in ctypes: loads a bundle, drives any number of its plugins, tells them any time.

One thread is main and audio thread at once, as an offline host's is; the plugin is told which of the
two it is called from.
"""

import ctypes
from dataclasses import dataclass

import clap_abi as abi
import clap_events
import numpy as np

_FLOATS = ctypes.POINTER(ctypes.c_float)
_loaded = {}


@dataclass(frozen=True)
class Param:
    """A parameter as the plugin describes it."""

    id: int
    name: str
    minimum: float
    maximum: float
    default: float
    flags: int


@dataclass(frozen=True)
class Told:
    """An event that came out of the plugin."""

    type: int
    offset: int
    param_id: int
    value: float | None


def load(path):
    """The bundle at ``path``; loaded once a process, as CLAP asks."""
    key = str(path)
    if key not in _loaded:
        _loaded[key] = Bundle(key)
    return _loaded[key]


class Bundle:
    """A loaded .clap file."""

    def __init__(self, path):
        self._library = ctypes.CDLL(path)
        self.entry = abi.Entry.in_dll(self._library, "clap_entry")
        assert self.entry.version.major == 1
        assert self.entry.init(path.encode())
        address = self.entry.get_factory(abi.FACTORY_ID)
        assert address, "no plugin factory"
        self._address = address
        self._factory = abi.Factory.from_address(address)
        self.descriptors = [
            self._factory.descriptor(address, index).contents
            for index in range(self._factory.count(address))
        ]

    def plugin(self, *, bare=False):
        """A new, initialised plugin; ``bare``: the host offers it no extension at all."""
        host = _Host(bare)
        name = self.descriptors[0].id
        address = self._factory.create(self._address, ctypes.byref(host.struct), name)
        assert address, "the factory made no plugin"
        return ClapPlugin(address, host)


class _Host:
    """The host's half of the interface; ``calls`` counts what the plugin asked for."""

    def __init__(self, bare):
        self.processing = False
        self.calls = {"restart": 0, "process": 0, "callback": 0, "latency": 0, "rescan": 0}
        kinds = dict(abi.Host._fields_)
        self._kept = {} if bare else self._extensions()
        self.struct = abi.Host(
            abi.Version(1, 1, 1),
            None,
            b"test host",
            b"tests",
            b"",
            b"1",
            kinds["get_extension"](self._extension),
            kinds["request_restart"](lambda _: self._count("restart")),
            kinds["request_process"](lambda _: self._count("process")),
            kinds["request_callback"](lambda _: self._count("callback")),
        )

    def _extensions(self):
        latency = dict(abi.HostLatencyExtension._fields_)
        thread = dict(abi.HostThreadCheckExtension._fields_)
        params = dict(abi.HostParamsExtension._fields_)
        return {
            b"clap.latency": abi.HostLatencyExtension(
                latency["changed"](lambda _: self._count("latency"))
            ),
            b"clap.thread-check": abi.HostThreadCheckExtension(
                thread["is_main_thread"](lambda _: not self.processing),
                thread["is_audio_thread"](lambda _: self.processing),
            ),
            b"clap.params": abi.HostParamsExtension(
                params["rescan"](lambda *_: self._count("rescan")),
                params["clear"](lambda *_: None),
                params["request_flush"](lambda _: None),
            ),
        }

    def _extension(self, _, name):
        found = self._kept.get(name)
        return None if found is None else ctypes.addressof(found)

    def _count(self, name):
        self.calls[name] += 1


class ClapPlugin:
    """One plugin. Close it, or use it as a context; sounds are float32 ``[2, frames]``."""

    def __init__(self, address, host):
        self._address, self._host = address, host
        self._plugin = abi.Plugin.from_address(address)
        assert self._plugin.init(address), "the plugin refused init"
        self.calls = host.calls
        self.active = False
        self.rate_hz = 0.0
        self.told = []  # events that came out
        self._in, self._out = _InputList(), _OutputList(self.told)
        self._params = self._extension(abi.ParamsExtension)
        self.params = {param.name: param for param in self._read_params()}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Deactivates and destroys; once."""
        if self._plugin is None:
            return
        self.deactivate()
        self._plugin.destroy(self._address)
        self._plugin = None

    def activate(self, rate_hz=48_000.0, max_frames=4096):
        assert not self.active
        assert self._plugin.activate(self._address, rate_hz, 1, max_frames), "refused activate"
        assert self._plugin.start_processing(self._address)
        self.active, self.rate_hz = True, rate_hz

    def deactivate(self):
        if not self.active:
            return
        self._plugin.stop_processing(self._address)
        self._plugin.deactivate(self._address)
        self.active = False

    def reset(self):
        self._plugin.reset(self._address)

    def process(self, sound, position=None, events=(), steady=0):
        """Plays a block; ``position``: the host's at its first frame, None tells no transport."""
        frames = sound.shape[1]
        block = Block(self, frames)
        block.input[:] = sound
        block.events = events
        block.at(position, steady)
        block.run()
        return block.output

    def run(self, process):
        """One ``process()`` of a filled :class:`clap_abi.Process`; returns its status."""
        self._host.processing = True
        status = self._plugin.process(self._address, ctypes.byref(process))
        self._host.processing = False
        assert status != abi.PROCESS_ERROR
        if self.calls["callback"]:
            self.calls["callback"] = 0
            self._plugin.on_main_thread(self._address)
        return status

    @property
    def addresses(self):
        """(of the plugin, of its ``process`` function): for a caller in C."""
        return self._address, ctypes.cast(self._plugin.process, ctypes.c_void_p).value

    # parameters

    def value(self, name):
        number = ctypes.c_double()
        assert self._params.get_value(self._address, self.params[name].id, ctypes.byref(number))
        return number.value

    def text(self, name, value=None):
        """The words for a value (by default the present one)."""
        value = self.value(name) if value is None else value
        words = ctypes.create_string_buffer(256)
        param = self.params[name].id
        assert self._params.value_to_text(self._address, param, value, words, 256)
        return words.value.decode()

    def set(self, **values):
        """Sets parameters by name, outside of any block."""
        events = [clap_events.param_value(self.params[n].id, v) for n, v in values.items()]
        self.flush(events)

    def flush(self, events):
        self._in.events = events
        self._params.flush(
            self._address, ctypes.byref(self._in.struct), ctypes.byref(self._out.struct)
        )

    # latency, render, state

    @property
    def latency(self):
        return self._extension(abi.LatencyExtension).get(self._address)

    def render(self, *, offline):
        """Tells whether the host renders faster than time; False where the plugin can't be told."""
        extension = self._extension(abi.RenderExtension)
        mode = abi.RENDER_OFFLINE if offline else abi.RENDER_REALTIME
        return extension is not None and bool(extension.set(self._address, mode))

    def save(self, at_most=1 << 30):
        """The state, written at most so many bytes at a time."""
        parts = []

        def write(_, buffer, size):
            size = min(size, at_most)
            parts.append(ctypes.string_at(buffer, size))
            return size

        stream = abi.OutputStream(None, dict(abi.OutputStream._fields_)["write"](write))
        assert self._extension(abi.StateExtension).save(self._address, ctypes.byref(stream))
        return b"".join(parts)

    def load(self, state, at_most=1 << 30):
        """Whether the plugin took the state, read at most so many bytes at a time."""
        place = 0

        def read(_, buffer, size):
            nonlocal place
            part = state[place : place + min(size, at_most)]
            ctypes.memmove(buffer, part, len(part))
            place += len(part)
            return len(part)

        stream = abi.InputStream(None, dict(abi.InputStream._fields_)["read"](read))
        return bool(self._extension(abi.StateExtension).load(self._address, ctypes.byref(stream)))

    def _extension(self, kind):
        address = self._plugin.get_extension(self._address, kind.NAME)
        return kind.from_address(address) if address else None

    def _read_params(self):
        for index in range(self._params.count(self._address)):
            info = abi.ParamInfo()
            assert self._params.get_info(self._address, index, ctypes.byref(info))
            limits = info.min_value, info.max_value, info.default_value
            yield Param(info.id, info.name.decode(), *limits, info.flags)


class Block:
    """Buffers and a ``clap_process`` to be used again and again, for blocks of one length."""

    def __init__(self, plugin, frames):
        self._plugin = plugin
        self.input = np.zeros((2, frames), np.float32)
        self.output = np.full((2, frames), np.nan, np.float32)
        self._channels = [_channels(self.input), _channels(self.output)]
        self._buffers = [abi.AudioBuffer(rows, None, 2, 0, 0) for rows in self._channels]
        self.transport = None
        self._in, self._out = plugin._in, plugin._out
        self.process = abi.Process(
            0,
            frames,
            None,
            ctypes.pointer(self._buffers[0]),
            ctypes.pointer(self._buffers[1]),
            1,
            1,
            ctypes.pointer(self._in.struct),
            ctypes.pointer(self._out.struct),
        )
        self.events = ()

    def at(self, position, steady):
        """Where the host is; None tells no transport."""
        self.process.steady_time = steady
        self.transport = None
        self.process.transport = None
        if position is not None:
            self.transport = clap_events.transport(position, self._plugin.rate_hz)
            self.process.transport = ctypes.pointer(self.transport)

    def run(self):
        self._in.events = self.events
        return self._plugin.run(self.process)


def _channels(sound):
    rows = (_FLOATS * 2)()
    for index in range(2):
        rows[index] = sound[index].ctypes.data_as(_FLOATS)
    return rows


class _InputList:
    """Events for the plugin, in the order of their frames."""

    def __init__(self):
        self.events = ()
        kinds = dict(abi.InputEvents._fields_)
        self.struct = abi.InputEvents(
            None,
            kinds["size"](lambda _: len(self.events)),
            kinds["get"](lambda _, index: ctypes.addressof(self.events[index])),
        )


class _OutputList:
    """Takes every event of the plugin into ``told``."""

    def __init__(self, told):
        self._told = told
        push = dict(abi.OutputEvents._fields_)["try_push"]
        self.struct = abi.OutputEvents(None, push(self._take))

    def _take(self, _, event):
        head = event.contents
        address = ctypes.addressof(head)
        if head.type == abi.PARAM_VALUE:
            full = abi.ParamEvent.from_address(address)
            self._told.append(Told(head.type, head.time, full.param_id, full.value))
        elif head.type in (abi.GESTURE_BEGIN, abi.GESTURE_END):
            full = abi.GestureEvent.from_address(address)
            self._told.append(Told(head.type, head.time, full.param_id, None))
        return True

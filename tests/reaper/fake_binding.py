"""REAPER's Python binding, made from its prototypes over a host that is a Python object.

It does to arguments and results what the real one does: out-parameters are placeholders of their
own type (``c_int(0.0)`` is a TypeError), results are tuples of all arguments, pointers are strings,
and one that is not valid any more is passed on as null.
"""

from __future__ import annotations

import ctypes
import re
import types

from reaper_prototypes import PROTOTYPES

MOST_TEXT = 4 * 1024 * 1024
NUMBERS = {"i": ctypes.c_int, "y": ctypes.c_byte, "d": ctypes.c_double}
_POINTER = re.compile(r"^\((\w+\*|HWND)\)0x([0-9A-F]+)$")


class Text:
    """A buffer that a function fills in."""

    def __init__(self, value: str) -> None:
        self.value = value


def pointer_text(kind: str, address: int) -> str:
    """As scripts see a pointer."""
    return f"({kind})0x{address:016X}"


class Binding:
    """``host`` has ``host_NAME(*arguments)`` for each function, and ``is_valid(address, kind)``.

    A host's function gets ints for pointers, ctypes objects for what it fills in, Text for texts
    that it fills in, and the plain value else.
    """

    def __init__(self, host) -> None:
        self.host = host

    def module(self) -> types.ModuleType:
        """What ``import reaper_python`` gives."""
        made = types.ModuleType("reaper_python")
        for name in PROTOTYPES:
            setattr(made, f"RPR_{name}", self._function(name))
        made.RPR_GetAudioAccessorSamples = self._accessor_samples
        return made

    def packed_pointer(self, kind: str, given: object) -> int:
        match = _POINTER.match(str(given))
        if match is None or kind not in (match[1], "void*"):
            return 0
        address = int(match[2], 16)
        return address if self.host.is_valid(address, kind) else 0

    def _function(self, name: str):
        result, arguments = PROTOTYPES[name]

        def call(*given):
            self.host.check_thread()
            if len(given) != len(arguments):
                text = f"RPR_{name}() takes {len(arguments)} arguments but {len(given)} were given"
                raise TypeError(text)
            packed = [
                self._packed(kind, value) for kind, value in zip(arguments, given, strict=True)
            ]
            returned = getattr(self.host, f"host_{name}")(*map(_passed, arguments, packed))
            return self._result(result, returned, arguments, given, packed)

        call.__name__ = f"RPR_{name}"
        return call

    def _packed(self, kind: str, value):
        if kind.startswith("p"):
            return self.packed_pointer(kind[1:], value)
        if kind == "s":
            return str(value)
        if kind == "S":
            return Text(str(value))
        return NUMBERS[kind.lower()](value)

    @staticmethod
    def _result(result, returned, arguments, given, packed):
        if result.startswith("p"):
            value = pointer_text(result[1:], returned)
        elif result in NUMBERS:
            value = NUMBERS[result](returned).value
        else:
            value = returned
        if not any(kind.isupper() for kind in arguments):
            return value
        echoed = [
            held.value if kind.isupper() else echo
            for kind, echo, held in zip(arguments, given, packed, strict=True)
        ]
        return tuple(echoed) if result == "v" else (value, *echoed)

    def _accessor_samples(self, accessor, rate, channels, start, frames, out):
        """The one function that REAPER wrote by hand: only two results."""
        self.host.check_thread()
        address = self.packed_pointer("void*", accessor)
        rate, channels = ctypes.c_int(rate).value, ctypes.c_int(channels).value
        start, frames = ctypes.c_double(start).value, ctypes.c_int(frames).value
        state, samples = self.host.accessor_samples(address, rate, channels, start, frames)
        for index, sample in enumerate(samples):
            out[index] = float(sample)
        return state, out


def _passed(kind: str, packed):
    """What the host's function gets."""
    return packed.value if kind in NUMBERS else packed

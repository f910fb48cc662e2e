"""The double's functions as C has them: addresses that REAPER's own binding can call."""

from __future__ import annotations

import ctypes

from fake_binding import NUMBERS, Text
from reaper_prototypes import PROTOTYPES

_RESULTS = {**NUMBERS, "v": None, "s": ctypes.c_void_p}


class NativeHost:
    """``table`` is what REAPER gives to ``rpr_initft``: names and addresses."""

    def __init__(self, reaper) -> None:
        self._reaper = reaper
        self._kept: list = []  # what C holds pointers to
        self.table = {name: self._address(name) for name in PROTOTYPES}
        self.table["ValidatePtr"] = self._made(
            ctypes.CFUNCTYPE(ctypes.c_byte, ctypes.c_uint64, ctypes.c_char_p),
            lambda address, kind: reaper.is_valid(address, kind.decode()),
        )
        self.table["GetAudioAccessorSamples"] = self._made(
            ctypes.CFUNCTYPE(
                ctypes.c_int, ctypes.c_uint64, ctypes.c_int, ctypes.c_int, ctypes.c_double,
                ctypes.c_int, ctypes.c_void_p,
            ),
            self._samples,
        )  # fmt: skip

    def _made(self, prototype, call) -> int:
        function = prototype(call)
        self._kept.append(function)
        return ctypes.cast(function, ctypes.c_void_p).value

    def _address(self, name: str) -> int:
        result, arguments = PROTOTYPES[name]
        returned = ctypes.c_uint64 if result.startswith("p") else _RESULTS[result]
        prototype = ctypes.CFUNCTYPE(returned, *map(_native, arguments))
        host = getattr(self._reaper, f"host_{name}")

        def call(*given):
            texts = []
            passed = [
                _taken(kind, value, texts) for kind, value in zip(arguments, given, strict=True)
            ]
            found = host(*passed)
            for text, address in texts:
                octets = text.value.encode() + b"\0"
                ctypes.memmove(address, octets, len(octets))
            return self._text(found) if result == "s" else found

        return self._made(prototype, call)

    def _text(self, text: str) -> int:
        buffer = ctypes.create_string_buffer(text.encode())
        self._kept.append(buffer)
        return ctypes.addressof(buffer)

    def _samples(self, accessor, rate, channels, start, frames, out) -> int:
        state, samples = self._reaper.accessor_samples(accessor, rate, channels, start, frames)
        room = (ctypes.c_double * (frames * channels)).from_address(out)
        room[: len(samples)] = samples
        return state


def _native(kind: str):
    if kind.startswith("p"):
        return ctypes.c_uint64
    if kind == "s":
        return ctypes.c_char_p
    return NUMBERS.get(kind, ctypes.c_void_p)


def _taken(kind: str, value, texts: list):
    """A C argument as the double's functions take it."""
    if kind == "s":
        return value.decode()
    if kind == "S":
        texts.append((Text(ctypes.string_at(value).decode()), value))
        return texts[-1][0]
    return NUMBERS[kind.lower()].from_address(value) if kind in "IYD" else value

"""The binary interface of CLAP 1.1 in ctypes: what a host needs of the standard's headers."""

import ctypes
from ctypes import (
    CFUNCTYPE,
    POINTER,
    Structure,
    c_bool,
    c_char,
    c_char_p,
    c_double,
    c_float,
    c_int16,
    c_int32,
    c_int64,
    c_uint8,
    c_uint16,
    c_uint32,
    c_uint64,
    c_void_p,
)

FACTORY_ID = b"clap.plugin-factory"
FIXED_POINT = 1 << 31  # beats and seconds
CORE_SPACE = 0

NOTE_ON, NOTE_OFF = 0, 1
PARAM_VALUE, PARAM_MOD, GESTURE_BEGIN, GESTURE_END, TRANSPORT, MIDI = 5, 6, 7, 8, 9, 10

HAS_TEMPO, HAS_BEATS, HAS_SECONDS, HAS_SIGNATURE = 1, 2, 4, 8
IS_PLAYING, IS_RECORDING, IS_LOOPING, IS_PRE_ROLL = 16, 32, 64, 128

IS_STEPPED, IS_HIDDEN, IS_READONLY, IS_BYPASS, IS_AUTOMATABLE = 1, 4, 8, 16, 32

RENDER_REALTIME, RENDER_OFFLINE = 0, 1
PROCESS_ERROR = 0


class Version(Structure):
    _fields_ = (("major", c_uint32), ("minor", c_uint32), ("revision", c_uint32))


class Entry(Structure):
    _fields_ = (
        ("version", Version),
        ("init", CFUNCTYPE(c_bool, c_char_p)),
        ("deinit", CFUNCTYPE(None)),
        ("get_factory", CFUNCTYPE(c_void_p, c_char_p)),
    )


class Descriptor(Structure):
    _fields_ = (
        ("version", Version),
        ("id", c_char_p),
        ("name", c_char_p),
        ("vendor", c_char_p),
        ("url", c_char_p),
        ("manual_url", c_char_p),
        ("support_url", c_char_p),
        ("plugin_version", c_char_p),
        ("description", c_char_p),
        ("features", POINTER(c_char_p)),
    )


class Host(Structure):
    _fields_ = (
        ("version", Version),
        ("host_data", c_void_p),
        ("name", c_char_p),
        ("vendor", c_char_p),
        ("url", c_char_p),
        ("host_version", c_char_p),
        ("get_extension", CFUNCTYPE(c_void_p, c_void_p, c_char_p)),
        ("request_restart", CFUNCTYPE(None, c_void_p)),
        ("request_process", CFUNCTYPE(None, c_void_p)),
        ("request_callback", CFUNCTYPE(None, c_void_p)),
    )


class Factory(Structure):
    _fields_ = (
        ("count", CFUNCTYPE(c_uint32, c_void_p)),
        ("descriptor", CFUNCTYPE(POINTER(Descriptor), c_void_p, c_uint32)),
        ("create", CFUNCTYPE(c_void_p, c_void_p, POINTER(Host), c_char_p)),
    )


class EventHeader(Structure):
    _fields_ = (
        ("size", c_uint32),
        ("time", c_uint32),
        ("space_id", c_uint16),
        ("type", c_uint16),
        ("flags", c_uint32),
    )


class NoteEvent(Structure):
    _fields_ = (
        ("header", EventHeader),
        ("note_id", c_int32),
        ("port_index", c_int16),
        ("channel", c_int16),
        ("key", c_int16),
        ("velocity", c_double),
    )


class ParamEvent(Structure):
    """``clap_event_param_value``, and ``clap_event_param_mod`` alike."""

    _fields_ = (
        ("header", EventHeader),
        ("param_id", c_uint32),
        ("cookie", c_void_p),
        ("note_id", c_int32),
        ("port_index", c_int16),
        ("channel", c_int16),
        ("key", c_int16),
        ("value", c_double),
    )


class GestureEvent(Structure):
    _fields_ = (("header", EventHeader), ("param_id", c_uint32))


class MidiEvent(Structure):
    _fields_ = (("header", EventHeader), ("port_index", c_uint16), ("data", c_uint8 * 3))


class TransportEvent(Structure):
    _fields_ = (
        ("header", EventHeader),
        ("flags", c_uint32),
        ("song_pos_beats", c_int64),
        ("song_pos_seconds", c_int64),
        ("tempo", c_double),
        ("tempo_inc", c_double),
        ("loop_start_beats", c_int64),
        ("loop_end_beats", c_int64),
        ("loop_start_seconds", c_int64),
        ("loop_end_seconds", c_int64),
        ("bar_start", c_int64),
        ("bar_number", c_int32),
        ("tsig_num", c_uint16),
        ("tsig_denom", c_uint16),
    )


class InputEvents(Structure):
    _fields_ = (
        ("ctx", c_void_p),
        ("size", CFUNCTYPE(c_uint32, c_void_p)),
        ("get", CFUNCTYPE(c_void_p, c_void_p, c_uint32)),
    )


class OutputEvents(Structure):
    _fields_ = (
        ("ctx", c_void_p),
        ("try_push", CFUNCTYPE(c_bool, c_void_p, POINTER(EventHeader))),
    )


class AudioBuffer(Structure):
    _fields_ = (
        ("data32", POINTER(POINTER(c_float))),
        ("data64", c_void_p),
        ("channel_count", c_uint32),
        ("latency", c_uint32),
        ("constant_mask", c_uint64),
    )


class Process(Structure):
    _fields_ = (
        ("steady_time", c_int64),
        ("frames_count", c_uint32),
        ("transport", POINTER(TransportEvent)),
        ("audio_inputs", POINTER(AudioBuffer)),
        ("audio_outputs", POINTER(AudioBuffer)),
        ("audio_inputs_count", c_uint32),
        ("audio_outputs_count", c_uint32),
        ("in_events", POINTER(InputEvents)),
        ("out_events", POINTER(OutputEvents)),
    )


class Plugin(Structure):
    _fields_ = (
        ("desc", POINTER(Descriptor)),
        ("plugin_data", c_void_p),
        ("init", CFUNCTYPE(c_bool, c_void_p)),
        ("destroy", CFUNCTYPE(None, c_void_p)),
        ("activate", CFUNCTYPE(c_bool, c_void_p, c_double, c_uint32, c_uint32)),
        ("deactivate", CFUNCTYPE(None, c_void_p)),
        ("start_processing", CFUNCTYPE(c_bool, c_void_p)),
        ("stop_processing", CFUNCTYPE(None, c_void_p)),
        ("reset", CFUNCTYPE(None, c_void_p)),
        ("process", CFUNCTYPE(c_int32, c_void_p, POINTER(Process))),
        ("get_extension", CFUNCTYPE(c_void_p, c_void_p, c_char_p)),
        ("on_main_thread", CFUNCTYPE(None, c_void_p)),
    )


class ParamInfo(Structure):
    _fields_ = (
        ("id", c_uint32),
        ("flags", c_uint32),
        ("cookie", c_void_p),
        ("name", c_char * 256),
        ("module", c_char * 1024),
        ("min_value", c_double),
        ("max_value", c_double),
        ("default_value", c_double),
    )


class ParamsExtension(Structure):
    NAME = b"clap.params"
    _fields_ = (
        ("count", CFUNCTYPE(c_uint32, c_void_p)),
        ("get_info", CFUNCTYPE(c_bool, c_void_p, c_uint32, POINTER(ParamInfo))),
        ("get_value", CFUNCTYPE(c_bool, c_void_p, c_uint32, POINTER(c_double))),
        (
            "value_to_text",
            CFUNCTYPE(c_bool, c_void_p, c_uint32, c_double, POINTER(c_char), c_uint32),
        ),
        ("text_to_value", CFUNCTYPE(c_bool, c_void_p, c_uint32, c_char_p, POINTER(c_double))),
        ("flush", CFUNCTYPE(None, c_void_p, POINTER(InputEvents), POINTER(OutputEvents))),
    )


class LatencyExtension(Structure):
    NAME = b"clap.latency"
    _fields_ = (("get", CFUNCTYPE(c_uint32, c_void_p)),)


class RenderExtension(Structure):
    NAME = b"clap.render"
    _fields_ = (
        ("has_hard_realtime_requirement", CFUNCTYPE(c_bool, c_void_p)),
        ("set", CFUNCTYPE(c_bool, c_void_p, c_int32)),
    )


class InputStream(Structure):
    _fields_ = (("ctx", c_void_p), ("read", CFUNCTYPE(c_int64, c_void_p, c_void_p, c_uint64)))


class OutputStream(Structure):
    _fields_ = (("ctx", c_void_p), ("write", CFUNCTYPE(c_int64, c_void_p, c_void_p, c_uint64)))


class StateExtension(Structure):
    NAME = b"clap.state"
    _fields_ = (
        ("save", CFUNCTYPE(c_bool, c_void_p, POINTER(OutputStream))),
        ("load", CFUNCTYPE(c_bool, c_void_p, POINTER(InputStream))),
    )


class HostLatencyExtension(Structure):
    NAME = b"clap.latency"
    _fields_ = (("changed", CFUNCTYPE(None, c_void_p)),)


class HostThreadCheckExtension(Structure):
    NAME = b"clap.thread-check"
    _fields_ = (
        ("is_main_thread", CFUNCTYPE(c_bool, c_void_p)),
        ("is_audio_thread", CFUNCTYPE(c_bool, c_void_p)),
    )


class HostParamsExtension(Structure):
    NAME = b"clap.params"
    _fields_ = (
        ("rescan", CFUNCTYPE(None, c_void_p, c_uint32)),
        ("clear", CFUNCTYPE(None, c_void_p, c_uint32, c_uint32)),
        ("request_flush", CFUNCTYPE(None, c_void_p)),
    )


def header(kind, type_number, offset, space=CORE_SPACE):
    """An event's header; ``offset`` counts frames of the block."""
    return EventHeader(ctypes.sizeof(kind), offset, space, type_number, 0)

"""CLAP events, one function for each kind; ``offset`` counts frames of the block."""

import clap_abi as abi

ALL = -1  # note id, port, channel, key of a value that is the whole plugin's


def param_value(param_id, value, offset=0):
    return _param(abi.PARAM_VALUE, param_id, value, offset)


def param_mod(param_id, amount, offset=0):
    return _param(abi.PARAM_MOD, param_id, amount, offset)


def _param(kind, param_id, value, offset):
    head = abi.header(abi.ParamEvent, kind, offset)
    return abi.ParamEvent(head, param_id, None, ALL, ALL, ALL, ALL, value)


def gesture(param_id, touched, offset=0):
    kind = abi.GESTURE_BEGIN if touched else abi.GESTURE_END
    return abi.GestureEvent(abi.header(abi.GestureEvent, kind, offset), param_id)


def note(key, *, on, velocity=0.8, channel=0, offset=0):
    kind = abi.NOTE_ON if on else abi.NOTE_OFF
    return abi.NoteEvent(abi.header(abi.NoteEvent, kind, offset), ALL, 0, channel, key, velocity)


def midi(data, offset=0):
    return abi.MidiEvent(abi.header(abi.MidiEvent, abi.MIDI, offset), 0, tuple(data))


def foreign(event, space=7):
    """The same bytes as another vendor's event: nobody else may read them."""
    event.header.space_id = space
    return event


def transport(position, rate_hz):
    """``position``: a :class:`song_transport.Position`."""
    event = abi.TransportEvent(abi.header(abi.TransportEvent, abi.TRANSPORT, 0))
    event.flags = abi.HAS_TEMPO | abi.HAS_BEATS | abi.HAS_SECONDS | abi.HAS_SIGNATURE
    event.flags |= abi.IS_PLAYING * position.playing | abi.IS_RECORDING * position.recording
    event.song_pos_beats = fixed(position.ppq)
    event.song_pos_seconds = fixed(position.sample / rate_hz)
    event.tempo = position.bpm
    event.bar_start, event.bar_number = fixed(position.bar_start_ppq), position.bar
    event.tsig_num, event.tsig_denom = position.numerator, position.denominator
    if position.loop is not None:
        start, end = position.loop
        event.flags |= abi.IS_LOOPING
        event.loop_start_beats, event.loop_end_beats = fixed(start.ppq), fixed(end.ppq)
        event.loop_start_seconds = fixed(start.sample / rate_hz)
        event.loop_end_seconds = fixed(end.sample / rate_hz)
    return event


def fixed(value):
    """CLAP's beats and seconds: the nearest of 2**31 steps."""
    return round(value * abi.FIXED_POINT)

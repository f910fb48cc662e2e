"""What a ``source_use`` asks for."""

from __future__ import annotations

from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.schema import SourceUse, When
from engine_host.stream.beats import Beats
from engine_host.stream.sources import Placement, Source, own_tempo

USE_IS_NEWER = "A later source_use has taken this one's place."

Place = tuple[str, When | None]


def place_of(message: SourceUse) -> Place:
    """Uses of the same place replace one another: a role, and where in the song (None: from now)."""
    return message.role, message.when if message.when.kind in ("bar", "ppq") else None


def check_use(message: SourceUse) -> None:
    """Refuses what only a source with a tempo of its own has, or that no live input can have."""
    if message.live_bars:
        for name, wrong in (
            ("hash", bool(message.hash)),
            ("role", message.role != "source"),
            ("tempo", message.tempo == "own"),
        ):
            if wrong:
                text = "With live_bars the source is the track's own input; leave this field out."
                raise RefusedError(ErrorCode.BAD_FIELD, name, text)
    for name in ("bpm", "downbeat"):
        if message.tempo == "host" and getattr(message, name) is not None:
            text = (
                f"{name} is for a source whose tempo is its own; give tempo: own, or leave it out."
            )
            raise RefusedError(ErrorCode.BAD_FIELD, name, text)


def check_interval(live_bars: int, window_bars: int, field: str) -> None:
    """Refuses windows that end after their first bar is to be heard; 0 ``live_bars`` is no interval."""
    if 0 < live_bars <= window_bars:
        raise RefusedError(
            ErrorCode.OUT_OF_RANGE,
            field,
            f"Windows of {window_bars} bars can't be heard {live_bars} bars later: a window is "
            f"rendered once it has been played. Give live_bars {window_bars + 1} or more, or "
            "smaller window_bars (1 is quickest).",
        )


def is_to_be_found(message: SourceUse) -> bool:
    """Whether the source has a tempo of its own that nobody has told."""
    return message.tempo == "own" and message.bpm is None


def placement_of(message: SourceUse, source: Source) -> Placement:
    """Where the source lies; takes seconds where its tempo is still to be found."""
    own = message.tempo == "own"
    tempo = own_tempo(source, message.bpm, message.downbeat) if own else None
    return Placement(source, message.at_ppq, message.repeat_bars, tempo)


def found_words(beats: Beats) -> str:
    """The tempo that was found, for the user."""
    return f"found {beats.bpm:.1f} bpm, first beat at {beats.first_seconds:.2f} s"


def not_found(error: BaseException) -> RefusedError:
    """Why no tempo was found, as the client is told."""
    if isinstance(error, RefusedError):
        return error
    words = f"The tempo could not be found ({type(error).__name__}: {error}); give it."
    return RefusedError(ErrorCode.INTERNAL, "bpm", words[:500])

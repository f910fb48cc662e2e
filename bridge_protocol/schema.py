"""Every message of the bridge, with its fields, bounds and units: the one table.

A message travels as a msgpack map whose ``type`` is the tag below; audio travels in further
frames (see :mod:`bridge_protocol.wire`). Unknown fields are ignored, missing optional ones have
the defaults written here. Positions: ``*_ppq`` in quarter notes from the song's start,
``sample`` in samples of the session's rate from the song's start, bars counted from 1 on the wire.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Annotated, Literal

from msgspec import Meta, Struct

from bridge_protocol.lanes import MAX_POINTS, Anchor, Shape
from bridge_protocol.meter import DENOMINATORS, MAX_NUMERATOR
from bridge_protocol.parameters import LORA_PLACES
from bridge_protocol.tempo import MAX_BPM, MIN_BPM, TempoLaw

VERSION_MIN = 1
VERSION_MAX = 1

Name = Annotated[str, Meta(max_length=64)]
Text = Annotated[str, Meta(max_length=2000)]
Token = Annotated[str, Meta(max_length=64, pattern=r"^[0-9a-zA-Z_-]*\Z")]
LibraryName = Annotated[str, Meta(max_length=64, pattern=r"^[0-9a-zA-Z_.-]*\Z")]
"""Of a model or a LoRA in the engine's own library; never a path."""
Hash = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
ClockNs = Annotated[int, Meta(ge=0, le=2**63 - 1)]
"""The sender's monotonic clock, ns."""
Ppq = Annotated[float, Meta(ge=-1e6, le=1e6)]
Seconds = Annotated[float, Meta(ge=-1e6, le=1e6)]
Bpm = Annotated[float, Meta(ge=MIN_BPM, le=MAX_BPM)]
Sample = Annotated[int, Meta(ge=-(2**47), le=2**47)]
BarNumber = Annotated[int, Meta(ge=1, le=100_000)]
Counter = Annotated[int, Meta(ge=0, le=2**53)]
SampleRate = Annotated[int, Meta(ge=8_000, le=384_000)]
StreamId = Annotated[int, Meta(ge=0, le=65_535)]
Numerator = Annotated[int, Meta(ge=1, le=MAX_NUMERATOR)]
PayloadFormat = Literal["f32", "f16", "s16"]
SourceRole = Literal["source", "target", "structure", "timbre"]
SourceTempoKind = Literal["host", "own"]
PromptSlot = Literal["a", "b", "negative"]
MAX_CONDITIONS = 8
MAX_VALUES = 400_000  # of one lane message: what fits its header


def _require_finite(names: Iterable[str], values: Iterable[float | None]) -> None:
    for name, value in zip(names, values, strict=True):
        if value is not None and not math.isfinite(value):
            raise ValueError(f"NOT_FINITE {name}")


class Message(Struct, tag_field="type", kw_only=True, omit_defaults=True):
    """What every message carries besides its own fields."""

    session: Token = ""
    seq: Counter = 0
    re: Counter | None = None  # the seq of the request this answers
    at: ClockNs = 0  # when it was sent


class When(Struct, kw_only=True, omit_defaults=True, frozen=True):
    """When a change is wanted: ``bar`` needs ``bar``, ``ppq`` needs ``ppq``."""

    kind: Literal["now", "next_beat", "next_bar", "bar", "ppq"] = "now"
    bar: BarNumber | None = None
    ppq: Ppq | None = None

    def __post_init__(self) -> None:
        _require_finite(("ppq",), (self.ppq,))
        if self.kind == "bar" and self.bar is None:
            raise ValueError("BAD_FIELD bar is needed where kind is bar")
        if self.kind == "ppq" and self.ppq is None:
            raise ValueError("BAD_FIELD ppq is needed where kind is ppq")


# ---------------------------------------------------------------- a session's life


class SignIn(Message, tag="sign_in"):
    """The first message through the gateway (never over ZeroMQ), before the hello.

    ``audio``: the sound comes as ``audio`` blocks, or as WAV files that ``audio_file`` announces;
    those are deleted when the connection ends, unless ``keep_files``.
    """

    token: Annotated[str, Meta(max_length=256)]
    audio: Literal["blocks", "files"] = "blocks"
    keep_files: bool = False


class Hello(Message, tag="hello"):
    """The first message of a client; nothing else is legal before it is welcomed."""

    version_min: Annotated[int, Meta(ge=0, le=255)] = VERSION_MIN
    version_max: Annotated[int, Meta(ge=0, le=255)] = VERSION_MAX
    client: Name = ""
    host: Name = ""
    features: Annotated[list[Name], Meta(max_length=64)] = []
    sample_rate: SampleRate = 48_000
    block_size: Annotated[int, Meta(ge=1, le=65_536)] = 512
    channels: Annotated[int, Meta(ge=1, le=2)] = 2
    resume_token: Token = ""


class Limits(Struct, kw_only=True):
    """What the engine takes from one client."""

    message_bytes: int
    lanes: int
    sources: int  # uploads at once
    source_frames: int
    streams: int
    credit_frames: int
    notes: int


class ParameterInfo(Struct, kw_only=True):
    """A parameter as the manifest tells it; see :class:`bridge_protocol.parameters.ParameterSpec`."""

    name: str
    unit: str
    minimum: float
    maximum: float
    default: float
    law: str
    propagation: str
    lane: bool
    help: str
    choices: list[str]


class ModelInfo(Struct, kw_only=True):
    """The model that plays."""

    name: str
    accelerator: str
    sample_rate: int
    channels: int
    frame_rate: float
    capabilities: list[str]
    longest_window_seconds: float
    lossy_codec: bool


class ListLibrary(Message, tag="list_library"):
    """Asks which models and LoRAs the engine has; answered by ``library``."""


class LibraryModel(Struct, kw_only=True):
    """A model that ``model_use`` can ask for; ``ready`` is false where its files are not there."""

    name: str
    ready: bool
    text: str  # its family, its size and what is missing, in words


class LibraryLora(Struct, kw_only=True):
    """A LoRA that ``lora_use`` can ask for; ``fits`` says whether it is for the model that plays."""

    name: str
    fits: bool
    trigger_words: list[str]
    strength: float  # recommended
    text: str


class Library(Message, tag="library"):
    """What the engine has."""

    models: list[LibraryModel]
    loras: list[LibraryLora]


class ModelUse(Message, tag="model_use"):
    """Asks for another model, for the whole engine.

    ``ok`` says that it is there, fits the memory and is being loaded; the old one plays until
    ``model_changed`` is sent to every session. Where loading fails a ``notice`` says why.
    """

    name: LibraryName


class ModelChanged(Message, tag="model_changed"):
    """Another model plays from here on, with its own parameters; lanes and prompts are kept."""

    model: ModelInfo
    parameters: list[ParameterInfo]


class Welcome(Message, tag="welcome"):
    """The answer to a hello that was taken."""

    version: int
    resume_token: Token
    features: list[Name]
    limits: Limits
    parameters: list[ParameterInfo]
    model: ModelInfo
    tick_ms: float
    decode_realtime_factor: float
    clock: ClockNs


class Refused(Message, tag="refused"):
    """The answer to a hello that was not taken, in words for the user."""

    code: Name
    message: Text
    versions: list[int]


class Bye(Message, tag="bye"):
    """The client leaves; its streams end."""


class Ping(Message, tag="ping"):
    """Is the process alive?"""


class Pong(Message, tag="pong"):
    """It is."""

    clock: ClockNs = 0


class Pulse(Message, tag="pulse"):
    """Is the engine ticking? Sent 4 times a second."""

    tick: int
    generations: int
    tick_ms: float
    tick_ms_p99: float
    busy_ms: float  # the engine thread's working time since it started
    load: float  # share of the last second spent in ticks and decodes
    lead_ms: float  # audio sent ahead of the play position: it is committed
    horizon_ms: float  # a change wanted now is heard so far beyond the play position, no sooner
    late_bars: int
    repeated_bars: int  # bars that repeat an earlier window's, because of ``every``
    every: int  # 1; 2, 4, ...: only every so many windows are rendered, the engine is too slow
    silent_ms: float  # since the engine thread last finished a round
    state: Literal["idle", "busy", "hung"]


class Ok(Message, tag="ok"):
    """A request was taken. ``bar`` and ``sample`` are the promise, where the request is a change."""

    bar: int | None = None
    sample: int | None = None
    epoch: int | None = None
    latency_frames: int | None = None  # open_stream: the constant latency, where it is fixed
    have: bool | None = None  # source_begin: the engine has this source already
    text: Text = ""


class Error(Message, tag="error"):
    """A request was refused; nothing accepted before is changed."""

    code: Name
    field: Text
    message: Text
    next_bar: int | None = None  # TOO_LATE: the next bar that can be met
    next_sample: int | None = None
    last_bar: int | None = None  # RANGE_PAST_END: the last bar that can be rendered


class Notice(Message, tag="notice"):
    """Words for the user that answer no request."""

    code: Name
    message: Text


# ---------------------------------------------------------------- musical time


class Jump(Struct, kw_only=True):
    """A locate the host will make: at ``at_ppq`` it goes on from ``to_ppq``, in a new epoch."""

    at_ppq: Ppq
    to_ppq: Ppq
    epoch: Counter

    def __post_init__(self) -> None:
        _require_finite(("at_ppq", "to_ppq"), (self.at_ppq, self.to_ppq))


class Transport(Message, tag="transport"):
    """The host's position, sent at every change and at 10 Hz.

    A locate or a change of the tempo carries a new ``epoch``, whose address 0 is at its first
    ``sample``. What goes on from where it was carries none, so that blocks can be there before:
    a start after a stop in the same place, and a wrap at the end of an announced loop, whose
    passes are counted by ``lap``. A changed loop replaces the blocks beyond the first difference.
    """

    epoch: Counter
    sample: Sample
    address: Counter
    playing: bool
    lap: Counter = 0
    left: Counter | None = None  # of a new epoch: the address at which the one before was left
    gap_start: Counter | None = None  # addresses of this epoch, since the last report, at which
    gap_end: Counter = 0  # nothing was there to play (the end excluded)
    ppq: Ppq | None = None
    bar_start_ppq: Ppq | None = None
    bpm: Bpm | None = None
    numerator: Numerator | None = None
    denominator: Annotated[int, Meta(ge=1, le=32)] | None = None
    recording: bool = False
    looping: bool = False
    loop_start_ppq: Ppq = 0.0
    loop_end_ppq: Ppq = 0.0
    jump: Jump | None = None

    def __post_init__(self) -> None:
        names = ("ppq", "bar_start_ppq", "bpm", "loop_start_ppq", "loop_end_ppq")
        _require_finite(names, (getattr(self, name) for name in names))
        if self.denominator is not None and self.denominator not in DENOMINATORS:
            raise ValueError("OUT_OF_RANGE denominator")
        if self.looping and self.loop_end_ppq <= self.loop_start_ppq:
            raise ValueError("BAD_ORDER loop_end_ppq")
        if self.gap_start is not None and self.gap_end <= self.gap_start:
            raise ValueError("BAD_ORDER gap_end")


class TempoEntry(Struct, kw_only=True, omit_defaults=True):
    """One tempo segment; see :class:`bridge_protocol.tempo.TempoSegment`."""

    ppq: Ppq
    bpm_start: float
    bpm_end: float
    law: TempoLaw = TempoLaw.STEP


class MeterEntry(Struct, kw_only=True, omit_defaults=True):
    """A signature from ``bar`` on; ``ppq`` is where it starts if the bar before it is cut short.

    See :class:`bridge_protocol.meter.SignatureChange`.
    """

    bar: BarNumber
    numerator: int
    denominator: int
    ppq: Ppq | None = None

    def __post_init__(self) -> None:
        _require_finite(("ppq",), (self.ppq,))


class TempoMapMessage(Message, tag="tempo_map"):
    """The whole tempo and meter map; replaces the one before."""

    revision: Counter
    tempo: Annotated[list[TempoEntry], Meta(min_length=1, max_length=65_536)]
    meter: Annotated[list[MeterEntry], Meta(min_length=1, max_length=65_536)]


# ---------------------------------------------------------------- changes


class LanePoint(Struct, kw_only=True, omit_defaults=True):
    """A breakpoint; ``shape`` is that of the stretch up to the next, ``tension`` its bezier's."""

    position: float
    value: float
    shape: Shape = Shape.LINEAR
    tension: float = 0.0  # -1 to 1


class LaneMessage(Message, tag="lane"):
    """An automation lane: either ``points``, or ``values`` at ``rate`` from ``start`` (seconds).

    ``points`` replace the lane; ``values`` replace their range, with ``onwards`` also what the lane
    had after them. Idempotent by ``revision``.
    """

    parameter: Name
    revision: Counter
    epoch: Counter = 0
    anchor: Anchor = Anchor.PPQ
    points: Annotated[list[LanePoint], Meta(max_length=MAX_POINTS)] = []
    start: Seconds = 0.0
    rate: Annotated[float, Meta(gt=0, le=1000)] = 25.0
    count: Annotated[int, Meta(ge=0, le=MAX_VALUES)] = 0
    values: Annotated[list[float], Meta(max_length=MAX_VALUES)] = []
    onwards: bool = False
    when: When = When()


class LaneClear(Message, tag="lane_clear"):
    """Removes a lane; the parameter holds its own value again."""

    parameter: Name
    revision: Counter
    when: When = When()


class Param(Message, tag="param"):
    """One value of a parameter (a choice by its name)."""

    parameter: Name
    value: float | Name
    when: When = When()


class Gesture(Message, tag="gesture"):
    """A hand on a knob (``touched``), or off it again.

    The values it sends as ``param`` from then on rule the parameter's lane, until the release.
    """

    parameter: Name
    touched: bool
    when: When = When()


class Prompt(Message, tag="prompt"):
    """What the music should be, in words.

    ``slot``: ``b`` is where prompt_blend goes, ``negative`` what guidance leads away from.
    """

    text: Text
    slot: PromptSlot = "a"
    when: When = When()


class ConditionEntry(Struct, kw_only=True, omit_defaults=True):
    """A prompt of several, heard with ``weight`` (or along ``points``, in ppq) on part of the steps.

    It is active at step ``i`` of ``S`` where ``start <= i / S < stop``.
    """

    text: Text
    weight: Annotated[float, Meta(ge=0, le=100)] = 1.0
    points: Annotated[list[LanePoint], Meta(max_length=MAX_POINTS)] = []
    start: Annotated[float, Meta(ge=0, le=1)] = 0.0
    stop: Annotated[float, Meta(ge=0, le=1)] = 1.0


class Conditions(Message, tag="conditions"):
    """Several prompts at once, in place of the one; an empty list goes back to it."""

    entries: Annotated[list[ConditionEntry], Meta(max_length=MAX_CONDITIONS)] = []
    when: When = When()


class LoraUse(Message, tag="lora_use"):
    """Puts a LoRA of the engine's library into a place (or takes it out, with an empty name).

    How strongly it is heard is the parameter ``lora_<place>``, which can be a lane.
    """

    place: Annotated[int, Meta(ge=1, le=LORA_PLACES)]
    name: LibraryName = ""
    when: When = When()


class Note(Struct, kw_only=True, omit_defaults=True):
    """A MIDI note in song time; channel 10 is the drums."""

    ppq: Ppq
    length_ppq: Annotated[float, Meta(gt=0, le=1e5)]
    pitch: Annotated[int, Meta(ge=0, le=127)]
    velocity: Annotated[int, Meta(ge=1, le=127)] = 100
    channel: Annotated[int, Meta(ge=1, le=16)] = 1

    def __post_init__(self) -> None:
        _require_finite(("ppq", "length_ppq"), (self.ppq, self.length_ppq))


class Notes(Message, tag="notes"):
    """The host's MIDI; replaces what was sent before. An empty list is silence, see ``clear``."""

    revision: Counter
    notes: Annotated[list[Note], Meta(max_length=65_536)] = []
    clear: bool = False  # forget the host's notes: the planner stands in again
    when: When = When()


class SourceBegin(Message, tag="source_begin"):
    """Announces source audio, named by the SHA-256 of its interleaved little-endian f32 samples."""

    hash: Hash
    rate: SampleRate
    channels: Annotated[int, Meta(ge=1, le=2)]
    frames: Counter
    name: Name = ""


class SourceBlock(Message, tag="source_block"):
    """A piece of a source; the interleaved f32 samples are the message's payload."""

    hash: Hash
    offset: Counter
    frames: Annotated[int, Meta(ge=1, le=1_048_576)]


class SourceEnd(Message, tag="source_end"):
    """The source is complete; its hash is checked."""

    hash: Hash


class SourceUse(Message, tag="source_use"):
    """Places a source in the song (or takes it away, with an empty hash).

    ``live_bars``: the source is the track's own input, sent as ``live_block``; what is played in a
    bar is heard so many bars later. It needs no hash, and more bars than ``window_bars``.

    ``repeat_bars``: it starts again at every so many bar lines; 0 plays it once. ``tempo``: a
    source that follows the ``host`` already is left as it is, bit for bit; one with its ``own``
    steady tempo is stretched to the host's map, its first bar line laid on ``at_ppq``.
    """

    hash: Annotated[str, Meta(pattern=r"^([0-9a-f]{64})?\Z")]
    role: SourceRole = "source"
    at_ppq: Ppq = 0.0
    repeat_bars: Annotated[int, Meta(ge=0, le=10_000)] = 0
    live_bars: Annotated[int, Meta(ge=0, le=64)] = 0
    tempo: SourceTempoKind = "host"
    bpm: Bpm | None = None  # own tempo: the source's quarter notes a minute; None: find it
    downbeat: Annotated[float, Meta(ge=0, le=1e6)] | None = None
    """Own tempo: seconds into the source of its first bar line. None: its start where ``bpm`` is
    given, its first beat where the tempo is found."""
    when: When = When()

    def __post_init__(self) -> None:
        _require_finite(("at_ppq", "bpm", "downbeat"), (self.at_ppq, self.bpm, self.downbeat))


# ---------------------------------------------------------------- sound


class LiveBlock(Message, tag="live_block"):
    """What the track has played: song samples from ``sample`` on, in the pass ``lap`` of ``epoch``.

    The interleaved f32 samples, in the session's channels, are the message's payload. A report:
    no reply where it is taken.
    """

    epoch: Counter
    lap: Counter
    sample: Sample
    frames: Annotated[int, Meta(ge=1, le=65_536)]


class OpenStream(Message, tag="open_stream"):
    """Asks for the song as audio; it flows on credit only.

    ``latency`` says when a change wanted ``now`` is heard: ``adaptive`` is as soon as the engine
    can; ``fixed`` is always ``latency_ms`` after the host's place when the change came (0: the
    engine says how long, with ``buffer_frames`` of audio kept in the client).
    """

    stream: StreamId
    window_bars: Annotated[int, Meta(ge=1, le=64)] = 4
    format: PayloadFormat = "f32"
    latency: Literal["adaptive", "fixed"] = "adaptive"
    latency_ms: Annotated[float, Meta(ge=0, le=60_000)] = 0.0
    buffer_frames: Annotated[int, Meta(ge=0, le=4_000_000)] = 0


class CloseStream(Message, tag="close_stream"):
    """Ends a stream."""

    stream: StreamId


class Credit(Message, tag="credit"):
    """The engine may send blocks of ``epoch`` up to the address ``frames``.

    Cumulative: a lost or repeated credit changes nothing. A grant acknowledges what came before.
    The epoch of an announced jump is granted by its own credit, before the jump.
    """

    stream: StreamId
    epoch: Counter
    frames: Counter


class BarMark(Struct, array_like=True):
    """A bar line inside a block: bar number (from 1) and its frame in the block."""

    bar: int
    offset: int


class JoinMark(Struct, array_like=True):
    """A crossfade that ends in a block: its first frame (counted in the block, negative where it
    began in an earlier one), its frames, and the largest step that it adds to the sound."""

    offset: int
    frames: int
    step: float


class Audio(Message, tag="audio"):
    """A block; the samples are the payload, interleaved. Whole and absolute: losing one harms no other."""

    stream: int
    epoch: int
    lap: int
    sequence: int
    address: int  # frames since the epoch's start: where a client's ring keeps it
    sample: int  # song position of the first frame
    frames: int
    channels: int
    format: PayloadFormat
    generation: int
    state: int  # the newest change this sound carries in full
    revisions: dict[str, int] = {}  # lane -> revision carried
    bars: list[BarMark] = []
    joins: list[JoinMark] = []
    late: bool = False  # not what was asked for: the engine was too slow (see notice)
    dry: bool = False  # the source itself, because the change asks for it
    last: bool = False  # the end of a render
    ends_bar: bool = False  # a bar line follows the last frame


class AudioFile(Message, tag="audio_file"):
    """A bar as a 32-bit float WAV, through the gateway, where the client signed in for files.

    The file is whole when it is announced, and is never changed. ``hash`` is the SHA-256 of its
    bytes. Of files that share addresses of one stream and epoch, the later ``sequence`` counts.
    """

    stream: int
    epoch: int
    lap: int
    sequence: int  # counts the session's files, from 1
    address: int  # of the first frame, as in a block
    sample: int  # song position of the first frame
    bar: int
    frames: int
    channels: int
    rate: int
    path: str  # absolute, on the engine's machine
    hash: Hash
    state: int  # the newest change that all of it carries in full
    late: bool = False  # as in a block, where any part of it is
    dry: bool = False
    last: bool = False


class PromiseMessage(Message, tag="promise"):
    """What became of a change: ``kept`` on its sample, ``broken`` with the reason, or ``replaced``
    by a newer value before it could be heard. ``moved`` is promised again, at ``sample``, after an
    edit of the tempo map; one of the others follows."""

    change: int  # the seq of the request
    status: Literal["kept", "broken", "replaced", "moved"]
    parameter: str
    bar: int
    sample: int  # where it is heard
    promised_sample: int
    epoch: int
    lap: int
    ticks: int  # from the request to the end of the generation that carries it
    reason: str = ""


class Render(Message, tag="render"):
    """Renders bars ``first_bar`` to ``last_bar`` (both included) offline, as stream ``stream``, on credit."""

    stream: StreamId
    first_bar: BarNumber
    last_bar: BarNumber
    window_bars: Annotated[int, Meta(ge=1, le=64)] = 4
    format: PayloadFormat = "f32"


class RenderProgress(Message, tag="render_progress"):
    """How far a render is."""

    stream: int
    done_bars: int
    total_bars: int
    seconds_left: float


class RenderDone(Message, tag="render_done"):
    """The end of a render."""

    stream: int
    frames: int
    cancelled: bool = False


class Cancel(Message, tag="cancel"):
    """Ends a render early."""

    stream: StreamId


ClientMessage = (
    SignIn
    | Hello
    | Ping
    | Bye
    | Transport
    | TempoMapMessage
    | LaneMessage
    | LaneClear
    | Notes
    | Param
    | Gesture
    | Prompt
    | Conditions
    | LoraUse
    | ListLibrary
    | ModelUse
    | SourceBegin
    | SourceBlock
    | SourceEnd
    | SourceUse
    | LiveBlock
    | OpenStream
    | CloseStream
    | Credit
    | Render
    | Cancel
)
EngineMessage = (
    Welcome
    | Refused
    | Ok
    | Error
    | Pong
    | Pulse
    | Notice
    | Library
    | ModelChanged
    | PromiseMessage
    | Audio
    | AudioFile
    | RenderProgress
    | RenderDone
)
AnyMessage = ClientMessage | EngineMessage

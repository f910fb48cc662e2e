"""Sample messages, at least one of every type, with the edges that other languages get wrong."""

from __future__ import annotations

from typing import NamedTuple

from bridge_protocol import schema as s
from bridge_protocol.lanes import Anchor, Shape
from bridge_protocol.parameters import PARAMETERS
from bridge_protocol.tempo import TempoLaw

SOURCE = "0123456789abcdef" * 4


class Sample(NamedTuple):
    """A message with the name its vector has, and its payload (None: no third frame)."""

    name: str
    message: s.Message
    payload: bytes | None = None


def samples() -> list[Sample]:
    """All of them, in a fixed order."""
    return [*_life(), *_time(), *_changes(), *_sources(), *_sound()]


def _life() -> list[Sample]:
    return [
        Sample("sign_in", s.SignIn(seq=1, token="Zm9v-_")),
        Sample("sign_in_files", s.SignIn(seq=1, token="", audio="files", keep_files=True)),
        Sample("hello_defaults", s.Hello(seq=1)),
        Sample(
            "hello_full",
            s.Hello(
                seq=1,
                at=2**40 + 1,
                client="plugin",
                host="REAPER \u00e4\u97f3",
                features=["jump", "f16"],
                sample_rate=44_100,
                block_size=65_536,
                channels=1,
                resume_token="abc-DEF_9",
            ),
        ),
        Sample("welcome", _welcome()),
        Sample("list_library", s.ListLibrary()),
        Sample("library", _library()),
        Sample("model_use", s.ModelUse(name="acestep-turbo")),
        Sample("model_changed", _model_changed()),
        Sample(
            "refused", s.Refused(re=1, code="VERSION", message="Update the plugin.", versions=[1])
        ),
        Sample("bye", s.Bye(session="s1", seq=2**53)),
        Sample("ping", s.Ping(session="s1", seq=127)),
        Sample("pong", s.Pong(session="s1", re=128, clock=2**63 - 1)),
        Sample(
            "pulse",
            s.Pulse(
                tick=65_536,
                tick_ms=1.5,
                tick_ms_p99=2.25,
                load=0.125,
                generations=4_096,
                busy_ms=12_345.5,
                lead_ms=-3.5,
                horizon_ms=1_250.5,
                late_bars=0,
                repeated_bars=8,
                every=2,
                silent_ms=0.0,
                state="busy",
            ),
        ),
        Sample("ok_plain", s.Ok(re=255)),
        Sample(
            "ok_promise", s.Ok(re=256, bar=5, sample=-(2**31) - 1, epoch=3, have=True, text="x")
        ),
        Sample(
            "error_too_late",
            s.Error(
                re=9,
                code="TOO_LATE",
                field="when.bar",
                message="Bar 4 is past.",
                next_bar=6,
                next_sample=480_000,
            ),
        ),
        Sample(
            "error_past_end",
            s.Error(
                re=10, code="RANGE_PAST_END", field="bars", message="Bar 9 is past.", last_bar=8
            ),
        ),
        Sample("notice", s.Notice(code="SLOW", message="Every 2nd bar is rendered.")),
    ]


def _welcome() -> s.Welcome:
    return s.Welcome(
        session="s1",
        re=1,
        version=1,
        resume_token="t-1",
        features=["jump"],
        limits=s.Limits(
            message_bytes=8_388_608,
            lanes=256,
            sources=16,
            source_frames=34_560_000,
            streams=4,
            credit_frames=1_440_000,
            notes=65_536,
        ),
        parameters=_parameters(),
        model=_model(),
        tick_ms=12.5,
        decode_realtime_factor=40.0,
        clock=2**62,
    )


def _parameters() -> list[s.ParameterInfo]:
    return [
        s.ParameterInfo(
            name=p.name,
            unit=p.unit,
            minimum=float(p.minimum),
            maximum=float(p.maximum),
            default=float(p.default),
            law=p.law.value,
            propagation=p.propagation.value,
            lane=p.lane,
            help=p.help,
            choices=list(p.choices),
        )
        for p in PARAMETERS
    ]


def _model() -> s.ModelInfo:
    return s.ModelInfo(
        name="house",
        accelerator="eager",
        sample_rate=48_000,
        channels=2,
        frame_rate=25.0,
        capabilities=["text", "grid"],
        longest_window_seconds=60.0,
        lossy_codec=False,
    )


def _library() -> s.Library:
    return s.Library(
        re=4,
        models=[s.LibraryModel(name="house", ready=True, text="built in")],
        loras=[
            s.LibraryLora(
                name="city-pop_v1.2",
                fits=False,
                trigger_words=["citypop"],
                strength=0.75,
                text="for acestep-turbo",
            )
        ],
    )


def _model_changed() -> s.ModelChanged:
    return s.ModelChanged(model=_model(), parameters=_parameters()[:2])


def _time() -> list[Sample]:
    jump = s.Jump(at_ppq=16.0, to_ppq=-4.0, epoch=4)
    return [
        Sample("transport_bare", s.Transport(epoch=0, sample=0, address=0, playing=False)),
        Sample(
            "transport_full",
            s.Transport(
                epoch=3,
                sample=-96_000,
                address=2**32,
                playing=True,
                lap=2,
                ppq=-4.0,
                bar_start_ppq=-4.0,
                bpm=119.999,
                numerator=7,
                denominator=8,
                recording=True,
                looping=True,
                loop_start_ppq=-4.0,
                loop_end_ppq=3.5,
                jump=jump,
            ),
        ),
        Sample(
            "tempo_map",
            s.TempoMapMessage(
                seq=4,
                revision=1,
                tempo=[
                    s.TempoEntry(ppq=0.0, bpm_start=120.0, bpm_end=60.0, law=TempoLaw.LINEAR_TIME),
                    s.TempoEntry(ppq=8.0, bpm_start=60.0, bpm_end=60.0),
                ],
                meter=[
                    s.MeterEntry(bar=1, numerator=4, denominator=4),
                    s.MeterEntry(bar=3, numerator=7, denominator=8),
                ],
            ),
        ),
    ]


def _every_shape() -> list[s.LanePoint]:
    return [
        s.LanePoint(position=float(i), value=0.5, shape=shape, tension=-0.5 if i % 2 else 0.0)
        for i, shape in enumerate(Shape)
    ]


def _changes() -> list[Sample]:
    points = [
        s.LanePoint(position=0.0, value=0.2, shape=Shape.HOLD),
        s.LanePoint(position=4.0, value=1.0),
    ]
    return [
        Sample("lane_points", s.LaneMessage(parameter="denoise", revision=1, points=points)),
        Sample("lane_shapes", s.LaneMessage(parameter="morph", revision=2, points=_every_shape())),
        Sample(
            "lane_values",
            s.LaneMessage(
                parameter="morph",
                revision=2**53,
                epoch=3,
                anchor=Anchor.SECONDS,
                start=1.5,
                rate=50.0,
                count=3,
                values=[0.0, 0.5, 1e-300],
                when=s.When(kind="next_beat"),
            ),
        ),
        Sample(
            "lane_onwards",
            s.LaneMessage(
                parameter="denoise", revision=4, start=0.04, count=1, values=[0.25], onwards=True
            ),
        ),
        Sample("lane_clear", s.LaneClear(parameter="denoise", revision=3)),
        Sample("param_number", s.Param(parameter="denoise", value=0.1)),
        Sample("param_choice", s.Param(parameter="solver", value="sde", when=s.When(kind="now"))),
        Sample("gesture", s.Gesture(parameter="denoise", touched=True)),
        Sample(
            "prompt_at_bar", s.Prompt(text="rain \u2614 \U0001f3b9", when=s.When(kind="bar", bar=9))
        ),
        Sample("prompt_b", s.Prompt(text="strings", slot="b")),
        Sample(
            "conditions",
            s.Conditions(
                entries=[
                    s.ConditionEntry(text="drums"),
                    s.ConditionEntry(
                        text="choir",
                        points=[
                            s.LanePoint(position=0.0, value=0.0),
                            s.LanePoint(position=4.0, value=1.5),
                        ],
                        start=0.25,
                        stop=0.75,
                    ),
                ]
            ),
        ),
        Sample("conditions_none", s.Conditions()),
        Sample("lora_use", s.LoraUse(place=2, name="city-pop_v1.2", when=s.When(kind="next_bar"))),
        Sample("lora_use_none", s.LoraUse(place=4)),
        Sample("prompt_at_ppq", s.Prompt(text="", when=s.When(kind="ppq", ppq=-0.5))),
        Sample(
            "notes",
            s.Notes(
                revision=1,
                notes=[
                    s.Note(ppq=0.0, length_ppq=0.25, pitch=0),
                    s.Note(ppq=1 / 3, length_ppq=1.0, pitch=127, velocity=1, channel=10),
                ],
                when=s.When(kind="next_bar"),
            ),
        ),
        Sample("notes_clear", s.Notes(revision=2, clear=True)),
        Sample(
            "promise_kept",
            s.PromiseMessage(
                change=7,
                status="kept",
                parameter="denoise",
                bar=5,
                sample=384_000,
                promised_sample=384_000,
                epoch=1,
                lap=0,
                ticks=7,
            ),
        ),
        Sample(
            "promise_broken",
            s.PromiseMessage(
                change=8,
                status="broken",
                parameter="prompt",
                bar=6,
                sample=480_000,
                promised_sample=384_000,
                epoch=1,
                lap=2,
                ticks=31,
                reason="The engine was too slow.",
            ),
        ),
    ]


def _sources() -> list[Sample]:
    return [
        Sample(
            "source_begin",
            s.SourceBegin(hash=SOURCE, rate=44_100, channels=2, frames=2, name="loop.wav"),
        ),
        Sample(
            "source_block",
            s.SourceBlock(hash=SOURCE, offset=0, frames=2),
            bytes.fromhex("0000803f000080bf0000003f00000080"),
        ),
        Sample("source_end", s.SourceEnd(hash=SOURCE)),
        Sample("source_use", s.SourceUse(hash=SOURCE, role="target", at_ppq=16.0, repeat_bars=4)),
        Sample("source_use_none", s.SourceUse(hash="")),
        Sample("source_use_live", s.SourceUse(hash="", live_bars=2)),
        Sample("live_block", s.LiveBlock(epoch=3, lap=1, sample=-480, frames=512)),
        Sample(
            "source_use_own_tempo",
            s.SourceUse(hash=SOURCE, tempo="own", bpm=93.0, downbeat=0.25),
        ),
    ]


def _sound() -> list[Sample]:
    return [
        Sample("open_stream", s.OpenStream(stream=1, window_bars=8, format="s16")),
        Sample("close_stream", s.CloseStream(stream=65_535)),
        Sample("credit", s.Credit(stream=1, epoch=3, frames=48_000)),
        Sample("audio_plain", _audio("f32"), bytes.fromhex("000000000000803f000080bf0000003f")),
        Sample(
            "audio_full",
            _audio(
                "s16",
                revisions={"denoise": 4, "morph": 1},
                bars=[s.BarMark(bar=5, offset=1)],
                joins=[s.JoinMark(0, 2, 0.001)],
                late=True,
                dry=True,
                last=True,
            ),
            bytes.fromhex("0000ff7f01800100"),
        ),
        Sample("audio_half", _audio("f16"), bytes.fromhex("0000003c00bc0038")),
        Sample(
            "audio_ends_bar",
            _audio("s16", ends_bar=True),
            bytes.fromhex("ff7f018000000100"),
        ),
        Sample("audio_file", _audio_file()),
        Sample("audio_file_full", _audio_file(marked=True)),
        Sample("render", s.Render(stream=2, first_bar=1, last_bar=100_000, window_bars=64)),
        Sample(
            "render_progress",
            s.RenderProgress(stream=2, done_bars=1, total_bars=8, seconds_left=0.5),
        ),
        Sample("render_done", s.RenderDone(stream=2, frames=960_000, cancelled=True)),
        Sample("cancel", s.Cancel(stream=2)),
    ]


def _audio(payload_format: s.PayloadFormat, **more: object) -> s.Audio:
    audio = s.Audio(
        stream=1,
        epoch=3,
        lap=0,
        sequence=12,
        address=4_096,
        sample=-1,
        frames=2,
        channels=2,
        format=payload_format,
        generation=40,
        state=7,
    )
    for name, value in more.items():
        setattr(audio, name, value)
    return audio


def _audio_file(marked: bool = False) -> s.AudioFile:
    return s.AudioFile(
        stream=1,
        epoch=3,
        lap=2,
        sequence=12,
        address=96_000,
        sample=-1,
        bar=5,
        frames=96_000,
        channels=2,
        rate=48_000,
        path="/home/\u00e4\u97f3/sessions/x1/bar-00005-000012.wav",
        hash=SOURCE,
        state=7,
        late=marked,
        dry=marked,
        last=marked,
    )

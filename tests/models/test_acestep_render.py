"""A small checkpoint in the whole engine: bars rendered, defaults taken up, refusals by name."""

import msgspec
import numpy as np
import pytest
import torch
from acestep_helpers import LATENT, folder, tiny
from stream_helpers import lane, prompt, put, song, source

from bridge_protocol.clock import VirtualClock
from bridge_protocol.meter import MeterMap
from bridge_protocol.schema import ConditionEntry, Conditions, Hello, Prompt
from bridge_protocol.tempo import TempoMap
from engine_host.cli.options import Maps
from engine_host.cli.render_parts.part import PartText, read_part
from engine_host.models.acestep.loading import load_acestep
from engine_host.models.acestep.model import AceStepModel
from engine_host.models.interface import Model
from engine_host.render import OfflineRender, Take, render_takes
from engine_host.server.hub import manifest
from engine_host.session.session import Session
from engine_host.session.song import Song
from engine_host.session.source_store import SourceStore
from engine_host.stream.engine import Engine
from engine_host.stream.rendering import SOFT_LIMIT
from engine_host.stream.settings import set_prompt

PROMPT = "slow trip hop, in C minor\nlyrics(de):\nla la"
BAR_SAMPLES = 96_000  # 4/4 at 120


def played(model: AceStepModel, made: Song, first: int = 1, last: int = 2) -> np.ndarray:
    engine = Engine(model, VirtualClock())
    return OfflineRender(engine, made, window_bars=2).bars(first, last)


def song_for(model: AceStepModel, **values: float) -> Song:
    return song(geometry=model.geometry, **{**model.defaults, **values})


def loop() -> np.ndarray:
    t = np.arange(2 * BAR_SAMPLES) / 48_000
    return np.stack([0.3 * np.sin(2 * np.pi * f * t) for f in (220.0, 330.0)], axis=1)


def test_two_bars_from_text_are_the_same_on_every_run_and_below_the_limit() -> None:
    model = load_acestep(folder(), threads=1)
    made = song_for(model)
    prompt(made, PROMPT)
    sound = played(model, made)
    assert sound.shape == (2 * BAR_SAMPLES, 2)
    assert bool(np.isfinite(sound).all())
    assert 1e-3 < float(np.abs(sound).max()) <= SOFT_LIMIT
    again = load_acestep(folder(), threads=1)
    assert np.array_equal(played(again, made), sound)


def test_no_bit_of_a_song_hangs_on_the_one_rendered_beside_it() -> None:
    """Prompts of other lengths, with lyrics and without, at other times of the ring."""
    model = tiny()
    made = song_for(model)
    prompt(made, "a tune")
    with_lyrics = song_for(model, seed=3.0, steps=5.0)
    prompt(with_lyrics, "pop\nlyrics:\n" + "la la la, a line of words\n" * 20)
    together: list[list[np.ndarray]] = [[], []]
    takes = [Take(s, out.append) for s, out in zip((made, with_lyrics), together, strict=True)]
    engine = Engine(model, VirtualClock(), depth=2)
    render_takes(engine, takes, 1, 2, window_bars=2)
    for song_alone, heard in zip((made, with_lyrics), together, strict=True):
        engine = Engine(model, VirtualClock(), depth=2)
        alone = OfflineRender(engine, song_alone, window_bars=2).bars(1, 2)
        assert np.array_equal(np.concatenate(heard), alone)


def test_a_cover_with_a_mask_and_a_blend_that_moves_is_rendered() -> None:
    model = tiny()
    made = song_for(model, denoise=0.7)
    prompt(made, PROMPT)
    put(made, "prompt_b", set_prompt("bright piano", "b"))
    source(made, loop())
    lane(made, "prompt_blend", "1:0, 3:1")
    whole = played(model, made)
    lane(made, "mask", "1:1/hold, 2:0/hold")
    sound = played(model, made)
    assert bool(np.isfinite(sound).all())
    assert not np.array_equal(sound, whole)


def test_the_mask_reaches_the_models_own_context(monkeypatch: pytest.MonkeyPatch) -> None:
    model = tiny()
    made = song_for(model, denoise=0.7)
    source(made, loop())
    lane(made, "mask", "1:1/hold, 2:0/hold")
    contexts: list[torch.Tensor] = []
    condition = AceStepModel.condition

    def kept(self: AceStepModel, given: object) -> object:
        built = condition(self, given)
        contexts.append(built.context)
        return built

    monkeypatch.setattr(AceStepModel, "condition", kept)
    played(model, made)
    generated = contexts[0][:, LATENT]
    turns = generated.diff().nonzero().flatten()
    assert (float(generated[0]), float(generated[-1]), len(turns)) == (1.0, 0.0, 1)


def test_guidance_of_a_base_model_hears_the_null_condition(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = tiny("base")
    asked: list[tuple[str, bool]] = []
    condition = AceStepModel.condition
    monkeypatch.setattr(
        AceStepModel,
        "condition",
        lambda self, given: asked.append((given.prompt, given.negative)) or condition(self, given),
    )
    made = song_for(model, steps=2.0)
    prompt(made, "a tune")
    assert bool(np.isfinite(played(model, made)).all())
    assert set(asked) == {("a tune", False), ("", True)}


def test_a_turbo_model_brings_the_schedule_it_was_trained_with() -> None:
    assert dict(tiny().defaults) == {"shift": 3.0, "steps": 8.0}
    base = dict(tiny("base").defaults)
    assert (base["guidance"], base["guidance_mode"], base["shift"]) == (7.0, 1.0, 3.0)


def session_with(model: Model) -> Session:
    clock = VirtualClock()
    hello = Hello(
        version_min=1, version_max=1, client="test", sample_rate=48_000, block_size=512, channels=2
    )
    return Session(hello, Engine(model, clock), SourceStore(), clock, lambda message, payload: None)


def test_a_session_begins_with_the_models_defaults() -> None:
    values = session_with(tiny("base"))._song.base.values
    told = {name: values[name] for name in tiny("base").defaults}
    assert told == tiny("base").defaults
    assert values["denoise"] == 0.6  # the registry's, where the model has none


def test_a_render_on_the_command_line_begins_with_the_models_defaults() -> None:
    maps = Maps(TempoMap.constant(120.0), MeterMap.constant(4, 4))
    part = read_part(PartText(prompt="a", settings=(("steps", 4.0),)), maps.meter)
    values = part.song(maps, 48_000, tiny()).base.values
    assert (values["shift"], values["steps"]) == (3.0, 4.0)


def test_the_manifest_tells_the_models_defaults() -> None:
    told = {info.name: info.default for info in manifest(LATENT, tiny().defaults)}
    assert (told["shift"], told["steps"], told["denoise"]) == (3.0, 8.0, 0.6)
    plain = {info.name: info.default for info in manifest(LATENT)}
    assert plain["shift"] == 1.5


@pytest.mark.parametrize(
    ("message", "code", "field"),
    [
        (Prompt(text="pop\nlyrics(xx):\nla"), "OUT_OF_RANGE", "text"),
        (Prompt(text="very " * 300, slot="b"), "WRONG_LENGTH", "text"),
        (
            Conditions(entries=[ConditionEntry(text="a"), ConditionEntry(text="very " * 300)]),
            "WRONG_LENGTH",
            "entries[1].text",
        ),
    ],
)
def test_a_prompt_it_cannot_take_is_refused_at_the_door_and_changes_nothing(
    message: Prompt | Conditions, code: str, field: str
) -> None:
    session = session_with(tiny())
    before = session._song.base
    with pytest.raises(Exception, match=code) as caught:
        session.handle(msgspec.structs.replace(message, seq=3), b"")
    assert caught.value.field == field
    assert session._song.base is before

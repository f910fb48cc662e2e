"""Another model takes over while a host plays: toy models, whose sound says who made it."""

import gc
import weakref

import numpy as np
import pytest
from engine_in_process import Caller, InProcess
from live_setup import Setup
from swapped_models import (
    OTHER_GEOMETRY,
    BrokenModel,
    HeldExecutor,
    MirrorModel,
    loading_fails,
    swap_to,
)

from bridge_protocol.errors import RefusedError
from bridge_protocol.schema import Hello, ModelChanged, ModelUse, Notice, Ok, Render, When
from engine_host.stream.engine import InlineExecutor


def playing(make=MirrorModel, bars=2, **options):
    """A host in its third bar, and the loader that waits with the next model."""
    loader = HeldExecutor()
    setup = Setup(
        tempo="1:120",
        meter="1:4/4",
        host=InProcess(swap=swap_to(make, loader, options.pop("refused", "")), **options),
    )
    setup.client.prompt("0.25")
    setup.start()
    setup.until_bar(bars + 1)
    return setup, loader


def swap(setup, loader, name="house"):
    """Asks and lets it load; the reply is a request's of a client that does not wait."""
    pending = setup.client.post(ModelUse(name=name))
    loader.let()
    setup.until(lambda d: pending.done)
    return pending


def lines(setup, first, last):
    """The sound of each bar, from the middle of it: what the toy was asked for."""
    grid = setup.daw.grid
    starts = {bar.bar: bar.timeline_sample for bar in setup.daw.report().bars}
    middle = grid.sample(1) // 2
    return [float(setup.daw.recording[starts[bar] + middle, 0]) for bar in range(first, last + 1)]


def test_the_new_model_is_heard_from_a_bar_line_on_and_nothing_is_missing():
    setup, loader = playing()
    swap(setup, loader)
    setup.until_bar(9)
    setup.assert_exact()
    heard = np.array(lines(setup, 1, 8))
    assert np.allclose(np.abs(heard), 0.25, atol=1e-3)
    changed = int(np.argmax(heard < 0))
    assert 2 <= changed <= 5
    assert (heard[:changed] > 0).all()
    assert (heard[changed:] < 0).all()
    assert setup.daw.report().late_bars == 0


def test_the_old_model_plays_for_as_long_as_the_new_one_loads():
    setup, loader = playing()
    setup.client.post(ModelUse(name="house"))
    setup.until_bar(6)
    assert np.allclose(lines(setup, 1, 5), 0.25, atol=1e-3)
    loader.let()
    setup.until_bar(11)
    setup.assert_exact()
    assert np.allclose(lines(setup, 10, 10), -0.25, atol=1e-3)


def test_the_old_model_is_let_go_once_the_new_one_is_heard():
    setup, loader = playing()
    old = weakref.ref(setup.host.model)
    setup.host.model = None
    swap(setup, loader)
    setup.until_bar(9)
    gc.collect()
    assert old() is None


def test_every_session_is_told_of_the_model_and_its_parameters():
    loader = HeldExecutor()
    host = InProcess(
        swap=swap_to(lambda clock: MirrorModel(clock, geometry=OTHER_GEOMETRY), loader)
    )
    asking, other = Caller(host, b"asking"), Caller(host, b"other")
    for caller in (asking, other):
        caller.ask(Hello())
    assert asking.tell(ModelUse(name="house")) == []
    loader.let()
    (reply,) = asking.answers()
    assert (type(reply), reply.re) == (Ok, asking.seq)
    host.engine.round()
    for caller in (asking, other):
        (told,) = caller.answers()
        assert isinstance(told, ModelChanged)
        assert (told.model.name, told.model.frame_rate) == ("mirror", 50.0)
        assert sum(p.name.startswith("channel_gain_") for p in told.parameters) >= 6


def test_a_client_that_comes_later_is_welcomed_by_the_new_model():
    setup, loader = playing()
    assert setup.client.core.welcome.model.name == "toy"
    swap(setup, loader)
    setup.until_bar(4)
    assert setup.client.core.welcome.model.name == "mirror"
    assert Caller(setup.host, b"later").ask(Hello()).model.name == "mirror"


def test_a_model_of_another_frame_rate_and_width_takes_over_in_place():
    setup, loader = playing(lambda clock: MirrorModel(clock, geometry=OTHER_GEOMETRY))
    swap(setup, loader)
    setup.until_bar(9)
    setup.assert_exact()
    assert np.allclose(lines(setup, 7, 8), -0.25, atol=1e-3)


def test_what_was_promised_before_is_kept_by_the_new_model():
    setup, loader = playing()
    setup.daw.prompt("0.5", When(kind="bar", bar=7))
    swap(setup, loader)
    setup.until_bar(9)
    setup.assert_exact()
    assert np.allclose(lines(setup, 7, 8), -0.5, atol=1e-3)
    (change,) = [c for c in setup.daw.report().changes if c.what == "prompt"]
    assert change.promise.status == "kept"


def test_a_slow_new_model_leaves_no_gap_and_the_old_sound_stands_in():
    setup, loader = playing(lambda clock: MirrorModel(clock, 200_000_000))
    pending = setup.client.post(ModelUse(name="house"))
    loader.let()
    setup.until(lambda d: pending.done)
    setup.until_bar(12, max_blocks=6_000)
    report = setup.daw.report()
    assert (report.gap_frames, report.stale_frames_heard) == (0, 0)
    assert all(bar.error_samples == 0 for bar in report.bars)
    heard = np.array(lines(setup, 1, 11))
    assert np.allclose(np.abs(heard), 0.25, atol=1e-3)
    assert (heard[2:4] > 0).any()
    assert (heard[-2:] < 0).all()


def test_a_model_that_does_not_fit_is_refused_with_the_figures_and_the_old_one_plays_on():
    setup, loader = playing(refused="xl needs 12.3 GiB, and 4.0 GiB is free.")
    pending = swap(setup, loader)
    with pytest.raises(RefusedError, match=r"12\.3 GiB") as refused:
        pending.result()
    assert refused.value.field == "name"
    setup.until_bar(6)
    setup.assert_exact()
    assert np.allclose(lines(setup, 1, 5), 0.25, atol=1e-3)


@pytest.mark.parametrize(
    ("make", "words"), [(loading_fails, "rubbish"), (BrokenModel, "can't run here")]
)
def test_a_model_that_fails_after_all_is_told_and_the_old_one_plays_on(make, words):
    setup, loader = playing(make)
    pending = swap(setup, loader)
    assert isinstance(pending.result(), Ok)
    setup.until_bar(6)
    setup.assert_exact()
    assert np.allclose(lines(setup, 1, 5), 0.25, atol=1e-3)
    (notice,) = setup.client.kept(Notice)
    assert words in notice.message
    assert "plays on" in notice.message
    assert swap(setup, loader).result()  # and another one can be asked for


def test_a_fault_that_nobody_foresaw_is_told_and_another_model_can_be_asked_for():
    def make(clock):
        raise ZeroDivisionError("a fault of ours")

    host = InProcess(swap=swap_to(make, InlineExecutor()))
    caller = Caller(host)
    caller.ask(Hello())
    for _ in range(2):
        reply, notice = caller.tell(ModelUse(name="house"))
        assert isinstance(reply, Ok)
        assert isinstance(notice, Notice)
        assert "a fault of ours" in notice.message


def test_a_second_model_is_refused_while_one_is_loading():
    setup, _ = playing()
    setup.client.post(ModelUse(name="house"))
    with pytest.raises(RefusedError, match="being loaded"):
        setup.client.use_model("house")


def test_a_name_that_the_library_has_not_is_refused_and_never_read_as_a_path(tmp_path, monkeypatch):
    monkeypatch.setenv("ANACRUSIS_MODELS", str(tmp_path / "library"))
    monkeypatch.chdir(tmp_path)
    for folder in ("near", "library/.hidden"):
        (tmp_path / folder).mkdir(parents=True)
    host = InProcess()
    caller = Caller(host)
    caller.ask(Hello())
    for name in ("near", "..", ".", "", ".hidden", "acestep-turbo"):
        reply = caller.ask(ModelUse(name=name))
        assert (reply.code, reply.field) == ("FILE_MISSING", "name"), name


def test_a_render_under_way_is_one_models_throughout():
    setup, loader = playing()
    setup.client.post(Render(stream=9, first_bar=1, last_bar=8))
    swap(setup, loader)
    assert setup.host.engine.model.name == "toy"
    setup.client.credit(9, 0, 10**9)
    setup.until(lambda d: setup.host.engine.model.name == "mirror", max_blocks=6_000)
    assert not [s for s in setup.host.engine.streams if s.offline and not s.finished]


def test_what_the_new_model_cannot_hear_is_told():
    deaf = lambda clock: MirrorModel(clock, capabilities=frozenset({"text"}))  # noqa: E731
    setup, loader = playing(deaf)
    audio = np.full((48_000 * 4, 2), 0.1, dtype=np.float32)
    source = setup.client.upload(audio, 48_000)
    setup.client.use_source(source, repeat_bars=2)
    setup.client.notes([])
    swap(setup, loader)
    setup.until_bar(7)
    told = " ".join(notice.message for notice in setup.client.kept(Notice))
    assert "mirror can't hear the source" in told
    assert "mirror can't hear the notes" in told
    assert setup.daw.report().gap_frames == 0


def test_parameters_that_nobody_moved_go_to_the_new_models_defaults():
    setup, loader = playing(lambda clock: MirrorModel(clock, defaults={"steps": 4.0, "shift": 1.0}))
    setup.client.param("shift", 2.5)
    swap(setup, loader)
    setup.until_bar(6)
    (stream,) = setup.host.engine.streams
    settings = stream.cues.at(stream.head)
    assert (settings.values["steps"], settings.values["shift"]) == (4.0, 2.5)


def test_the_bars_of_a_map_that_the_new_model_cannot_hold_are_told():
    short = type(OTHER_GEOMETRY)(48_000, 2, 1_920, 8, 2, 0, 80)
    setup, loader = playing(lambda clock: MirrorModel(clock, geometry=short))
    swap(setup, loader)
    setup.until_bar(5)
    told = " ".join(notice.message for notice in setup.client.kept(Notice))
    assert "this model plays bars of at most" in told

"""The double's binding against the facts about REAPER's, and against REAPER's own file where it is.

Set REAPER_PYTHON_PATH to a ``reaper_python.py`` (or the folder that has it) to run the contract.
"""

import importlib.util
import os
from pathlib import Path

import numpy as np
import pytest
from anacrusis_reaper.api import Api, Binding
from anacrusis_reaper.handles import Item, Track, handle_of
from anacrusis_reaper.refusal import RefusedError
from anacrusis_reaper.self_test import FIXED, self_test
from fake_reaper import Envelope, FakeReaper, Marker, Note, Source, Take
from fake_reaper import Item as FakeItem
from fake_reaper import Track as FakeTrack
from native_host import NativeHost
from reaper_desk import lanes_effect
from reaper_prototypes import PROTOTYPES
from rpp_of import rpp_of

from bridge_protocol.lanes import Breakpoint

NULL = "(MediaItem*)0x0000000000000000"


@pytest.fixture
def reaper(tmp_path):
    """A project with something of everything."""
    made = FakeReaper(tmp_path)
    project = made.project
    project.path = str(tmp_path / "song.rpp")
    project.markers = [
        Marker(0.0, 120.0, (4, 4)),
        Marker(4.0, 120.0, is_linear=True),
        Marker(6.0, 90.0),
    ]
    project.selection, project.loop = (1.0, 3.0), (2.0, 4.0)
    effect = lanes_effect(denoise=[Breakpoint(0.0, 0.2), Breakpoint(2.0, 0.9)])
    sound = np.random.default_rng(1).normal(0, 0.1, (48_000, 2))
    take = Take(Source("", "SECTION", 2, 1.0), "täke", sound=sound)
    item = FakeItem([take], {"D_POSITION": 0.5, "D_LENGTH": 1.0}, is_selected=True)
    midi = Take(Source("", "MIDI", length=4.0, length_is_qn=True, notes=[Note(0, 960, 60, 99, 9)]))
    other = FakeItem([midi], {"D_POSITION": 2.0, "D_LENGTH": 2.0})
    project.tracks.append(FakeTrack("Träck", [effect], [item, other]))
    return made


class Nobody:
    """A namespace without a host."""

    def RPR_defer(self, code):  # noqa: N802
        raise AssertionError

    RPR_atexit = RPR_defer


def calls(reaper, module):
    """What a binding returns for the self-test's calls, and for some with handles."""
    track = reaper.handle(reaper.project.tracks[0])
    item, midi = map(reaper.handle, reaper.project.tracks[0].items)
    take, notes = (reaper.handle(i.takes[0]) for i in reaper.project.tracks[0].items)
    envelope = module.RPR_GetFXEnvelope(track, 0, 0, 0)
    made = [
        ("GetTrackName", (track, "", 512)),
        ("GetTrackName", (NULL, "", 512)),
        ("TrackFX_GetParamName", (track, 0, 1, "", 512)),
        ("TrackFX_GetParam", (track, 0, 7, 0.0, 0.0)),
        ("GetFXEnvelope", (track, 0, 3, 0)),
        ("Envelope_Evaluate", (envelope, 1.0, 25.0, 1, 0.0, 0.0, 0.0, 0.0)),
        ("GetEnvelopePoint", (envelope, 1, 0.0, 0.0, 0, 0.0, 0)),
        ("GetActiveTake", (item,)),
        ("GetActiveTake", (track,)),
        ("GetMediaItem_Track", (midi,)),
        ("GetTakeName", (take,)),
        ("MIDI_CountEvts", (notes, 0, 0, 0)),
        ("MIDI_GetNote", (notes, 0, 0, 0, 0.0, 0.0, 0, 0, 0)),
        ("MIDI_GetProjQNFromPPQPos", (notes, 960.0)),
        ("GetMediaSourceLength", (module.RPR_GetMediaItemTake_Source(notes), 0)),
        ("SetProjExtState", (0, "anacrusis", "key", "schlüssel")),
        ("GetProjExtState", (0, "anacrusis", "key", "", 512)),
        ("SetMediaItemInfo_Value", (item, "D_LENGTH", 2)),
        ("GetMediaItemInfo_Value", (item, "D_LENGTH")),
        ("ValidatePtr2", (0, item, "MediaItem*")),
        ("ValidatePtr2", (0, item, "MediaTrack*")),
    ]
    return [
        (name, getattr(module, f"RPR_{name}")(*given))
        for name, given in [*FIXED, *made]
        if name != "time_precise"
    ]


def test_every_function_of_the_client_has_a_prototype_and_a_host(reaper):
    used = {name.removeprefix("RPR_") for name in vars(Binding) if name.startswith("RPR_")}
    assert len(used) > 80
    assert used - {"GetAudioAccessorSamples"} <= set(PROTOTYPES)
    assert set(PROTOTYPES) - used <= {"GetMediaItem_Track"}
    for name in PROTOTYPES:
        assert callable(getattr(reaper, f"host_{name}"))


def test_results_are_the_tuples_that_were_read_off_reapers_binding(reaper):
    """From the notes about the real one, run there over functions of C."""
    module, project = reaper.module, reaper.handle(reaper.project)
    assert module.RPR_TimeMap_GetTimeSigAtTime(0, 1.0, 0, 0, 0.0) == (0, 1.0, 4, 4, 120.0)
    assert module.RPR_EnumProjects(-1, "", 512) == (project, -1, reaper.project.path, 512)
    found = module.RPR_GetTempoTimeSigMarker(0, 1, 0.0, 0, 0.0, 0.0, 0, 0, 0)
    assert found == (1, 0, 1, 4.0, 2, 0.0, 120.0, 0, -1, 1)
    assert module.RPR_GetSet_LoopTimeRange2(0, 0, 0, 0.0, 0.0, 0) == (0, 0, 0, 1.0, 3.0, 0)
    assert module.RPR_GetPlayStateEx(0) == 0
    assert module.RPR_UpdateArrange() is None


def test_null_is_a_truthy_text_and_an_argument_of_the_wrong_type_raises(reaper):
    found = reaper.module.RPR_GetSelectedMediaItem(0, 9)
    assert found == NULL
    assert bool(found)
    with pytest.raises(TypeError, match="'float' object cannot be interpreted as an integer"):
        reaper.module.RPR_GetTrack(0, 0.0)
    with pytest.raises(TypeError):
        reaper.module.RPR_GetProjectTimeSignature2(0, "120", 0.0)
    with pytest.raises(TypeError):
        reaper.module.RPR_CountTracks()
    assert reaper.module.RPR_GetProjectTimeSignature2(0, 0, 0)[1] == 120.0


def test_a_stale_handle_and_one_of_another_kind_become_null_without_a_word(reaper):
    item = reaper.project.tracks[0].items[0]
    handle = reaper.handle(item)
    assert reaper.module.RPR_GetActiveTake(handle) != reaper.module.RPR_GetActiveTake(NULL)
    reaper.project.tracks[0].items.clear()
    assert reaper.module.RPR_GetActiveTake(handle).endswith("0x0000000000000000")
    assert reaper.module.RPR_ValidatePtr2(0, handle, "MediaItem*") == 0
    track = reaper.handle(reaper.project.tracks[0])
    assert reaper.module.RPR_GetActiveTake(track).endswith("0x0000000000000000")


def test_what_is_deferred_must_be_text_and_is_run_in_the_scripts_namespace(reaper, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "from reaper_python import RPR_ShowConsoleMsg\nword = 'later'\n"
        "def tick():\n    RPR_ShowConsoleMsg(word)\nRPR_defer('tick()')\n"
    )
    reaper.run_script(script)
    assert reaper.lines() == []
    reaper.pump()
    assert reaper.lines() == ["later"]
    script.write_text("def tick():\n    pass\nRPR_defer(tick)\n")
    with pytest.raises(TypeError):
        reaper.run_script(script)
    script.write_text("__file__\n")
    with pytest.raises(NameError):
        reaper.run_script(script)


def test_an_undo_block_left_open_over_a_tick_is_caught(reaper, tmp_path):
    script = tmp_path / "script.py"
    script.write_text("import reaper_python\nreaper_python.RPR_Undo_BeginBlock2(0)\n")
    with pytest.raises(AssertionError, match="undo block"):
        reaper.run_script(script)


# --- the typed functions on top


@pytest.fixture
def api(reaper):
    return Api(reaper.module, Nobody())


def test_handles_are_typed_and_null_is_none():
    assert handle_of(Item, NULL) is None
    assert handle_of(Track, "(MediaTrack*)0x00007F0000000010").text.endswith("10")
    for wrong in ("(MediaTrack*)0x00007F0000000010", "", "0", 5, None):
        with pytest.raises(TypeError):
            handle_of(Item, wrong)


def test_a_handle_that_went_stale_is_refused_by_what_it_was(api, reaper):
    item = api.selected_items(api.project())[0]
    take = api.active_take(item)
    reaper.project.tracks[0].items.clear()
    for use, word in (
        (lambda: api.item_place(item), "item"),
        (lambda: api.take_facts(item, take), "take"),
    ):
        with pytest.raises(RefusedError) as refused:
            use()
        assert refused.value.code == "GONE"
        assert refused.value.message == f"The {word} is not there any more: select it again."


def test_an_envelope_is_found_if_it_is_on_and_holds_anything(api, reaper):
    track = api.tracks(api.project())[0]
    denoise = reaper.project.tracks[0].effects[0].parameter("Denoise")
    assert api.effect_envelope(track, 0, 0) is not None
    denoise.envelope.is_active = False
    assert api.effect_envelope(track, 0, 0) is None
    reaper.missing.add("GetSetEnvelopeInfo_String")
    assert api.effect_envelope(track, 0, 0) is not None
    denoise.envelope = Envelope()
    assert api.effect_envelope(track, 0, 0) is None
    denoise.envelope = Envelope(automation_items=1)
    assert api.effect_envelope(track, 0, 0) is not None


def test_the_transport_is_the_play_position_while_playing_and_the_cursor_else(api, reaper):
    project = reaper.project
    project.cursor, project.position, project.repeats = 5.0, 7.0, True
    for state, seconds, is_playing in (
        (0, 5.0, False),
        (1, 7.0, True),
        (2, 7.0, False),
        (5, 7.0, True),
        (6, 7.0, False),
    ):
        project.play_state = state
        here = api.transport(api.project())
        assert (here.seconds, here.is_playing) == (seconds, is_playing)
    assert (here.is_looping, here.loop_start_s, here.loop_end_s) == (True, 2.0, 4.0)
    project.loop = (2.0, 2.0)
    assert not api.transport(api.project()).is_looping


def test_a_projects_own_tempo_is_told_in_quarter_notes(api, reaper):
    reaper.project.markers = []
    reaper.project.bpm, reaper.project.signature = 90.0, (6, 8)
    assert reaper.module.RPR_GetProjectTimeSignature2(0, 0.0, 0.0) == (0, 180.0, 6.0)
    found = api.project_tempo(api.project())
    assert (found.bpm, found.numerator, found.denominator) == (90.0, 6, 8)


def test_selected_tracks_come_first_and_the_master_last(api, reaper):
    second = FakeTrack("second", is_selected=True)
    reaper.project.tracks.append(second)
    names = [api.track_name(track) for track in api.tracks(api.project())]
    assert names == ["second", "Träck", "MASTER"]


def test_the_self_test_writes_every_call_and_what_came_back(api, reaper, tmp_path):
    import json  # noqa: PLC0415

    line = self_test(api)
    path = tmp_path / "anacrusis_self_test.json"
    assert str(path) in line
    dump = json.loads(path.read_text(encoding="utf-8"))
    assert len(dump["calls"]) > 60
    assert all("returned" in call for call in dump["calls"]), dump["calls"]
    found = {call["name"]: call["returned"] for call in dump["calls"]}
    assert found["GetTempoTimeSigMarker"] == "(1, 0, 1, 4.0, 2, 0.0, 120.0, 0, -1, 1)"
    assert found["GetAudioAccessorSamples"].startswith("(1, [")
    assert all(not reader.is_open for reader in reaper.readers)


def test_the_self_test_writes_also_what_this_reaper_does_not_have(reaper, tmp_path):
    del reaper.module.RPR_GetAudioDeviceInfo
    self_test(Api(reaper.module, Nobody()))
    text = (tmp_path / "anacrusis_self_test.json").read_text(encoding="utf-8")
    assert "AttributeError" in text


def test_dumps_that_users_sent_have_the_prototypes_shapes():
    """Files in tests/data/reaper are dumps of the self-test action in a real REAPER."""
    folder = Path(__file__).parents[1] / "data" / "reaper"
    dumps = sorted(folder.glob("self_test*.json"))
    if not dumps:
        pytest.skip("nobody has sent a dump of the self-test action in REAPER yet")
    import ast  # noqa: PLC0415
    import json  # noqa: PLC0415

    for path in dumps:
        for call in json.loads(path.read_text(encoding="utf-8"))["calls"]:
            _check_shape(call["name"], ast.literal_eval(call["returned"]))


def _check_shape(name, returned):
    if name == "GetAudioAccessorSamples":
        assert len(returned) == 2
        return
    result, arguments = PROTOTYPES[name]
    has_outs = any(kind.isupper() for kind in arguments)
    if has_outs:
        assert len(returned) == len(arguments) + (result != "v")
    else:
        assert not isinstance(returned, tuple)


def test_the_doubles_own_dump_has_those_shapes_too(api, tmp_path):
    import ast  # noqa: PLC0415
    import json  # noqa: PLC0415

    self_test(api)
    text = (tmp_path / "anacrusis_self_test.json").read_text(encoding="utf-8")
    for call in json.loads(text)["calls"]:
        _check_shape(call["name"], ast.literal_eval(call["returned"]))


# --- the contract with REAPER's own file


def own_binding(reaper):
    """REAPER's binding over the double's functions, as addresses of C."""
    given = os.environ.get("REAPER_PYTHON_PATH")
    if not given:
        pytest.skip("REAPER_PYTHON_PATH names no reaper_python.py: it is REAPER's, and not here")
    path = Path(given)
    path = path / "reaper_python.py" if path.is_dir() else path
    spec = importlib.util.spec_from_file_location("reaper_python", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.native_host = NativeHost(reaper)
    module.rpr_initft(module.native_host.table)
    return module


@pytest.fixture
def real(reaper):
    return own_binding(reaper)


def test_reapers_own_binding_returns_what_the_double_returns(reaper, real):
    expected, found = calls(reaper, reaper.module), calls(reaper, real)
    assert len(found) > 50
    for mine, theirs in zip(expected, found, strict=True):
        assert repr(theirs) == repr(mine)


def test_reapers_own_binding_raises_where_the_double_raises(real):
    with pytest.raises(TypeError):
        real.RPR_GetTrack(0, 0.0)
    with pytest.raises(TypeError):
        real.RPR_CountTracks()


def test_the_typed_functions_give_the_same_through_reapers_own_binding(reaper, real, tmp_path):
    double, own = Api(reaper.module, Nobody()), Api(real, Nobody())
    project = own.project()
    assert project == double.project()
    assert own.tempo_markers(project) == double.tempo_markers(project)
    assert own.transport(project) == double.transport(project)
    assert own.rate_hz(project) == double.rate_hz(project)
    track = own.tracks(project)[0]
    assert own.effect_parameters(track, 0) == double.effect_parameters(track, 0)
    envelope = own.effect_envelope(track, 0, 0)
    times = [0.0, 0.4, 1.0, 5.0]
    assert own.envelope_values(envelope, times) == double.envelope_values(envelope, times)
    assert own.envelope_knots(envelope) == double.envelope_knots(envelope)
    (item,) = own.selected_items(project)
    take = own.active_take(item)
    assert own.take_facts(item, take) == double.take_facts(item, take)
    with own.samples(take) as mine, double.samples(take) as theirs:
        assert mine.length_s() == theirs.length_s() == 1.0
        assert mine.read(48_000, 2, 0.25, 100) == theirs.read(48_000, 2, 0.25, 100)
    assert all(not reader.is_open for reader in reaper.readers)


def test_edits_through_reapers_own_binding_reach_the_project(reaper, real, tmp_path):
    import soundfile  # noqa: PLC0415

    soundfile.write(tmp_path / "bar.wav", np.zeros((48_000, 2)), 48_000)
    api = Api(real, Nobody())
    project = api.project()
    with api.one_undo_step(project, "an edit"):
        track = api.add_track(project, "neue Spur")
        api.add_file(track, str(tmp_path / "bar.wav"), 2.0, 1.0, "bar 2")
    api.keep_project_state(project, "settings", "ä")
    assert api.project_state(project, "settings") == "ä"
    made = reaper.project.tracks[-1]
    assert made.name == "neue Spur"
    assert made.items[0].start == 2.0
    assert made.items[0].takes[0].name == "bar 2"
    assert reaper.project.undo_steps == ["an edit"]
    reaper.check_rules()


def test_a_whole_action_runs_through_reapers_own_binding(desk):
    desk.reaper.module = own_binding(desk.reaper)
    desk.settle()
    desk.project.selection = (0.0, 4.0)
    desk.connect()
    desk.do("render", "2 bars are on the new track")
    assert [item.start for item in desk.project.tracks[0].items] == [0.0, 2.0]


def test_the_doubles_project_is_read_by_the_importer_of_reapers_files(reaper):
    """So that comparisons with the command line are of the same song."""
    from daw_clients.projects.reaper_project import read_reaper_project  # noqa: PLC0415

    song = read_reaper_project(rpp_of(reaper.project))
    assert (song.tempo, song.meter) == reaper.project.maps()
    assert [lane.parameter for lane in song.lanes] == ["Denoise"]

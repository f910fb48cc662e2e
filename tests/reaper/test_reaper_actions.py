"""Each action, from the script in the action list to the real engine behind the real gateway."""

import numpy as np
import pytest
import soundfile
from fake_reaper import Item, Marker, Note, Source, Take, Track, audio_item
from reaper_desk import add_lanes, laid

from bridge_protocol.lanes import Anchor, Breakpoint, BreakpointLane, Shape
from bridge_protocol.schema import Note as WireNote
from daw_clients.client.client import Client

RATE = 48_000
RAMP = [Marker(0.0, 120.0, (4, 4)), Marker(4.0, 120.0, is_linear=True), Marker(7.5, 150.0, (3, 4))]


def by_client(desk, first, last, prepare=lambda client: None, window_bars=4):
    """The same bars by the Python client over ZeroMQ."""
    with Client(desk.host.server.endpoint) as client:
        client.set_tempo(*desk.project.maps())
        client.prompt("0.25")
        prepare(client)
        return client.render(first, last, window_bars=window_bars)


def wav(path, seconds=8.0, seed=1, rate=RATE, subtype="PCM_16"):
    audio = np.random.default_rng(seed).normal(0, 0.1, (round(seconds * rate), 2))
    soundfile.write(path, audio, rate, subtype=subtype)
    return path


def test_connect_signs_in_greets_and_says_so_in_one_line(desk):
    desk.connect()
    assert desk.said == ["Anacrusis: Connected to toy at 48000 Hz."]
    assert desk.reaper.is_looping


def test_connect_again_disconnects(desk):
    desk.connect()
    desk.do("connect", "Disconnected")
    desk.until(lambda: not desk.reaper.is_looping)
    assert not desk.links[0].is_open
    desk.until(lambda: not desk.host.gateway.clients)


def test_an_action_without_a_connection_says_what_to_do(desk):
    desk.run("render")
    assert desk.said == ["Anacrusis: Not connected: run the action Anacrusis: Connect first."]
    assert not desk.reaper.is_looping


def test_settings_are_kept_in_the_project_and_the_port_for_the_machine(desk):
    desk.settle(prompt="jazz, with commas", seed="7")
    ((captions, shown),) = desk.reaper.dialogs
    assert captions[0] == "Prompt"
    assert shown[3:5] == ["0", "4"]
    assert '"prompt": "jazz, with commas"' in desk.project.state["anacrusis", "settings"]
    assert ("anacrusis", "port") in desk.reaper.persisted
    desk.reaper.answers.append(None)
    desk.run("settings")
    assert desk.reaper.dialogs[1][1][0] == "jazz, with commas"


def test_a_wrong_setting_changes_nothing_and_is_named(desk):
    desk.settle(seed="seven")
    assert desk.said == [
        "Anacrusis: Seed: 'seven' won't do; give a whole number from 0 to 4294967295."
    ]
    assert not desk.project.state


def test_tempo_map_lanes_and_prompt_are_sent_once_and_then_only_what_changed(desk):
    desk.settle()
    desk.project.markers = list(RAMP)
    effect = add_lanes(desk.reaper, denoise=[Breakpoint(0.0, 0.2), Breakpoint(6.0, 0.9)])
    effect.parameter("Morph").value = 0.5
    desk.connect()
    desk.do("send_project", "Sent: ")
    assert desk.said[-1] == (
        "Anacrusis: Sent: tempo map, lanes of denoise, 1 single values, prompts "
        "(from Lanes / JS: Anacrusis Lanes)."
    )
    desk.do("send_project", "Nothing has changed")
    effect.parameter("Denoise").envelope.points[1] = Breakpoint(6.0, 0.8)
    desk.do("send_project", "Sent: lanes of denoise (")
    desk.project.markers[0].bpm = 121.0
    desk.do("send_project", "Sent: tempo map (")
    effect.parameter("Denoise").envelope.is_active = False
    desk.do("send_project", "Sent: lanes of denoise (")


def test_rendered_bars_lie_on_their_samples_and_are_the_engines_to_the_bit(desk):
    desk.settle()
    desk.project.markers = list(RAMP)
    points = [Breakpoint(0.0, 0.1), Breakpoint(5.0, 0.9, Shape.HOLD), Breakpoint(7.0, 0.3)]
    add_lanes(
        desk.reaper, velocity=[Breakpoint(p.position, 0.5 + p.value, p.shape) for p in points]
    )
    desk.project.selection = (2.1, 7.0)
    desk.connect()
    desk.do("render", "3 bars are on the new track 'Anacrusis bars 2-4'")
    lane = BreakpointLane(
        [Breakpoint(p.position, 0.5 + p.value, p.shape) for p in points], Anchor.SECONDS
    )
    expected = by_client(desk, 2, 4, lambda client: client.lane("velocity", lane))
    bars = laid(desk.project)
    assert len(bars) == 3
    tempo, meter = desk.project.maps()
    samples = [round(RATE * tempo.seconds(float(meter.bar_start(bar)))) for bar in range(1, 5)]
    assert [start for start, _, _ in bars] == [sample / RATE for sample in samples[:3]]
    ends = [start + length for start, length, _ in bars]
    assert ends == pytest.approx([sample / RATE for sample in samples[1:]], abs=1e-9)
    assert np.array_equal(np.concatenate([sound for _, _, sound in bars]), expected)
    assert np.ptp(expected) > 0.01


def test_a_render_is_one_step_of_undo_and_has_no_fades(desk):
    desk.settle()
    desk.project.selection = (0.0, 4.0)
    desk.project.tracks.append(Track("mine"))
    desk.connect()
    desk.do("render", "2 bars are on the new track")
    assert [track.name for track in desk.project.tracks] == ["mine", "Anacrusis bars 1-2"]
    for item in desk.project.tracks[1].items:
        assert {item.values[name] for name in ("D_FADEINLEN", "D_FADEOUTLEN")} == {0.0}
        assert (item.values["C_BEATATTACHMODE"], item.values["B_LOOPSRC"]) == (0.0, 0.0)
    assert desk.reaper.commands == [40047]
    assert desk.project.undo_steps == ["Anacrusis: Anacrusis bars 1-2"]
    desk.project.undo()
    assert [track.name for track in desk.project.tracks] == ["mine"]


def test_the_projects_audio_is_its_own_and_outlives_the_connection(desk):
    desk.settle()
    desk.project.selection = (0.0, 2.0)
    desk.connect()
    desk.do("render", "1 bars are on the new track")
    desk.do("connect", "Disconnected")
    desk.until(lambda: not desk.host.gateway.clients)
    ((start, length, sound),) = laid(desk.project)
    assert (start, length, len(sound)) == (0.0, 2.0, 2 * RATE)
    file = desk.project.tracks[-1].items[0].takes[0].source.file
    assert file.startswith(desk.project.media)


def test_a_selected_item_is_the_source_by_its_file_from_its_offset_on(desk, tmp_path):
    desk.settle()
    path = wav(tmp_path / "loop.wav", subtype="PCM_24")
    item = audio_item(path, start=4.0, length=3.0, D_STARTOFFS=1.5)
    desk.project.tracks.append(Track("audio", items=[item]))
    desk.project.selection = (4.0, 6.0)
    desk.connect()
    desk.do("send_item", "The source is 'loop.wav' from bar 3 on, from its file")
    desk.do("render", "1 bars are on the new track")
    audio, _ = soundfile.read(path, dtype="float32", start=72_000, frames=144_000)

    def prepare(client):
        client.use_source(client.upload(audio, RATE), at_ppq=8.0)

    assert np.array_equal(laid(desk.project)[0][2], by_client(desk, 3, 3, prepare))
    assert not desk.reaper.readers


def test_an_item_without_a_file_is_read_as_reaper_plays_it(desk):
    desk.settle()
    sound = np.random.default_rng(5).normal(0, 0.1, (5 * RATE, 2))
    take = Take(Source("", "SECTION", 2, 5.0), "take", sound=sound)
    item = Item([take], {"D_POSITION": 0.5, "D_LENGTH": 4.5}, is_selected=True)
    desk.project.tracks.append(Track("audio", items=[item]))
    desk.project.selection = (2.0, 4.0)
    desk.connect()
    desk.do("send_item", "as REAPER plays it (it has no file)")
    desk.do("render", "1 bars are on the new track")

    def prepare(client):
        audio = sound[: round(4.5 * RATE)].astype(np.float32)
        client.use_source(client.upload(audio, RATE), at_ppq=1.0)

    assert np.array_equal(laid(desk.project)[0][2], by_client(desk, 2, 2, prepare))


def test_an_item_at_another_play_rate_is_stretched_by_the_engine(desk, tmp_path):
    desk.settle()
    path = wav(tmp_path / "slow.wav")
    item = audio_item(path, start=0.0, length=6.0, D_PLAYRATE=1.25)
    desk.project.tracks.append(Track("audio", items=[item]))
    desk.project.selection = (0.0, 2.0)
    desk.connect()
    desk.do("send_item", "from its file")
    desk.do("render", "1 bars are on the new track")
    audio, _ = soundfile.read(path, dtype="float32", frames=round(6.0 * 1.25 * RATE))

    def prepare(client):
        client.use_source(client.upload(audio, RATE), tempo="own", bpm=96.0)

    assert np.array_equal(laid(desk.project)[0][2], by_client(desk, 1, 1, prepare))


def test_a_midi_items_notes_are_played(desk):
    desk.settle()
    notes = [Note(0, 480, 60), Note(960, 1440, 64, channel=9), Note(1920, 2400, 67, is_muted=True)]
    source = Source("", "MIDI", 0, 4.0, length_is_qn=True, notes=notes)
    take = Take(source, "melody")
    values = {"D_POSITION": 2.0, "D_LENGTH": 4.0, "B_LOOPSRC": 1.0}
    desk.project.tracks.append(Track("midi", items=[Item([take], values, is_selected=True)]))
    desk.project.selection = (2.0, 6.0)
    heard = desk.host.server.engine_thread._engine.model.heard
    desk.connect()
    desk.do("send_notes", "Sent 4 notes.")
    desk.do("render", "2 bars are on the new track")
    by_reaper = heard[-1].notes
    wire = [
        WireNote(ppq=4.0 + shift + at, length_ppq=0.5, pitch=pitch, channel=channel)
        for shift in (0.0, 4.0)
        for at, pitch, channel in ((0.0, 60, 1), (1.0, 64, 10))
    ]
    by_client(desk, 2, 3, lambda client: client.notes(wire))
    assert len(by_reaper) == 4
    assert by_reaper == heard[-1].notes


def test_two_items_morph_from_the_earlier_to_the_later_and_the_song_is_as_before(desk, tmp_path):
    desk.settle()
    one, two = wav(tmp_path / "one.wav", 4.0, 1), wav(tmp_path / "two.wav", 4.0, 2)
    items = [audio_item(two, start=4.0), audio_item(one, start=0.0)]
    desk.project.tracks.append(Track("audio", items=items))
    desk.connect()
    desk.do("morph", "4 bars are on the new track 'Anacrusis one.wav to two.wav'")
    morphed = np.concatenate([sound for _, _, sound in laid(desk.project)])

    def prepare(client):
        for role, path in (("source", one), ("target", two)):
            audio, _ = soundfile.read(path, dtype="float32")
            client.use_source(client.upload(audio, RATE), role, repeat_bars=2)
        points = [Breakpoint(0.0, 0.0), Breakpoint(16.0, 1.0)]
        client.lane("morph", BreakpointLane(points, Anchor.PPQ))

    assert np.array_equal(morphed, by_client(desk, 1, 4, prepare))
    plain = by_client(desk, 1, 4)
    assert not np.array_equal(morphed, plain)
    desk.project.selection = (0.0, 8.0)
    desk.do("render", "4 bars are on the new track 'Anacrusis bars 1-4'")
    assert np.array_equal(np.concatenate([s for _, _, s in laid(desk.project)]), plain)


def test_a_selection_that_ends_on_a_bar_line_takes_no_further_bar(desk):
    desk.settle()
    desk.project.selection = (2.0005, 5.9995)
    desk.connect()
    desk.do("render", "2 bars are on the new track 'Anacrusis bars 2-3'")


@pytest.mark.parametrize(
    ("action", "words"),
    [
        ("render", "Make a time selection first"),
        ("send_item", "Select one item (0 are selected)."),
        ("send_notes", "Select one item (0 are selected)."),
        ("morph", "Select two audio items"),
    ],
)
def test_nothing_selected_is_said_and_the_connection_goes_on(desk, action, words):
    desk.reaper.answers.append(["new prompt", "", "", "0", "4", "", str(desk.host.port)])
    desk.connect()
    desk.do(action, words)
    desk.do("settings", "Sent: ")


def test_another_projects_tab_is_not_taken_for_the_connected_one(desk):
    desk.project.path = "/songs/first.rpp"
    desk.connect()
    desk.reaper.open_project()
    desk.do("send_project", "Connected for /songs/first.rpp: go to its tab")


def test_bars_go_to_the_project_they_were_rendered_for_and_the_tab_comes_back(desk):
    desk.settle()
    first = desk.project
    first.selection = (0.0, 8.0)
    desk.connect()
    desk.run("render")
    desk.reaper.pump()
    second = desk.reaper.open_project()
    desk.until_said("4 bars are on the new track")
    assert [len(track.items) for track in first.tracks] == [4]
    assert second.tracks == []
    assert desk.project is second


def test_a_project_with_the_devices_rate_is_rendered_at_that_rate(desk):
    desk.settle()
    desk.project.own_rate = False
    desk.project.selection = (0.0, 2.0)
    desk.connect()
    assert desk.said[-1] == "Anacrusis: Connected to toy at 44100 Hz."
    desk.do("render", "1 bars are on the new track")
    assert len(laid(desk.project)[0][2]) == 88_200

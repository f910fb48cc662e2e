"""What goes wrong at a user's desk: each ends in one line, and leaves nothing half done."""

import threading

import numpy as np
import pytest
import soundfile
from anacrusis_reaper.token_file import VARIABLE
from fake_reaper import Item, Source, Take, Track, audio_item
from reaper_desk import laid

RATE = 48_000


def sound_item(seconds, start, level=0.1, is_selected=True):
    """An item without a file, which REAPER has to be asked for second by second."""
    audio = np.random.default_rng(int(start) + 1).normal(0, level, (round(seconds * RATE), 2))
    take = Take(Source("", "SECTION", 2, seconds), f"take {start:g}", sound=audio)
    return Item([take], {"D_POSITION": start, "D_LENGTH": seconds}, is_selected=is_selected)


def block_decoding(server, allowed):
    """Lets the engine decode so many bars; then it waits until it is told to end."""
    engine, ending = server.engine_thread._engine, threading.Event()
    decode, stop = engine.model.decode, server.engine_thread.stop
    left = [allowed]

    def slow(*given):
        if left[0] == 0:
            ending.wait(60)
        left[0] = max(0, left[0] - 1)
        return decode(*given)

    def ended():
        ending.set()
        stop()

    engine.model.decode, server.engine_thread.stop = slow, ended
    return ending


def files(desk):
    """The bars that were copied into the project's folder."""
    folder = desk.reaper.folder / "media" / "anacrusis"
    return sorted(folder.iterdir()) if folder.exists() else []


def test_a_wrong_token_is_refused_in_words_and_ends_the_script(desk, monkeypatch):
    monkeypatch.setenv(VARIABLE, "not the token of the tests")
    desk.run("connect")
    desk.until(lambda: not desk.reaper.is_looping)
    (line,) = desk.said
    assert "token" in line
    assert "anacrusis serve" in line
    desk.run("render")
    assert "Not connected" in desk.said[-1]


def test_no_token_file_names_the_file_and_what_makes_it(desk, monkeypatch, tmp_path):
    monkeypatch.delenv(VARIABLE)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    desk.run("connect")
    (line,) = desk.said
    assert str(tmp_path / "anacrusis" / "gateway.token") in line
    assert "anacrusis serve" in line
    assert not desk.reaper.is_looping


def test_no_engine_at_the_port_says_how_to_start_one(desk):
    desk.reaper.ext_state["anacrusis", "port"] = "1"
    desk.run("connect")
    assert desk.said == [
        "Anacrusis: No engine answers at port 1: start one with `anacrusis serve`."
    ]
    assert not desk.reaper.is_looping


def test_an_engine_gone_in_mid_render_leaves_the_project_as_it_was(desk):
    desk.settle()
    desk.project.bpm = 240.0
    desk.project.selection = (0.0, 40.0)
    desk.connect()
    block_decoding(desk.host.server, 2)
    desk.run("render")
    desk.until(lambda: files(desk))
    before = len(desk.said)
    desk.host.server.stop()
    desk.until(lambda: not desk.reaper.is_looping)
    assert desk.said[before:] == [
        "Anacrusis: The engine is gone: start it with `anacrusis serve`, then run Anacrusis: Connect."
    ]
    assert desk.project.tracks == []
    assert desk.project.undo_steps == []


def test_a_generation_that_fails_is_told_and_nothing_is_laid(desk):
    desk.settle(prompt="raise")
    desk.project.selection = (0.0, 4.0)
    desk.connect()
    desk.do("render", "The engine gave the render up")
    assert any("this prompt raises" in line for line in desk.said)
    assert desk.project.tracks == []
    desk.settle()
    desk.do("render", "2 bars are on the new track")


def test_a_project_closed_while_it_is_followed_ends_the_connection(desk):
    desk.settle()
    desk.connect()
    desk.do("follow", "Following")
    desk.reaper.play()
    desk.until(lambda: desk.sent("credit"))
    followed = desk.project
    desk.reaper.close_project(followed)
    before = len(desk.said)
    desk.until(lambda: not desk.reaper.is_looping)
    assert desk.said[before:] == ["Anacrusis: The project is closed; disconnected."]
    assert desk.sent("bye")
    desk.until(lambda: not desk.host.gateway.clients)
    assert desk.project.tracks == []  # of the project that is in front now


def test_a_project_closed_in_mid_render_touches_no_other_project(desk):
    desk.settle()
    desk.project.bpm = 240.0
    desk.project.selection = (0.0, 40.0)
    desk.connect()
    ending = block_decoding(desk.host.server, 2)
    desk.run("render")
    desk.until(lambda: files(desk))
    desk.reaper.close_project(desk.project)
    desk.until_said("The project is closed")
    ending.set()
    assert desk.project.tracks == []


def test_an_item_deleted_before_it_is_read_is_named_and_nothing_is_changed(desk):
    desk.settle()
    first, second = sound_item(4.0, 0.0), sound_item(2.0, 4.0)
    desk.project.tracks.append(Track("audio", items=[first, second]))
    desk.connect()
    desk.run("morph")
    desk.until(lambda: desk.reaper.readers)
    desk.project.tracks[0].items.remove(second)
    desk.until_said("The item is not there any more: select it again.")
    assert len(desk.project.tracks) == 1
    assert not desk.sent("source_begin")
    assert not desk.reaper.readers[0].is_open


def test_an_empty_item_is_refused(desk):
    desk.project.tracks.append(
        Track("audio", items=[Item([], {"D_POSITION": 0.0, "D_LENGTH": 1.0}, is_selected=True)])
    )
    desk.connect()
    desk.do("send_item", "The item is empty: it has no take.")


@pytest.mark.parametrize("level", [0.0, 1e-5])
def test_an_item_of_silence_is_refused_before_it_is_sent(desk, tmp_path, level):
    path = tmp_path / "silence.wav"
    soundfile.write(path, np.full((RATE, 2), level), RATE, subtype="FLOAT")
    desk.project.tracks.append(Track("audio", items=[audio_item(path, 0.0)]))
    desk.connect()
    desk.do("send_item", "The item is silent (below -90 dB)")
    assert not desk.sent("source_begin")


def test_an_item_whose_file_is_gone_is_refused(desk, tmp_path):
    path = tmp_path / "gone.wav"
    soundfile.write(path, np.ones((RATE, 2)), RATE)
    desk.project.tracks.append(Track("audio", items=[audio_item(path, 0.0)]))
    path.unlink()
    desk.connect()
    desk.do("send_item", f"There is no file {path}.")


def test_audio_is_not_taken_for_notes_nor_notes_for_audio(desk):
    midi = Item([Take(Source("", "MIDI"))], {"D_POSITION": 0.0, "D_LENGTH": 1.0}, True)
    audio = sound_item(1.0, 0.0, is_selected=False)
    desk.project.tracks.append(Track("items", items=[midi, audio]))
    desk.connect()
    desk.do("send_item", "This is a MIDI item: use Anacrusis: Send MIDI item as notes.")
    midi.is_selected, audio.is_selected = False, True
    desk.do("send_notes", "This is an audio item: use Anacrusis: Send item as source.")


def test_a_reader_that_fails_is_told_and_closed(desk, monkeypatch):
    desk.project.tracks.append(Track("audio", items=[sound_item(2.0, 0.0)]))
    monkeypatch.setattr(desk.reaper, "accessor_samples", lambda *_: (-1, []))
    desk.connect()
    desk.do("send_item", "REAPER could not read the item's sound.")
    assert not desk.reaper.readers[0].is_open


def test_a_script_that_reaper_ends_in_mid_read_closes_what_it_opened(desk):
    desk.project.tracks.append(Track("audio", items=[sound_item(20.0, 0.0)]))
    desk.connect()
    desk.run("send_item")
    desk.until(lambda: desk.reaper.readers)
    desk.reaper.quit()
    assert not desk.reaper.readers[0].is_open
    assert not desk.links[0].is_open
    desk.run("render")
    assert "Not connected" in desk.said[-1]


def test_a_range_past_the_sources_end_is_refused_as_the_engine_says_it(desk, tmp_path):
    desk.settle()
    path = tmp_path / "short.wav"
    soundfile.write(path, np.full((RATE * 2, 2), 0.1), RATE)
    desk.project.tracks.append(Track("audio", items=[audio_item(path, 0.0)]))
    desk.project.selection = (0.0, 8.0)
    desk.connect()
    desk.do("send_item", "The source is")
    desk.do("render", "lies past the end of the source")
    assert len(desk.project.tracks) == 1


def test_a_map_that_reaper_sees_otherwise_is_said_once(desk, monkeypatch):
    monkeypatch.setattr(desk.reaper, "host_TimeMap2_timeToQN", lambda project, t: 3.0 * t)
    desk.settle()
    desk.project.selection = (0.0, 2.0)
    desk.connect()
    desk.do("send_project", "Sent: ")
    assert "Bars may be off: REAPER has 1 s at quarter note 3.000000" in desk.said[-2]
    desk.do("render", "1 bars are on the new track")
    assert sum("Bars may be off" in line for line in desk.said) == 1


def test_a_bars_file_that_was_changed_on_its_way_is_not_laid(desk, monkeypatch):
    desk.settle()
    desk.project.selection = (0.0, 2.0)
    desk.connect()
    monkeypatch.setattr(
        "anacrusis_reaper.placing.shutil.copyfile",
        lambda source, target: open(target, "wb").close(),  # noqa: PTH123
    )
    desk.do("render", "The file of bar 1 is not what the engine wrote; render again.")
    assert desk.project.tracks == []


def test_a_render_goes_on_after_the_lines_about_what_was_wrong(desk):
    desk.settle()
    desk.connect()
    desk.do("render", "Make a time selection first")
    desk.do("render", "Make a time selection first")
    desk.project.selection = (0.0, 2.0)
    desk.do("render", "1 bars are on the new track")
    assert len(laid(desk.project)) == 1

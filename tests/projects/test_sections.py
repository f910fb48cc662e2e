from fractions import Fraction
from pathlib import Path

import pytest

from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.meter import MeterMap
from bridge_protocol.tempo import TempoMap
from daw_clients.projects.opening import open_project
from daw_clients.projects.project import Locator, Project
from daw_clients.projects.sections import nearest_bar, section_bars

DATA = Path(__file__).parents[1] / "data" / "projects"
METER = MeterMap.from_positions([(0, 4, 4), (16, 7, 8)])


def song(*places: tuple[float, str]) -> Project:
    locators = tuple(Locator(ppq, name) for ppq, name in places)
    return Project("test", TempoMap.constant(120.0), METER, (), locators)


SONG = song((0.0, "Intro"), (8.0, "Verse "), (16.0, "Chorus"), (23.0, "Chorus"), (30.0, "End"))


def refused(project: Project, name: str) -> RefusedError:
    with pytest.raises(RefusedError) as caught:
        section_bars(project, name, "--bars")
    assert caught.value.field == "--bars"
    assert caught.value.code is ErrorCode.BAD_FIELD
    return caught.value


def test_a_section_goes_to_the_next_locator_whatever_the_signature():
    assert section_bars(SONG, "Intro") == (0, 2)
    assert section_bars(SONG, " vERSE") == (2, 4)
    assert section_bars(song((16.0, "A"), (30.0, "B")), "A") == (4, 8)  # four bars of 7/8


def test_the_order_in_the_file_does_not_count():
    assert section_bars(song((8.0, "B"), (0.0, "A"), (16.0, "C")), "A") == (0, 2)


def test_edges_go_to_the_nearest_bar_line_and_leave_one_bar_at_least():
    assert section_bars(song((3.9, "A"), (8.1, "B")), "A") == (1, 2)
    assert section_bars(song((4.0, "A"), (4.5, "B")), "A") == (1, 2)
    assert section_bars(song((4.0, "A"), (4.0, "B"), (12.0, "C")), "A") == (1, 3)


def test_a_region_ends_where_it_ends_and_not_at_a_marker_within():
    places = [(0.0, "Verse"), (4.0, "fill"), (16.0, "Verse (end)"), (20.0, "x")]
    assert section_bars(song(*places), "Verse") == (0, 4)


def test_a_region_of_a_real_reaper_project():
    assert section_bars(open_project(DATA / "vst.RPP"), "region 1") == (2, 3)


@pytest.mark.parametrize(
    ("ppq", "bar"), [(0, 0), (2, 0), (2.01, 1), (17.75, 4), (17.76, 5), (-1, 0), (-3, -1)]
)
def test_the_nearest_bar_is_by_quarter_notes_and_a_tie_goes_to_the_earlier(ppq, bar):
    assert nearest_bar(METER, float(ppq)) == bar
    lines = range(bar - 2, bar + 3)
    off = {b: abs(METER.bar_start(b) - Fraction(ppq)) for b in lines}
    assert off[bar] == min(off.values())


def test_a_name_that_is_none_or_several_or_last_is_refused_in_words():
    assert "2 locators are called 'chorus', at bars 5, 7" in refused(SONG, "chorus").message
    assert "Intro, Verse , Chorus" in refused(SONG, "Bridge").message
    assert "known are: none" in refused(song(), "Bridge").message
    assert "nothing follows 'End', in bar 9" in refused(SONG, "End").message

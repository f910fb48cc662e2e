"""What is told of a render under way, on a clock that moves when told to."""

import io

from rich.console import Console

from bridge_protocol.clock import VirtualClock
from engine_host.cli.render_parts.progress import Moment, Pace, telling

RATE, TOTAL, BARS = 1_000, 100_000, 50


def told(seconds_a_percent, *, quiet=False, terminal=False, kept=0):
    """All that is printed while a render goes from ``kept`` percent to the end."""
    clock, text = VirtualClock(), io.StringIO()
    console = Console(file=text, force_terminal=terminal, width=100, soft_wrap=True)
    pace = Pace(clock, RATE, kept * TOTAL // 100)
    with telling(console, pace, quiet=quiet) as tell:
        for percent in range(kept, 101):
            tell(Moment(percent * TOTAL // 100, TOTAL, percent * BARS // 100, BARS))
            clock.advance_ns(int(seconds_a_percent * 1e9))
    return text.getvalue()


def test_speed_and_time_left_are_those_of_what_was_made_now():
    clock = VirtualClock()
    pace = Pace(clock, RATE, kept_frames=20_000)
    assert pace.seconds_left(Moment(20_000, TOTAL, 10, BARS)) is None
    clock.advance_ns(10 * 10**9)
    moment = Moment(40_000, TOTAL, 20, BARS)
    assert pace.realtime_factor(40_000) == 2.0
    assert pace.seconds_left(moment) == 30.0
    assert pace.words(moment) == "bars 20/50, 2.0 x real time, 0:00:30 left"


def test_elsewhere_than_in_a_terminal_a_line_comes_for_every_tenth():
    lines = told(seconds_a_percent=1.0).splitlines()
    assert len(lines) == 10
    assert lines[0] == " 10%  bars 5/50, 1.0 x real time, 0:01:30 left"
    assert lines[-1].startswith("100%  bars 50/50")


def test_lines_keep_some_seconds_apart():
    assert len(told(seconds_a_percent=0.15).splitlines()) == 2
    assert told(seconds_a_percent=0.04) == ""


def test_what_was_kept_is_no_progress():
    lines = told(seconds_a_percent=1.0, kept=60).splitlines()
    assert [line[:4] for line in lines] == [" 70%", " 80%", " 90%", "100%"]


def test_quiet_tells_nothing_anywhere():
    assert told(1.0, quiet=True) == ""
    assert told(1.0, quiet=True, terminal=True) == ""


def test_a_terminal_has_a_bar_with_bars_speed_and_time_left():
    text = told(1.0, terminal=True)
    assert "bars 50/50, 1.0 x real time, 0:00:00 left" in text

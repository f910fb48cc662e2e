"""The benchmark of musical time: what it finds is held to closed forms, and every number is finite."""

import importlib
import json
import math
import subprocess
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from bridge_protocol.clock import MonotonicClock
from bridge_protocol.errors import RefusedError
from bridge_protocol.tempo import TempoLaw
from engine_host.bench import time as musical_time
from engine_host.bench import time_hog, time_lookups, time_mido
from engine_host.bench.time_hog import Heard, HogSettings, measure_hog, spinning
from engine_host.bench.time_lead import (
    RESOLUTION_MS,
    STEPS,
    Costs,
    LeadSettings,
    Trial,
    least_ahead,
    measure_lead,
)
from engine_host.bench.time_lookups import LookupSettings, measure_lookups, random_map
from engine_host.cli import bench
from engine_host.cli.bench_parts.played import play
from engine_host.cli.bench_parts.rehearsal import Rehearsal
from engine_host.cli.bench_parts.virtual import BLOCK_FRAMES, RATE_HZ, VirtualSession

TINY = LookupSettings(segments=60, scalars=20, elements=100, walked=4, rounds=1)
QUIET = Heard(**{field.name: 1 for field in fields(Heard)})
BLOCK_MS = 1000 * BLOCK_FRAMES / RATE_HZ
JOIN_MS = 40.0


@pytest.fixture(scope="module")
def lead():
    told = []
    found = measure_lead(LeadSettings((20.0,), (1, 4), asks=6), Rehearsal, told.append)
    assert len(told) == 2
    return found


@pytest.fixture(scope="module")
def lookups():
    before = torch.get_num_threads()
    yield measure_lookups(TINY, MonotonicClock(), lambda line: None)
    torch.set_num_threads(before)


def _numbers(value):
    if isinstance(value, dict):
        return [n for part in value.values() for n in _numbers(part)]
    if isinstance(value, list):
        return [n for part in value for n in _numbers(part)]
    return [value] if isinstance(value, int | float) else []


@pytest.mark.parametrize("least", [61.0, 150.0, 333.3])
def test_the_search_ends_within_its_resolution_of_the_least_that_is_met(least):
    trials = least_ahead(60.0, lambda ahead: Trial(ahead, 0.0, ahead >= least))
    found = min(trial.ahead_ms for trial in trials if trial.met)
    assert least <= found <= least + RESOLUTION_MS


def test_a_scheduler_that_misses_what_was_asked_early_is_no_figure_but_an_error():
    with pytest.raises(RefusedError):
        least_ahead(60.0, lambda ahead: Trial(ahead, 0.0, met=False))


def test_the_needed_lead_lies_between_what_no_engine_beats_and_what_is_promised(lead):
    assert len(lead["rows"]) == 2
    for row in lead["rows"]:
        assert row["limit_ms"] == STEPS * 20.0 + lead["setup"]["decode_ms"]
        for state in (row["idle"], row["busy"]):
            assert row["limit_ms"] < state["needed_ms"] <= state["promised_ms"] + RESOLUTION_MS
            assert state["needed_ratio"] == pytest.approx(
                state["needed_ms"] / row["limit_ms"], 1e-4
            )


def test_an_idle_ring_adds_the_buffer_the_join_and_the_hosts_blocks_to_the_limit(lead):
    for row in lead["rows"]:
        added = row["idle"]["needed_ms"] - row["limit_ms"] - lead["setup"]["buffer_ms"] - JOIN_MS
        assert -BLOCK_MS <= added <= 2 * BLOCK_MS + RESOLUTION_MS


def test_what_the_ring_is_busy_with_gives_way_where_it_can_be_made_again(lead):
    for row in lead["rows"]:
        wait = row["busy"]["needed_ms"] - row["idle"]["needed_ms"]
        assert -RESOLUTION_MS <= wait <= 2 * 20.0 + RESOLUTION_MS  # a tick or two in progress


def test_what_the_engine_chose_itself_is_kept(lead):
    for row in lead["rows"]:
        asks = row["next_bar"]
        assert (asks["kept"], asks["late_bars"], asks["gap_frames"]) == (6, 0, 0)


def test_the_virtual_session_plays_the_level_that_was_asked_for():
    session = VirtualSession(Costs(20.0, 20.0, 1), bpm=240.0, buffer_seconds=0.1)
    session.client.prompt("0.25")
    session.start()
    session.until_bar(3)
    heard = session.daw.recording
    spans = [span for span in session.daw.heard if span.kind == "played"]
    first, frames = spans[0].timeline_sample, sum(span.frames for span in spans)
    assert frames >= 2 * RATE_HZ
    assert np.allclose(heard[first : first + frames], 0.25, atol=1e-3)


def test_every_reading_has_a_rate_and_those_compared_name_their_rival(lookups):
    rates, ratios = lookups["per_second"], lookups["ratio"]
    assert {"scalar_seconds", "scalar_ppq", "array_seconds", "bar_sample_first"} <= rates.keys()
    assert all(math.isfinite(n) and n > 0 for n in _numbers(rates))
    assert {ratio["to"] for ratio in ratios.values()} == {
        time_lookups.MIDO,
        time_lookups.INTERP_ONE,
        time_lookups.INTERP_MANY,
        time_lookups.INTERP_FINE,
    }
    for name, ratio in ratios.items():
        told = rates[name]["median"] / rates[ratio["to"]]["median"]
        assert ratio["median"] == pytest.approx(told, rel=1e-4)  # one round: no spread


def test_the_rivals_read_the_same_map(lookups):
    differences = lookups["largest_difference_seconds"]
    assert differences[time_lookups.MIDO] < 1e-9
    assert 0 < differences[time_lookups.INTERP_FINE] < 0.05


def test_the_map_has_every_law_and_whole_microseconds():
    tempo = random_map(np.random.default_rng(3), 30, tuple(TempoLaw))
    assert {segment.law for segment in tempo.segments} == set(TempoLaw)
    step = [60e6 / segment.bpm_start for segment in tempo.segments]
    assert np.allclose(step, np.rint(step), atol=1e-6)


def test_without_mido_what_is_left_is_measured(monkeypatch):
    before = torch.get_num_threads()
    monkeypatch.setattr(time_mido, "installed", lambda: False)
    found = measure_lookups(TINY, MonotonicClock(), lambda line: None)
    torch.set_num_threads(before)
    assert time_lookups.MIDO not in found["per_second"]
    assert "scalar_seconds_step" not in found["ratio"]
    assert "scalar_seconds" in found["ratio"]


def test_it_is_played_alone_first_and_then_beside_the_hogs():
    asked = []
    found = measure_hog(
        HogSettings(9.0, 3), lambda given: asked.append(given) or QUIET, lambda line: None
    )
    assert asked == [HogSettings(9.0, 0), HogSettings(9.0, 3)]
    assert found["with"].keys() == {field.name for field in fields(Heard)}


def test_hogs_spin_while_they_should_and_no_longer(monkeypatch):
    begun, real = [], subprocess.Popen

    def begin(command):
        begun.append(real(command))
        return begun[-1]

    monkeypatch.setattr(time_hog.subprocess, "Popen", begin)
    with spinning(2, 5.0):
        assert [process.poll() for process in begun] == [None, None]
    assert all(process.poll() is not None for process in begun)


def test_a_real_engine_is_played_and_its_pulses_are_read():
    heard = play(HogSettings(3.0, 0))
    assert heard.seconds >= 2.9
    assert heard.bars >= 1
    assert heard.tick_ms_p99 >= heard.tick_ms_p50 > 0
    assert heard.asked == sum(
        (heard.kept, heard.replaced, heard.broken, heard.refused, heard.pending)
    )


def _found(lead, lookups):
    hog = {"setup": {"seconds": 9.0, "hogs": 2}, "without": vars(QUIET), "with": vars(QUIET)}
    return {"lead": lead, "lookups": lookups, "hog": hog}


def test_the_command_writes_the_result_and_prints_tables(monkeypatch, tmp_path, lead, lookups):
    asked = []

    def run(settings, clock, tell, *, make, play):
        asked.append(settings)
        return _found(lead, lookups)

    monkeypatch.setattr(musical_time, "run", run)
    path = tmp_path / "new" / "time.json"
    ran = CliRunner().invoke(bench.bench_app, ["time", "--hogs", "5", "--json", str(path)])
    assert ran.exit_code == 0, ran.output
    assert "beside 2 hogs" in ran.output
    assert asked == [replace(musical_time.Settings(), hog=HogSettings(20.0, 5))]
    written = json.loads(path.read_text())
    assert {"machine", "versions", "date", "lead", "lookups", "hog"} == written.keys()
    assert all(math.isfinite(number) for number in _numbers(written))
    printed = CliRunner().invoke(bench.bench_app, ["time", "--quick", "--json", "-"])
    assert json.loads(printed.stdout).keys() == written.keys()
    assert asked[-1].hog.seconds == 8.0


def test_the_picture_shows_a_bars_journey_as_it_happens_and_always_the_same(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "benchmarks")
    picture = importlib.import_module("bar_journey_picture")
    journeys = [picture.watched() for _ in range(2)]
    for number, journey in enumerate(journeys):
        picture.draw(journey, str(tmp_path / f"{number}.png"))
    assert (tmp_path / "0.png").read_bytes() == (tmp_path / "1.png").read_bytes()
    journey = journeys[0]
    steps = [work for work in journey.ticks if work.level == 0.5][:STEPS]
    decoded = next(work for work in journey.decodes if work.bar == 7 and work.level == 0.5)
    sent = next(at for at, start, _ in journey.blocks if start >= 7)
    heard = journey.seconds(journey.change.heard_ns)
    assert {work.bar for work in steps} == {5}
    assert steps[0].start_s >= 0
    times = [steps[0].start_s, steps[-1].end_s, decoded.end_s, sent, heard]
    assert times == sorted(times)
    assert sent == pytest.approx(heard - picture.BUFFER_SECONDS, abs=0.02)
    assert (journey.change.promise.status, journey.change.promise.bar) == ("kept", 7)

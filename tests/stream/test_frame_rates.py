"""Models of any rate, width and frame: where their sound lies, and what they are told."""

import ast
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from engine_in_process import InProcess
from live_setup import Setup
from stream_helpers import lane, prompt, put, song, source
from toy_model import ToyModel

import engine_host
from bridge_protocol.notation import parse_lane
from bridge_protocol.schema import When
from engine_host.models.interface import Geometry
from engine_host.render import OfflineRender
from engine_host.stream.engine import Engine
from engine_host.stream.live_input import LiveInput, LivePlacement, LiveWindow
from engine_host.stream.plan import make_plan
from engine_host.stream.prepare import prepare
from engine_host.stream.rates import RATE_STEP_HZ, RatePair, margin_frames, widest_margin_frames
from engine_host.stream.settings import set_prompt
from engine_host.stream.windows import context_frames, frames_of, window_of

ODD = Geometry(44_100, 2, 4_009, 7, 3, 0, 660)  # 11.0003 frames a second, samples no multiple
ELEVEN = Geometry(8_800, 2, 800, 800, 3, 0, 660)
PUBLISHED = {  # rate, samples a frame, halo
    "house": Geometry(48_000, 2, 1_920, 64, 2, 4, 1_500),
    "25 Hz": Geometry(48_000, 2, 1_920, 64, 2, 9, 15_000),
    "10.8 Hz": Geometry(44_100, 2, 4_096, 256, 1, 12, 4_134),
}
GEOMETRIES = {"odd": ODD, "eleven": ELEVEN} | PUBLISHED
ENGINE = Path(engine_host.__file__).parent
HOST_RATES = (8_000, 22_050, 44_100, 48_000, 48_025, 88_200, 96_000)


@dataclass
class EchoModel(ToyModel):
    """Its latents are the samples themselves, and its sound is its source."""

    def encode(self, audio):
        return audio.mean(0).unflatten(0, (-1, self.geometry.samples_per_frame))

    def condition(self, given):
        return given.source

    def velocity(self, x, t, conditions, strengths=None):
        return (x - torch.stack(list(conditions))) / t[:, None, None]

    def decode(self, latents, absolute_start_frame):
        return latents.reshape(-1).expand(2, -1)


def _echo(rate_hz: int, per_frame: int) -> EchoModel:
    frames = 8 * rate_hz // per_frame
    return EchoModel(geometry=Geometry(rate_hz, 2, per_frame, per_frame, 3, 0, frames))


def _sine(rate_hz: int, seconds: float, tone_hz: float, start_s: float = 0.0) -> np.ndarray:
    t = start_s + np.arange(round(seconds * rate_hz)) / rate_hz
    return np.repeat(0.4 * np.sin(2 * np.pi * tone_hz * t)[:, None], 2, axis=1)


def _rendered(model, made, first, last, window_bars=4):
    return OfflineRender(Engine(model, model.clock), made, window_bars).bars(first, last)


@pytest.mark.parametrize("host_hz", [22_050, 44_100, 48_000, 48_025, 96_000])
@pytest.mark.parametrize("frame", [(44_100, 4_096), (44_100, 4_009), (8_800, 800)], ids=str)
def test_a_source_comes_back_on_its_own_samples(frame, host_hz):
    model = _echo(*frame)
    made = song("1:120", rate=host_hz, geometry=model.geometry, steps=1, denoise=1)
    tone = _sine(host_hz, 8.0, 440.0)
    source(made, tone, host_hz)
    heard = _rendered(model, made, 1, 3, window_bars=1)
    settled = round(0.1 * host_hz)
    assert len(heard) == 6 * host_hz
    assert np.abs(heard - tone[: len(heard)])[settled:].max() < 2e-4  # one sample off: 0.01 or more


@pytest.mark.parametrize("host_hz", [44_100, 48_000])
@pytest.mark.parametrize("frame", [(44_100, 4_096), (8_800, 800)], ids=str)
def test_from_a_bar_between_two_of_its_samples_it_is_no_further_off_than_half_of_one(
    frame, host_hz
):
    model, tone_hz = _echo(*frame), 100.0
    made = song("1:137", rate=host_hz, geometry=model.geometry, steps=1, denoise=1)
    tone = _sine(host_hz, 8.0, tone_hz)
    source(made, tone, host_hz)
    heard = _rendered(model, made, 1, 4, window_bars=1)
    settled = round(0.1 * host_hz)
    worst = 0.4 * 2 * math.pi * tone_hz * 0.5 / model.geometry.sample_rate_hz
    assert np.abs(heard - tone[: len(heard)])[settled:].max() < 1.05 * worst + 2e-4


@pytest.mark.parametrize("host_hz", [44_100, 48_000, 48_025])
@pytest.mark.parametrize("geometry", GEOMETRIES.values(), ids=GEOMETRIES)
def test_what_a_track_played_reaches_the_model_on_its_own_samples(geometry, host_hz):
    made = song("1:120", rate=host_hz, geometry=geometry)
    played = LiveInput()
    played.begin(0, 0)
    tone_hz, rate = 200.0, geometry.sample_rate_hz
    played.write(made.grid, (0, 0), 0, _sine(host_hz, 8.0, tone_hz).astype(np.float32))
    frames = frames_of(window_of(1, 1, made.grid, 0, geometry), made.grid, geometry)
    heard = LiveWindow(LivePlacement(played, 0), frames, (0, 0)).window_audio()
    per_frame = geometry.samples_per_frame
    assert len(heard) == frames.count * per_frame
    start_s = 2.0 - frames.context * per_frame / rate
    wanted = _sine(rate, len(heard) / rate, tone_hz, start_s)
    inside = slice(round(0.2 * rate), round((frames.context * per_frame) + 1.8 * rate))
    assert np.abs(heard - wanted)[inside].max() < 2e-4


@pytest.mark.parametrize("geometry", GEOMETRIES.values(), ids=GEOMETRIES)
def test_bars_and_changes_lie_on_their_samples(geometry):
    model = ToyModel(geometry=geometry)
    made = song("1:120, 3:97", "1:4/4, 2:7/8", geometry=geometry)
    prompt(made, "0.25")
    prompt(made, "-0.5", 3)
    heard = _rendered(model, made, 1, 5)
    line = made.grid.sample(2)
    assert len(heard) == made.grid.sample(5)
    fade = round(0.04 * made.grid.sample_rate_hz)
    np.testing.assert_allclose(heard[: line - fade], 0.25, atol=1e-3)
    np.testing.assert_allclose(heard[line:], -0.5, atol=1e-3)
    assert all(given.frames % geometry.frame_multiple == 0 for given in model.heard)


@pytest.mark.parametrize("rate_hz", [44_100, 48_000])
def test_live_is_the_offline_render_bit_for_bit_at_eleven_frames_a_second(rate_hz):
    tempo, meter = "1:120, 3:120>150/time, 5:150", "1:4/4, 4:7/8, 6:4/4"
    host = InProcess(model=ToyModel(geometry=ODD))
    setup = Setup(tempo, meter, host=host, sample_rate_hz=rate_hz)
    curve = parse_lane("1:0, 3:1, 5:0.2", setup.daw.grid.meter)
    setup.client.prompt("0.25")
    setup.client.lane("ode_noise", curve)
    setup.client.prompt("-0.5", When(kind="bar", bar=4))
    setup.start()
    setup.until_bar(6)
    setup.assert_exact()
    live = setup.played()

    made = song(tempo, meter, rate_hz, ODD)
    prompt(made, "0.25")
    lane(made, "ode_noise", "1:0, 3:1, 5:0.2")
    put(made, "prompt", set_prompt("-0.5"), 4)
    offline = _rendered(ToyModel(geometry=ODD), made, 1, 7)
    assert len(live) > 8 * rate_hz
    assert np.array_equal(live, offline[: len(live)])
    assert np.ptp(live) > 0.7


@pytest.mark.parametrize("geometry", GEOMETRIES.values(), ids=GEOMETRIES)
def test_lanes_are_read_at_the_models_own_frames(geometry):
    made = song("1:120", geometry=geometry)
    lane(made, "denoise", "1:0, 5:1")  # over 8 s
    window = window_of(0, 4, made.grid, 0, geometry)
    frames = frames_of(window, made.grid, geometry)
    curve = make_plan(frames, made.base).curves["denoise"]
    seconds = (np.arange(frames.count) - frames.context) * (
        geometry.samples_per_frame / geometry.sample_rate_hz
    )
    np.testing.assert_allclose(curve, np.clip(seconds / 8.0, 0, 1), atol=1e-6)
    assert frames.count >= 8.0 * geometry.frame_rate_hz + 2 * frames.context


@pytest.mark.parametrize("geometry", GEOMETRIES.values(), ids=GEOMETRIES)
def test_an_engine_warms_up_on_frames_that_the_model_takes(geometry):
    model = ToyModel(geometry=geometry, decode_ns=3_000_000)
    engine = Engine(model, model.clock)
    engine.warm_up()
    assert [given.frames % geometry.frame_multiple for given in model.heard] == [0]
    assert engine.tick_cost.quantile_ns(0.5) == model.tick_ns
    assert 0 < engine.decode_realtime_factor < 1e-3


@pytest.mark.parametrize("frame", [(44_100, 4_009), (8_800, 800)], ids=str)
def test_in_a_loop_the_model_hears_its_sound_go_round(frame):
    model, tone_hz, host_hz = _echo(*frame), 100.0, 48_000
    made = song("1:137", rate=host_hz, geometry=model.geometry, denoise=1)
    source(made, _sine(host_hz, 12.0, tone_hz), host_hz)
    window = window_of(2, 2, made.grid, 0, model.geometry, loop=(2, 4))
    frames = frames_of(window, made.grid, model.geometry)
    heard = prepare(make_plan(frames, made.base), model).source.flatten().numpy()
    low, high = made.grid.seconds(2), made.grid.seconds(4)
    rate_hz = model.geometry.sample_rate_hz
    at = np.arange(len(heard)) / rate_hz - frames.context / model.geometry.frame_rate_hz
    wanted = 0.4 * np.sin(2 * np.pi * tone_hz * (low + np.mod(at, high - low)))
    one_sample = 0.4 * 2 * math.pi * tone_hz / rate_hz
    off = np.abs(heard - wanted) > one_sample + 2e-4
    assert len(heard) == frames.count * model.geometry.samples_per_frame
    assert off.sum() <= 2  # where the loop's ends lie between two samples


@dataclass
class FragileModel(ToyModel):
    """Its sound is wrong as far from the edges as its geometry says."""

    def decode(self, latents, absolute_start_frame):
        sound = super().decode(latents, absolute_start_frame).clone()
        edge = self.geometry.decode_halo_frames * self.geometry.samples_per_frame
        sound[:, :edge] = 0.6
        sound[:, -edge:] = 0.6
        return sound


@pytest.mark.parametrize("host_hz", [44_100, 48_000, 48_025])
@pytest.mark.parametrize("geometry", PUBLISHED.values(), ids=PUBLISHED)
def test_no_bar_is_heard_from_where_its_decoder_is_not_exact(geometry, host_hz):
    model = FragileModel(geometry=geometry)
    made = song("1:97", "1:3/8", rate=host_hz, geometry=geometry)
    prompt(made, "0.25")
    heard = _rendered(model, made, 1, 6, window_bars=2)
    np.testing.assert_allclose(heard, 0.25, atol=1e-3)


def test_the_context_is_about_a_second_and_holds_all_that_is_decoded_around_a_bar():
    assert context_frames(PUBLISHED["house"]) == context_frames(PUBLISHED["25 Hz"]) == 26
    assert context_frames(PUBLISHED["10.8 Hz"]) == 15  # 12 of them its decoder's own
    for geometry in GEOMETRIES.values():
        for host_hz in HOST_RATES:
            pair = RatePair(host_hz, geometry.sample_rate_hz)
            assert margin_frames(geometry, pair) <= widest_margin_frames(geometry)


@pytest.mark.parametrize("host_hz", HOST_RATES)
@pytest.mark.parametrize("model_hz", [8_800, 44_100, 48_000])
def test_two_clocks_meet_every_forty_milliseconds_at_least(host_hz, model_hz):
    host, model = RatePair(host_hz, model_hz).meeting
    assert host * model_hz == model * host_hz
    assert host / host_hz <= 0.04


@pytest.mark.parametrize(("start", "length"), [(0, 4_096), (-61_440, 100_000), (147, 1), (5, 300)])
def test_a_span_of_the_host_covers_the_models_samples(start, length):
    pair = RatePair(48_000, 44_100)
    first, count = pair.host_span(start, length)
    assert first * 44_100 % 48_000 == 0
    assert first * 44_100 <= start * 48_000
    assert (first + count) * 44_100 >= (start + length) * 48_000
    made = pair.to_model(np.zeros((count, 2), np.float32), start, length)
    assert made.shape == (length, 2)


def test_no_file_that_any_model_runs_through_names_one_models_frames():
    rooms = ("diffusion", "stream", "session", "server")
    files = [file for room in rooms for file in (ENGINE / room).glob("*.py")]
    named = {
        (file.name, node.value)
        for file in (*files, ENGINE / "render.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and node.value in (25, 26, 1_920)
    }
    assert len(files) > 40
    assert named == {("rates.py", RATE_STEP_HZ)}

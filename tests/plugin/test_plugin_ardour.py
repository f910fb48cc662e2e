"""Ardour 7, without a window, on the real engine: an exported session equals the render."""

import ardour_host
import numpy as np
import pytest
import soundfile
from source_audio import four_bars

WORDS = {"prompt": "jazz piano, brushes", "seed": "11"}
BLOCK = 1024  # of Ardour's dummy backend: VST3 hears one value for each
STEP = (
    192_000 // BLOCK * BLOCK
)  # the last block that begins before bar 3, after the curve frame before
AUTOMATION = {
    "Denoise": [(0, 0.25), (STEP, 0.75)],
    "Velocity": [(0, 1.0), (STEP, 1.25)],
}
LANES = ["--lane", "denoise=1:0.25/hold, 3:0.75", "--lane", "velocity=1:1.0/hold, 3:1.25"]


@pytest.mark.parametrize("kind", ["LV2", "VST3"])
def test_an_ardour_session_exports_what_the_render_gives(
    bundles, engine, rendered, needs, tmp_path, kind
):
    needs(ardour_host.is_there(), "Ardour 7 is not installed (Debian: ardour)")
    bundle, name = {
        "LV2": (bundles.lv2, "urn:anacrusis:bridge"),
        "VST3": (bundles.vst3, "Anacrusis"),
    }[kind]
    ardour = ardour_host.Ardour(tmp_path, kind, bundle, name)
    words = WORDS | {"endpoint": engine.endpoint}
    song = ardour_host.Song(four_bars(), words, automation=AUTOMATION)
    listening, bounced = ardour.export(song, times=2)
    source = tmp_path / "source.wav"
    soundfile.write(source, four_bars().T, 48_000, subtype="FLOAT")
    wanted = rendered(
        source, "--bpm", 120, "--prompt", WORDS["prompt"], "--seed", WORDS["seed"], *LANES
    )
    assert np.array_equal(listening, four_bars())
    assert bounced.shape == wanted.shape
    assert np.abs(bounced - wanted).max() == 0.0
    assert np.abs(wanted - four_bars()).max() > 0.01

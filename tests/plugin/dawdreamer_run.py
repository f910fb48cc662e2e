"""Renders twice in DawDreamer, for a test: ``python dawdreamer_run.py JOB`` with a job in JSON."""

import json
import sys
from pathlib import Path

import dawdreamer
import minihost
import numpy as np
import plugin_state
from marks import dry

RATE_HZ, FRAMES = 48_000, 192_000
VST3_CLASS = "2046504473616C6363616E4100000000"  # hosts keep it in their projects: it never changes


def main(job):
    folder = Path(job["folder"])
    engine = dawdreamer.RenderEngine(RATE_HZ, job["block"])
    engine.set_bpm(120.0)
    plugin = engine.make_plugin_processor("anacrusis", job["vst3"])
    preset = str(folder / "words.vstpreset")
    minihost.write_vstpreset(preset, VST3_CLASS, plugin_state.dpf(job["words"]))
    assert plugin.load_vst3_preset(preset)
    (knob,) = [d["index"] for d in plugin.get_parameters_description() if d["name"] == "Denoise"]
    plugin.set_automation(knob, np.arange(FRAMES, dtype=np.float32) / FRAMES)
    source = engine.make_playback_processor("track", dry(FRAMES))
    engine.load_graph([(source, []), (plugin, ["track"])])
    for index in range(2):
        engine.render(FRAMES / RATE_HZ)
        np.save(folder / f"pass{index}.npy", engine.get_audio()[:, :FRAMES])


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))

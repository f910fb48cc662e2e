"""Where the built plugin lies, and the one build of it that the tests share."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "build" / "plugin" / "bin"
NEEDED = {
    "cmake": "cmake",
    "DPF (dpf-source)": "/usr/share/dpf/distrho",
    "libzmq3-dev": "/usr/include/zmq.h",
    "libmsgpack-cxx-dev": "/usr/include/msgpack.hpp",
    "lv2-dev": "/usr/include/lv2",
}
BUILD_TIMEOUT_S = 900


@dataclass(frozen=True)
class Bundles:
    """The plugin in its formats."""

    clap: Path
    vst3: Path
    lv2: Path

    @classmethod
    def below(cls, folder):
        found = {}
        for kind in ("clap", "vst3", "lv2"):
            (found[kind],) = folder.glob(f"*.{kind}")
        return cls(**found)


class MissingError(Exception):
    """The plugin can't be built here, and why."""


def build():
    """Builds what is not current and returns where it lies; MissingError where packages lack.

    ``ANACRUSIS_BUNDLES`` names a folder of bundles to be tested in their place, such as a release.
    """
    if given := os.environ.get("ANACRUSIS_BUNDLES"):
        return Bundles.below(Path(given).resolve())
    missing = [name for name, what in NEEDED.items() if not _is_there(what)]
    if missing:
        raise MissingError(f"the plugin can't be built: {', '.join(missing)} not installed")
    result = subprocess.run(
        ["make", "plugin"],
        cwd=ROOT,
        env=os.environ | {"MAKEFLAGS": ""},
        capture_output=True,
        text=True,
        timeout=BUILD_TIMEOUT_S,
        check=False,
    )
    assert result.returncode == 0, (result.stdout + result.stderr)[-4000:]
    return Bundles.below(FOLDER)


def _is_there(what):
    return Path(what).exists() if what.startswith("/") else shutil.which(what) is not None

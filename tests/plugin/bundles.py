"""Where the built plugin lies, and the one build of it that the tests share."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "build" / "plugin" / "bin"
PACKAGES = "daw_clients/plugin/packages.txt"
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
    installed = _run("tools/install-packages", PACKAGES)
    if installed.returncode:
        raise MissingError(f"the plugin can't be built here: {installed.stderr.strip()[-500:]}")
    built = _run("make", "plugin")
    assert built.returncode == 0, (built.stdout + built.stderr)[-4000:]
    return Bundles.below(FOLDER)


def _run(*words):
    return subprocess.run(
        words,
        cwd=ROOT,
        env=os.environ | {"MAKEFLAGS": ""},
        capture_output=True,
        text=True,
        timeout=BUILD_TIMEOUT_S,
        check=False,
    )

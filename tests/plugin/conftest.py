import os
import sys
from dataclasses import replace

import bundles as plugin_bundles
import clap_host
import pytest
import soundfile
from engine_process import EngineProcess
from kept_models import keep_models

from engine_host.cli.app import run


def skip_or_fail(why):
    """A test that can't run here: skipped in words, but a failure where CI asks for all."""
    if os.environ.get("CI"):
        pytest.fail(why, pytrace=False)
    pytest.skip(why)


@pytest.fixture(scope="session")
def needs():
    """``needs(condition, words)``: goes on where the condition holds."""
    return lambda there, why: there or skip_or_fail(why)


@pytest.fixture(scope="session")
def bundles(tmp_path_factory):
    """The plugin's bundles, built once; LV2's beside no other, for lilv stumbles over those."""
    try:
        built = plugin_bundles.build()
    except plugin_bundles.MissingError as error:
        return skip_or_fail(str(error))
    alone = tmp_path_factory.mktemp("lv2") / built.lv2.name
    alone.symlink_to(built.lv2)
    return replace(built, lv2=alone)


@pytest.fixture(scope="session", autouse=True)
def own_folders(tmp_path_factory):
    """No test reads or writes the user's own cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture
def clap(bundles):
    """``clap()`` gives another instance of the CLAP plugin; all are closed at the end."""
    bundle, made = clap_host.load(bundles.clap), []

    def new(**options):
        made.append(bundle.plugin(**options))
        return made[-1]

    yield new
    for plugin in made:
        plugin.close()


@pytest.fixture(scope="session")
def engine():
    """The real engine with the house model, for the tests that leave it whole."""
    with EngineProcess() as process:
        yield process


@pytest.fixture
def rendered(monkeypatch, tmp_path):
    """``rendered(words of anacrusis render ...)``: its sound, float32 ``[2, frames]``."""
    keep_models(monkeypatch)

    def call(*words):
        out = tmp_path / "reference.wav"
        command = ["render", *map(str, words), "--bits", "float", "--out", str(out), "--quiet"]
        monkeypatch.setattr(sys, "argv", ["anacrusis", *command])
        try:
            run()
        except SystemExit as end:
            assert not end.code
        sound, _ = soundfile.read(out, dtype="float32", always_2d=True)
        return sound.T

    return call

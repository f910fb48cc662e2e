import functools
import json
import sys

import pytest

from engine_host.cli.app import run
from engine_host.models.house.model import load_house_model


@functools.cache
def _kept_house(accelerator, threads):
    return load_house_model(accelerator=accelerator, threads=threads)


def _kept_model(checked):
    """In place of loading a checked model: the house model, one for each way to run it."""
    assert checked.checked is None
    return _kept_house(checked.choice.accelerator, checked.choice.threads)


@pytest.fixture
def kept_models(monkeypatch):
    """Renders share their models: loading one takes longer than a few bars."""
    monkeypatch.setattr("engine_host.cli.render_parts.loaded.loaded_model", _kept_model)


@pytest.fixture
def anacrusis(monkeypatch, capsys):
    """Runs a command line in this process: (exit code, standard output, standard error)."""

    def call(*words):
        monkeypatch.setattr(sys, "argv", ["anacrusis", *[str(word) for word in words]])
        code = 0
        try:
            run()
        except SystemExit as end:
            code = end.code or 0
        told = capsys.readouterr()
        return code, told.out, told.err

    return call


@pytest.fixture
def bars_json(anacrusis):
    def call(*words):
        code, out, err = anacrusis("bars", "--json", *words)
        assert code == 0, err
        return json.loads(out)

    return call

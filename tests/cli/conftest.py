import json
import sys

import pytest
from kept_models import keep_models

from engine_host.cli.app import run


@pytest.fixture
def kept_models(monkeypatch):
    """Renders share their models: loading one takes longer than a few bars."""
    keep_models(monkeypatch)


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

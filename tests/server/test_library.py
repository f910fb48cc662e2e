"""The library is read beside the server's thread, and every asker is answered."""

import pytest
from engine_in_process import Caller, InProcess
from swapped_models import HeldExecutor

from bridge_protocol.schema import Hello, Library, ListLibrary, Ping, Pong
from engine_host.server import library
from engine_host.server.library import LibraryReader


@pytest.fixture(autouse=True)
def empty_library(tmp_path, monkeypatch):
    monkeypatch.setenv("ANACRUSIS_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("ANACRUSIS_LORAS", str(tmp_path / "loras"))


@pytest.fixture
def executor():
    return HeldExecutor()


@pytest.fixture
def caller(executor):
    found = Caller(InProcess(library=LibraryReader(executor)))
    found.ask(Hello())
    return found


def test_what_is_asked_meanwhile_is_answered_first_and_the_library_to_its_own_number(
    caller, executor
):
    assert caller.tell(ListLibrary()) == []
    asked = caller.seq
    assert isinstance(caller.ask(Ping()), Pong)
    executor.let()
    (told,) = caller.answers()
    assert isinstance(told, Library)
    assert told.re == asked
    assert [model.name for model in told.models if model.ready] == ["house"]


def test_a_second_question_of_the_same_client_is_refused_until_the_first_is_answered(
    caller, executor
):
    caller.tell(ListLibrary())
    assert caller.ask(ListLibrary()).code == "BAD_ORDER"
    executor.let()
    assert isinstance(caller.answers()[0], Library)
    caller.tell(ListLibrary())
    executor.let()
    assert isinstance(caller.answers()[0], Library)


def test_a_library_that_cannot_be_read_is_told_and_can_be_asked_for_again(monkeypatch):
    def broken():
        raise PermissionError("no way in")

    caller = Caller(InProcess())
    caller.ask(Hello())
    with monkeypatch.context() as patched:
        patched.setattr(library, "listed_models", broken)
        error = caller.ask(ListLibrary())
    assert (error.code, error.re) == ("INTERNAL", caller.seq)
    assert "no way in" in error.message
    assert isinstance(caller.ask(ListLibrary()), Library)

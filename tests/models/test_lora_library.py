import json

import pytest
import torch
from lora_files import halves, transformer, write

from bridge_protocol.errors import ErrorCode, RefusedError
from engine_host.models.lora.adapter import sizes_of
from engine_host.models.lora.library import Card, LoraLibrary, default_folder
from engine_host.models.lora.shelf import LoraShelf


@pytest.fixture
def library(tmp_path):
    return LoraLibrary(tmp_path / "loras")


@pytest.fixture
def given(tmp_path):
    """As it is downloaded: a folder with a file and its configuration."""
    write(tmp_path / "download", "peft", halves(transformer()))
    return tmp_path / "download"


def refused(call, *words):
    with pytest.raises(RefusedError) as caught:
        call(*words)
    return caught.value


def shelf(library, **sizes):
    return LoraShelf(library, "tiny", sizes_of(transformer(**sizes)), torch.ones(()))


def test_a_lora_is_added_with_its_card_and_its_configuration(library, given):
    card = Card(("citypop",), 0.75, "acestep-turbo", "by someone")
    library.add(given, "city-pop_v1.2", card, "PATH")
    assert library.names() == ["city-pop_v1.2"]
    entry = library.entry("city-pop_v1.2", "name")
    assert entry.card == card
    assert entry.look_at("name").scaling.alpha == 10.0
    assert sorted(p.name for p in entry.folder.iterdir()) == [
        "adapter_config.json",
        "anacrusis.json",
        "city-pop_v1.2.safetensors",
    ]


def test_a_folder_put_there_by_hand_needs_no_card(library, given):
    library.folder.mkdir()
    given.rename(library.folder / "mine")
    assert library.entry("mine", "name").card == Card()
    assert shelf(library).check("mine", "name").fits


@pytest.mark.parametrize("name", ["", ".hidden", "a/b", "..", "a b", "x" * 65, "ü", "a\n"])
def test_names_that_could_be_paths_are_refused(library, given, name):
    error = refused(library.add, given, name, Card(), "PATH")
    assert (error.code, error.field) == (ErrorCode.BAD_FIELD, "name")
    assert refused(library.entry, name, "name").code is ErrorCode.FILE_MISSING


def test_a_name_is_taken_once_whatever_its_case(library, given):
    library.add(given, "Pop", Card(), "PATH")
    assert refused(library.add, given, "pop", Card(), "PATH").code is ErrorCode.BAD_FIELD
    library.remove("Pop", "NAME")
    library.add(given, "pop", Card(), "PATH")
    assert library.names() == ["pop"]


def test_what_is_refused_leaves_no_folder_behind(library, tmp_path):
    (tmp_path / "x.safetensors").write_bytes(b"rubbish")
    error = refused(library.add, tmp_path / "x.safetensors", "x", Card(), "PATH")
    assert (error.code, error.field) == (ErrorCode.FILE_BROKEN, "PATH")
    assert library.names() == []


def test_an_unknown_name_is_told_what_there_is(library, given):
    assert "anacrusis lora add" in refused(library.entry, "no", "NAME").message
    library.add(given, "pop", Card(), "PATH")
    assert "pop" in refused(library.remove, "no", "NAME").message


@pytest.mark.parametrize(
    "card",
    ["{", '{"strength": 3}', '{"trigger_words": "pop"}', '{"text": 1}', "\xff", "x" * 70_000],
)
def test_a_broken_card_is_named_and_the_rest_of_the_library_is_there(library, given, card):
    library.add(given, "bad", Card(), "PATH")
    library.add(given, "good", Card(), "PATH")
    (library.folder / "bad" / "anacrusis.json").write_bytes(card.encode("latin-1"))
    error = refused(library.entry, "bad", "name")
    assert error.code is ErrorCode.FILE_BROKEN
    assert "anacrusis.json" in error.message
    assert [(info.name, info.fits) for info in shelf(library).infos()] == [
        ("bad", False),
        ("good", True),
    ]


def test_the_environment_says_where_the_library_is(monkeypatch, tmp_path):
    monkeypatch.setenv("ANACRUSIS_LORAS", str(tmp_path))
    assert default_folder() == tmp_path
    monkeypatch.delenv("ANACRUSIS_LORAS")
    assert default_folder().parts[-2:] == ("anacrusis", "loras")


def test_what_does_not_fit_is_listed_with_its_card_and_the_reason(library, given):
    library.add(given, "pop", Card(("citypop",), 0.5), "PATH")
    (info,) = shelf(library, hidden=40).infos()
    assert (info.fits, info.trigger_words, info.strength) == (False, ("citypop",), 0.5)
    assert "32 in" in info.text
    error = refused(shelf(library, hidden=40).check, "pop", "name")
    assert (error.code, error.field) == (ErrorCode.CANNOT_HEAR, "name")


def test_a_lora_is_loaded_once_and_anew_when_its_file_changes(library, given):
    library.add(given, "pop", Card(), "PATH")
    own = shelf(library)
    first, empty = own.take(("pop", ""))
    assert empty is None
    assert own.take(("", "pop"))[1] is first
    path = library.folder / "pop" / "pop.safetensors"
    write(library.folder / "pop", "peft", halves(transformer(), seed=7))
    (library.folder / "pop" / "adapter_model.safetensors").replace(path)
    again = own.take(("pop",))[0]
    layer = next(iter(first.layers))
    assert not torch.equal(again.layers[layer].up, first.layers[layer].up)


def test_a_lora_that_has_gone_is_refused_by_its_place(library, given):
    library.add(given, "pop", Card(), "PATH")
    own = shelf(library)
    library.remove("pop", "NAME")
    assert refused(own.take, ("", "pop")).field == "lora_2"


def test_a_card_is_plain_json(library, given):
    library.add(given, "pop", Card(("a",), 0.5, "m", "t"), "PATH")
    told = json.loads((library.folder / "pop" / "anacrusis.json").read_text())
    assert told == {"trigger_words": ["a"], "strength": 0.5, "model": "m", "text": "t"}

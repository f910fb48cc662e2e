"""What the model reads: to the letter what diffusers' pipeline writes, and each prompt alone."""

import numpy as np
import pytest
import torch
from acestep_helpers import FRAMES, given, greatest, stock, tiny
from diffusers import AceStepPipeline
from house_helpers import grid_of, steady_grid

from bridge_protocol.errors import RefusedError
from engine_host.models.acestep.languages import LANGUAGES
from engine_host.models.acestep.prompt_text import PromptText, read_text
from engine_host.models.acestep.template import Metas, Task, caption_string, lyric_string, metas_of

CAPTION = "slow trip hop, female voice, in C minor"
LYRICS = "[verse]\nRain on the window\n\n[chorus]\nStay"


def stock_strings(task: Task, bpm: int | None, signature: str | None) -> tuple[str, str]:
    return AceStepPipeline._format_prompt(
        AceStepPipeline,
        CAPTION,
        LYRICS,
        "de",
        8.9,
        AceStepPipeline._get_task_instruction(task),
        bpm,
        "C minor",
        signature,
    )


@pytest.mark.parametrize("task", ["text2music", "cover", "repaint"])
def test_the_strings_are_those_of_the_stock_pipeline(task: Task) -> None:
    text = PromptText(CAPTION, LYRICS, "de", "C minor")
    caption, lyrics = stock_strings(task, 97, "3")
    assert caption_string(task, text, Metas(97, 3, 8)) == caption
    assert lyric_string(text) == lyrics


def test_an_unknown_bar_is_told_as_the_stock_pipeline_tells_none() -> None:
    text = PromptText(CAPTION, LYRICS, "de", "C minor")
    assert caption_string("cover", text, Metas(97, None, 8)) == stock_strings("cover", 97, None)[0]


@pytest.mark.parametrize(
    ("line", "language"),
    [
        ("lyrics:", "en"),
        ("[lyrics]", "en"),
        ("Lyrics(de):", "de"),
        ("[LYRICS (yue)]", "yue"),
        ("  lyrics( ZH ) : ", "zh"),
    ],
)
def test_lyrics_begin_under_a_line_of_their_own(line: str, language: str) -> None:
    found = read_text(f"{CAPTION}\n{line}\n{LYRICS}\n")
    assert found == PromptText(CAPTION, LYRICS, language, "C minor")


def test_windows_line_ends_are_line_ends() -> None:
    found = read_text("a caption\r\nlyrics(fr):\r\nla la")
    assert (found.caption, found.lyrics, found.language) == ("a caption", "la la", "fr")


@pytest.mark.parametrize("prompt", ["lyrics: soft ones", "with lyrics:", "[lyrics] here", "lyrics"])
def test_a_line_with_more_on_it_is_caption(prompt: str) -> None:
    assert read_text(prompt) == PromptText(prompt, "", "en", None)


def test_a_field_of_one_line_can_hold_lyrics_too() -> None:
    found = read_text(r"a caption\nlyrics(fr):\nla la\nlo")
    assert found == PromptText("a caption", "la la\nlo", "fr", None)


def test_only_the_first_such_line_counts() -> None:
    assert read_text("a\nlyrics:\nb\nlyrics:\nc").lyrics == "b\nlyrics:\nc"


@pytest.mark.parametrize(
    ("caption", "key"),
    [
        ("key: F# major", "F# major"),
        ("jazz in the key of E flat", "Eb major"),
        ("Bbm house", "Bb minor"),
        ("a tune", None),
    ],
)
def test_a_key_is_found_in_the_caption(caption: str, key: str | None) -> None:
    assert read_text(caption).key == key


@pytest.mark.parametrize("code", ["xx", "english", "en-US", "e", "  "])
def test_a_language_it_does_not_know_is_refused_by_name(code: str) -> None:
    with pytest.raises(RefusedError) as caught:
        tiny().read_prompt(f"pop\nlyrics({code}):\nla")
    assert (caught.value.code, caught.value.field) == ("OUT_OF_RANGE", "prompt")
    assert "'" + code.strip() + "'" in caught.value.message


def test_every_language_of_the_list_is_taken() -> None:
    assert len(LANGUAGES) == len(set(LANGUAGES)) == 51
    for code in LANGUAGES:
        assert read_text(f"pop\n[lyrics({code})]\nla").language == code


def test_the_grid_tells_tempo_bar_and_length() -> None:
    grid = steady_grid(220, 96.4, quarters=3.0)
    assert metas_of(grid, 25.0) == Metas(96, 3, 8)


def test_a_moving_tempo_is_told_by_its_mean() -> None:
    grid = grid_of(100, lambda q: q / 2, bpm_of_quarter=lambda q: 100.0 + 5.0 * q)
    assert metas_of(grid, 25.0).bpm == round(float(np.mean(grid.bpm)))
    assert metas_of(grid, 25.0).bpm == 120


@pytest.mark.parametrize(("quarters", "signature"), [(4.0, 4), (2.0, 2), (6.0, 6), (3.5, None), (5.0, None)])  # fmt: skip
def test_a_bar_the_model_was_not_trained_on_is_not_told(
    quarters: float, signature: int | None
) -> None:
    assert metas_of(steady_grid(100, quarters=quarters), 25.0).signature == signature


@pytest.mark.parametrize("lyrics", ["", "la la la\nla"])
def test_the_condition_is_the_stock_pipelines(lyrics: str) -> None:
    prompt = f"{CAPTION}\nlyrics(de):\n{lyrics}"
    made = tiny().condition(given(prompt))
    pipeline = stock()
    with torch.no_grad():
        encoded = pipeline.encode_prompt(CAPTION, lyrics, "cpu", "de", FRAMES / 25, None, 120, "C minor", "4")  # fmt: skip
        text, text_mask, lyric, lyric_mask = encoded
        silence = pipeline.condition_encoder.silence_latent[:, :750]
        wanted, mask = pipeline.condition_encoder(
            text, text_mask, lyric, lyric_mask, silence, torch.zeros(1, dtype=torch.long)
        )
    assert bool(mask.all())
    assert made.tokens.shape == wanted[0].shape
    assert greatest(made.tokens - wanted[0]) <= 1e-6
    assert bool((made.weights == 1).all())


def test_a_prompt_beyond_the_encoders_length_is_refused_with_the_limit() -> None:
    with pytest.raises(RefusedError) as caught:
        tiny().read_prompt("very " * 300)
    assert (caught.value.code, caught.value.field) == ("WRONG_LENGTH", "prompt")
    assert "prompt beyond the encoder's length" in caught.value.message
    assert "256" in caught.value.message


def test_lyrics_beyond_the_encoders_length_are_refused_with_theirs() -> None:
    with pytest.raises(RefusedError) as caught:
        tiny().read_prompt("pop\nlyrics:\n" + "la " * 2000)
    assert "lyrics beyond the encoder's length" in caught.value.message
    assert "2048" in caught.value.message


def test_a_prompt_that_is_taken_at_the_door_fits_every_window() -> None:
    words = "x"
    with pytest.raises(RefusedError):
        while True:
            tiny().read_prompt(words)
            words += "x"
    longest = words[:-1]
    for frames, bpm in ((2, 20.0), (15_000, 999.0)):
        made = tiny().condition(given(longest, frames=frames, bpm=bpm))
        assert len(made.tokens) <= 256 + 1 + 64


def test_what_is_heard_is_told() -> None:
    found = tiny().read_prompt(f"{CAPTION}\nlyrics(de):\nla")
    assert found.heard == (CAPTION, "C minor", "lyrics (de)")
    assert found.ignored == ()


def test_an_encoding_is_made_once_and_the_oldest_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    prompts = tiny()._parts.prompts
    made: list[str] = []
    encode = type(prompts)._encoded_caption
    monkeypatch.setattr(
        type(prompts),
        "_encoded_caption",
        lambda self, words: made.append(words) or encode(self, words),
    )
    for caption in ("a new one", "a new one", *(f"other {n}" for n in range(64)), "a new one"):
        prompts.caption("text2music", read_text(caption), Metas(120, 4, 4))
    assert sum("a new one" in words for words in made) == 2
    assert len(made) == 66

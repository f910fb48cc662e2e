import pytest

from engine_host.models.house.config import load_config
from engine_host.models.house.lexicon import MOST_TAGS, completed_tags, read_prompt
from engine_host.models.house.patterns import PATTERNS
from engine_host.models.house.vocabulary import (
    ANY_BASS,
    BASS_OF_STYLE,
    BASS_TAGS,
    DRUM_TAGS,
    STYLE_OF_TAG,
    TAGS_OF_PHRASE,
)


def _heard(prompt):
    return read_prompt(prompt).reading().heard


def _ignored(prompt):
    return read_prompt(prompt).reading().ignored


def test_every_word_stands_for_tags_that_the_model_has():
    trained = set(load_config().tags)
    named = {tag for tags in TAGS_OF_PHRASE.values() for tag in tags} - {ANY_BASS}
    assert named <= trained
    assert trained <= named  # and every tag can be asked for
    assert (DRUM_TAGS | BASS_TAGS | set(STYLE_OF_TAG) | set(BASS_OF_STYLE.values())) <= trained
    assert set(STYLE_OF_TAG.values()) <= set(PATTERNS) <= trained
    assert load_config().tag_slots == MOST_TAGS


@pytest.mark.parametrize(
    ("prompt", "tags"),
    [
        ("deep house", ("house",)),
        ("Lo-Fi hip hop", ("lofi",)),
        ("drum and bass", ("dnb",)),
        ("drum & bass with a Reese", ("dnb", "synth_bass")),
        ("warm Rhodes and upright bass", ("warm", "electric_piano", "acoustic_bass")),
        ("jazz with bass", ("jazz", "acoustic_bass")),
        ("techno with bass", ("techno", "synth_bass")),
        ("punk", ("rock", "distorted_guitar")),
        ("80's synths", ("synthwave", "synth_lead")),
        ("violins, cellos", ("strings",)),
        ("happy reggae", ("reggae", "major")),
        ("four-on-the-floor", ("four_on_the_floor", "drums")),
    ],
)
def test_synonyms(prompt, tags):
    assert set(_heard(prompt)) == set(tags)
    assert _ignored(prompt) == ()


@pytest.mark.parametrize(
    "prompt",
    ["techno, no drums", "techno without any drums", "drumless techno", "techno minus beats"],
)
def test_no_drums(prompt):
    assert set(_heard(prompt)) == {"techno", "no_drums"}
    assert _ignored(prompt) == ()


def test_no_drums_takes_every_kind_of_drum_away():
    tags = completed_tags(read_prompt("808 and breakbeats, no drums"))
    assert DRUM_TAGS.isdisjoint(tags)
    assert "no_drums" in tags


def test_a_negation_reaches_over_or_but_not_over_a_comma():
    both = read_prompt("techno without drums or bass")
    assert "no_drums" in both.tags
    assert not both.allows_bass
    assert "piano" in read_prompt("no drums, piano").tags


def test_no_bass_is_not_no_sub_bass():
    assert not read_prompt("house without bass").allows_bass
    assert read_prompt("house without sub bass").allows_bass


def test_a_denial_takes_back_what_the_prompt_itself_would_bring():
    assert "distorted_guitar" not in read_prompt("punk without distorted guitar").tags
    assert _ignored("punk without distorted guitar") == ()


def test_a_denial_that_nothing_can_be_done_about_is_told():
    assert _ignored("rock without piano") == ("without piano",)
    assert _ignored("house, no kick") == ("no kick",)
    assert "no_drums" not in _heard("house, no kick")


def test_what_the_model_never_makes_may_be_denied_but_not_asked_for():
    assert _ignored("funk, no vocals") == ()
    assert _ignored("funk with vocals") == ("vocals",)


def test_words_not_understood_are_told_and_common_ones_are_not():
    assert _ignored("some music with a ukulele and the gamelan") == ("ukulele", "gamelan")


def test_tempo_and_meter_are_the_hosts():
    assert _ignored("jazz at 140 BPM in 7/8") == ("140 BPM", "7/8")
    assert _heard("128bpm house") == ("house",)


@pytest.mark.parametrize(
    ("prompt", "pitch_class", "mode"),
    [
        ("techno in C minor", 0, "minor"),
        ("F# major house", 6, "major"),
        ("house in f sharp minor", 6, "minor"),
        ("Bbm trap", 10, "minor"),
        ("ballad in the key of E flat", 3, "minor"),
        ("happy tune in D", 2, "major"),
        ("in a minor", 9, "minor"),
        ("A minor piano piece", 9, "minor"),
        ("key: G", 7, "minor"),
        ("Db maj", 1, "major"),
    ],
)
def test_keys(prompt, pitch_class, mode):
    meaning = read_prompt(prompt)
    assert (meaning.pitch_class, meaning.mode) == (pitch_class, mode)
    assert {"major", "minor"}.isdisjoint(meaning.ignored)


@pytest.mark.parametrize(
    "prompt", ["a minor feel", "in a dark room", "I'm sad", "a major hit", "B-side", "in echoes"]
)
def test_what_is_not_a_key(prompt):
    assert read_prompt(prompt).pitch_class is None


def test_the_keys_mode_wins_over_the_words():
    meaning = read_prompt("sad techno in C major")
    assert meaning.mode == "major"
    assert "minor" not in meaning.tags


def test_an_empty_prompt_is_house():
    meaning = read_prompt("")
    assert completed_tags(meaning) == ("house", "drums", "synth_bass", "minor")
    assert meaning.reading().heard == ()


def test_a_named_style_is_left_alone():
    assert completed_tags(read_prompt("ambient pads")) == ("ambient", "pad")


def test_instruments_alone_imply_a_style():
    assert completed_tags(read_prompt("solo piano"))[0] == "classical"
    assert completed_tags(read_prompt("saxophone"))[0] == "jazz"
    assert "drums" not in completed_tags(read_prompt("supersaws, no drums"))


def test_more_tags_than_slots_are_told():
    prompt = "house piano organ guitar strings harp choir pad brass sax woodwind harmonica"
    meaning = read_prompt(prompt)
    assert len(meaning.tags) == MOST_TAGS
    assert meaning.ignored == ("woodwind", "harmonica")


def test_any_text_is_read_without_failing():
    for prompt in (
        "&&& ,,, no",
        "without",
        "🎹 no 🎹",
        "in",
        "key of",
        "x" * 5000,
        "1/8 999bpm #b",
    ):
        read_prompt(prompt)

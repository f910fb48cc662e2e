"""The words that the house model knows, and the tags they stand for: data for the lexicon.

Phrases are lower case, in the singular, with spaces for hyphens. The longest phrase wins.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

ANY_BASS: Final = "bass"  # not a tag: whichever bass the style usually has

_PHRASES_OF_TAGS: Final[Mapping[tuple[str, ...], tuple[str, ...]]] = {
    # styles
    ("house",): ("house", "deep house", "tech house", "french house", "disco", "nu disco", "dance", "edm", "uk garage"),
    ("techno",): ("techno", "minimal techno", "electro", "industrial"),
    ("techno", "synth_bass"): ("acid", "acid techno", "acid bass"),
    ("techno", "supersaw"): ("trance",),
    ("ambient",): ("ambient", "atmospheric", "soundscape", "meditation", "meditative", "new age"),
    ("ambient", "pad"): ("drone",),
    ("lofi",): ("lofi", "lo fi", "chillhop", "chill hop", "chill", "chillout", "hip hop", "hiphop", "boom bap", "study beat", "downtempo", "trip hop"),
    ("funk",): ("funk", "funky", "groovy", "soul", "r&b"),
    ("rock",): ("rock", "indie rock", "indie", "classic rock"),
    ("rock", "distorted_guitar"): ("hard rock", "metal", "heavy metal", "punk", "punk rock", "grunge"),
    ("classical",): ("classical", "chamber music"),
    ("classical", "strings"): ("orchestral", "orchestra", "symphonic", "symphony", "cinematic", "film score"),
    ("classical", "harpsichord"): ("baroque",),
    ("dnb",): ("dnb", "drum and bass", "drum n bass", "drum & bass", "d&b", "liquid dnb"),
    ("dnb", "breakbeat", "drums"): ("jungle",),
    ("trap",): ("trap", "drill"),
    ("reggae",): ("reggae", "dub", "ska", "dancehall"),
    ("synthwave",): ("synthwave", "synth wave", "retrowave", "outrun", "vaporwave", "80s", "eighties", "synth pop", "synthpop"),
    ("jazz",): ("jazz", "jazzy", "swing", "bebop", "bossa nova", "big band"),
    # drums
    ("drums",): ("drum", "beat", "percussion", "rhythm section", "kick", "kick drum", "snare", "hi hat", "hihat", "hat"),
    ("acoustic_drums", "drums"): ("acoustic drum", "drum kit", "drum set", "live drum", "real drum"),
    ("drum_machine", "drums"): ("drum machine", "909", "707", "electronic drum"),
    ("808", "drums"): ("808", "808 drum", "808 kit"),
    ("808", "sub_bass"): ("808 bass",),
    ("breakbeat", "drums"): ("breakbeat", "break beat", "break", "amen", "amen break"),
    ("four_on_the_floor", "drums"): ("four on the floor", "four to the floor", "4 on the floor", "4 to the floor", "4x4"),
    ("no_drums",): ("drumless", "beatless", "drum free"),
    # basses
    (ANY_BASS,): ("bass", "bassline", "bass line"),
    ("acoustic_bass",): ("acoustic bass", "upright bass", "double bass", "contrabass", "walking bass"),
    ("bass_guitar",): ("bass guitar", "electric bass", "fingered bass"),
    ("slap_bass",): ("slap bass", "slap", "slapped bass"),
    ("synth_bass",): ("synth bass", "synthesizer bass", "analog bass", "reese", "reese bass", "saw bass"),
    ("sub_bass",): ("sub bass", "sub", "subbass", "deep bass"),
    # harmony
    ("piano",): ("piano", "grand piano", "upright piano"),
    ("electric_piano",): ("electric piano", "rhodes", "wurlitzer", "wurli", "keys", "keyboard"),
    ("clav",): ("clav", "clavinet"),
    ("harpsichord",): ("harpsichord",),
    ("organ",): ("organ", "hammond", "church organ"),
    ("guitar",): ("guitar", "acoustic guitar", "electric guitar", "clean guitar", "nylon guitar", "jazz guitar"),
    ("distorted_guitar",): ("distorted guitar", "distortion guitar", "overdriven guitar", "heavy guitar", "fuzz guitar", "power chord", "distortion"),
    ("strings",): ("strings", "string", "string section", "violin", "viola", "cello"),
    ("harp",): ("harp",),
    ("choir",): ("choir", "choral", "voices", "vocal pad"),
    ("pad",): ("pad", "synth pad", "warm pad"),
    ("supersaw",): ("supersaw", "super saw", "saw", "saw chord"),
    # leads
    ("mallets",): ("mallet", "vibraphone", "marimba", "xylophone", "glockenspiel", "celesta", "kalimba", "music box", "bell"),
    ("harmonica",): ("harmonica",),
    ("brass",): ("brass", "trumpet", "trombone", "horn", "french horn", "tuba", "brass section"),
    ("sax",): ("sax", "saxophone", "alto sax", "tenor sax"),
    ("woodwind",): ("woodwind", "flute", "clarinet", "oboe", "bassoon", "recorder"),
    ("synth_lead",): ("synth lead", "lead synth", "synth", "synthesizer", "lead", "arp", "arpeggio", "arpeggiated"),
    # character
    ("dark",): ("dark", "darker", "gloomy", "muffled", "moody", "deep", "murky"),
    ("bright",): ("bright", "brighter", "brilliant", "shiny", "airy", "crisp", "sparkling"),
    ("warm",): ("warm", "warmer", "mellow", "cosy", "cozy"),
    ("dense",): ("dense", "busy", "thick", "full", "energetic", "driving"),
    ("medium",): ("medium",),
    ("sparse",): ("sparse", "minimal", "minimalist", "calm", "simple", "empty"),
    ("major",): ("major", "happy", "cheerful", "uplifting", "joyful"),
    ("minor",): ("minor", "sad", "melancholic", "melancholy", "melancholia"),
    ("solo",): ("solo", "unaccompanied"),
}  # fmt: skip

TAGS_OF_PHRASE: Final[Mapping[str, tuple[str, ...]]] = {
    phrase: tags for tags, phrases in _PHRASES_OF_TAGS.items() for phrase in phrases
}
LONGEST_PHRASE_WORDS: Final = max(len(phrase.split()) for phrase in TAGS_OF_PHRASE)

NEGATIONS: Final = frozenset({"no", "not", "without", "minus", "non", "zero"})
NEGATION_GOES_ON: Final = frozenset({"or", "nor"})
NEVER_MADE: Final = frozenset({"vocal", "voice", "singing", "singer", "lyric", "rap"})
STOP_WORDS: Final = frozenset(
    {"a", "an", "and", "any", "at", "be", "but", "by", "can", "feel", "feeling", "for", "from", "go", "i", "in", "instrumental", "is", "it", "just", "key", "like", "little", "loop", "lot", "lots", "make", "me", "more", "music", "my", "of", "on", "or", "piece", "please", "plus", "quite", "really", "section", "so", "some", "song", "sound", "sounding", "style", "that", "the", "this", "to", "too", "track", "tune", "very", "vibe", "vibes", "want", "we", "with"}
)  # fmt: skip
SINGLE_DRUMS: Final = frozenset({"kick", "kick drum", "snare", "hi hat", "hihat", "hat"})

DRUM_TAGS: Final = frozenset(
    {"drums", "acoustic_drums", "drum_machine", "808", "breakbeat", "four_on_the_floor"}
)
BASS_TAGS: Final = frozenset(
    {"acoustic_bass", "bass_guitar", "slap_bass", "sub_bass", "synth_bass"}
)

BASS_OF_STYLE: Final[Mapping[str, str]] = {
    "jazz": "acoustic_bass",
    "lofi": "bass_guitar",
    "funk": "bass_guitar",
    "rock": "bass_guitar",
    "reggae": "bass_guitar",
    "classical": "strings",
    "trap": "sub_bass",
}  # any other style: synth_bass
STYLE_OF_TAG: Final[Mapping[str, str]] = {
    "808": "trap",
    "sub_bass": "trap",
    "breakbeat": "dnb",
    "four_on_the_floor": "house",
    "acoustic_drums": "rock",
    "distorted_guitar": "rock",
    "guitar": "rock",
    "bass_guitar": "funk",
    "slap_bass": "funk",
    "clav": "funk",
    "acoustic_bass": "jazz",
    "sax": "jazz",
    "brass": "jazz",
    "harmonica": "reggae",
    "organ": "reggae",
    "electric_piano": "lofi",
    "supersaw": "synthwave",
    "synth_lead": "synthwave",
    "pad": "ambient",
    "choir": "ambient",
    "piano": "classical",
    "strings": "classical",
    "harp": "classical",
    "harpsichord": "classical",
    "woodwind": "classical",
}  # what a prompt that names no style is taken for, by the first instrument it does name

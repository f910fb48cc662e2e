"""The script's arithmetic, called in its own realm: maps, epochs and laps, lanes, bytes."""

from __future__ import annotations

import json

import msgspec
import pytest
from bitwig_host import CONTROLLER

from bridge_protocol.bars import BarGrid
from bridge_protocol.conformance.vectors import load_vectors
from bridge_protocol.meter import MeterMap
from bridge_protocol.parameters import LORA_PLACES
from bridge_protocol.schema import LoraUse
from bridge_protocol.tempo import TempoMap

PARTS = (
    "protocol_constants", "bytes", "song", "play_head", "lane", "gateway", "refusals", "lora_names",
    "song_teller", "lane_teller", "slot_deck", "bridge",
)  # fmt: skip
SOURCE = "loadAPI(17);" + "".join(f'load("{part}.js");' for part in PARTS) + "function init() {}"


@pytest.fixture
def realm(either):
    either.call("start", folder=str(CONTROLLER), source=SOURCE)
    return lambda code: either.call("eval", code=code).get("value")


# ------------------------------------------------------------ maps


@pytest.mark.parametrize(
    ("bpm", "numerator", "denominator"),
    [(120.0, 4, 4), (133.33, 7, 8), (47.1, 5, 4), (666.0, 3, 16)],
)
def test_a_bars_sample_is_the_grids(realm, bpm, numerator, denominator):
    grid = BarGrid(TempoMap.constant(bpm), MeterMap.constant(numerator, denominator), 48_000)
    found = realm(
        f"(function () {{ var song = new Song({bpm}, {numerator}, {denominator}, 48000), found = [];"
        "for (var bar = 0; bar < 400; bar++) found.push(song.sample(bar * song.barPpq));"
        "return JSON.stringify(found); })()"
    )
    assert json.loads(found) == [grid.sample(bar) for bar in range(400)]


def test_the_golden_vectors_of_one_tempo_are_met(realm):
    checked = 0
    for entry in load_vectors()["tempo"]:
        (tempo, *more_tempo), (meter, *more_meter) = entry["tempo"], entry["meter"]
        if (
            more_tempo
            or more_meter
            or tempo.get("bpm_end", tempo["bpm_start"]) != tempo["bpm_start"]
        ):
            continue
        made = f"new Song({tempo['bpm_start']}, {meter['numerator']}, {meter['denominator']}, {entry['sample_rate_hz']})"
        for bar in entry["bars"]:
            assert realm(f"{made}.sample({bar['ppq']})") == bar["sample"]
            checked += 1
    assert checked > 0


@pytest.mark.parametrize(
    ("value", "rounded"), [(0.5, 0), (1.5, 2), (2.5, 2), (-0.5, 0), (2.4999, 2), (7, 7), (-1.5, -2)]
)
def test_a_half_is_rounded_to_the_even_neighbour(realm, value, rounded):
    assert realm(f"roundHalfEven({value})") == rounded


# ------------------------------------------------------------ bytes


@pytest.mark.parametrize("text", ["", "plain", "ä € 😀", '\u0000\u001f"\\', "\u007f\u0080ÿ"])
def test_a_frame_holds_the_text_and_is_signed(realm, text):
    found = json.loads(realm(f"JSON.stringify(frameOf({{text: {json.dumps(text)}}}))"))
    assert all(-128 <= byte <= 127 for byte in found)
    octets = bytes(byte & 0xFF for byte in found)
    assert int.from_bytes(octets[:4], "big") == len(octets) - 4
    assert json.loads(octets[4:]) == {"text": text}


def test_a_long_frames_length_is_signed_too(realm):
    found = json.loads(
        realm("JSON.stringify(frameOf({t: new Array(41000).join('x')}).slice(0, 4))")
    )
    assert bytes(byte & 0xFF for byte in found) == (40_999 + 8).to_bytes(4, "big")
    assert min(found) < 0


@pytest.mark.parametrize("text", ["plain", "ä € 😀", "a\nb"])
def test_a_message_in_utf_8_is_read_from_signed_bytes(realm, text):
    octets = json.dumps({"text": text}, ensure_ascii=False).encode()
    signed = [byte - 256 if byte > 127 else byte for byte in octets]
    assert json.loads(realm(f"JSON.stringify(messageOf({signed}))")) == {"text": text}


def test_every_golden_message_is_read_as_it_is_written(realm):
    vectors = load_vectors()["gateway"]
    assert vectors
    for entry in vectors:
        signed = [byte - 256 if byte > 127 else byte for byte in entry["json"].encode()]
        read = realm(f"JSON.stringify(messageOf({signed}))")
        assert json.loads(read, parse_int=float) == json.loads(entry["json"], parse_int=float)


@pytest.mark.parametrize(
    "octets", [b"", b"{", b"[1]", b"null", b"7", b'"x"', b'{"a":"\xff"}', b"\x80"]
)
def test_what_is_no_message_is_null(realm, octets):
    signed = [byte - 256 if byte > 127 else byte for byte in octets]
    assert realm(f"messageOf({signed}) === null") is True


# ------------------------------------------------------------ the play head

HEAD = """
    var head = new PlayHead(48000), now = 0;
    var host = {playing: false, ppq: 0, bpm: 120, numerator: 4, denominator: 4, looping: false,
        loopStart: 4, loopEnd: 12};
    function see(ms, changes) {
        for (var name in changes) host[name] = changes[name];
        now += ms;
        head.observe(host, now);
    }
    function place() { return [head.epoch, head.lap, head.address(), head.sample()].join(); }
    see(0, {});
"""


def test_playing_on_stays_in_its_epoch(realm):
    realm(
        HEAD + "see(40, {playing: true}); for (var i = 1; i < 100; i++) see(40, {ppq: i * 0.08});"
    )
    assert realm("place()") == f"1,0,{round(7.92 * 24_000)},{round(7.92 * 24_000)}"


def test_a_position_that_stands_and_then_comes_up_is_no_jump(realm):
    realm(HEAD + "see(40, {playing: true, ppq: 0.1}); for (var i = 0; i < 50; i++) see(40, {});")
    realm("see(40, {ppq: 4.1});")
    assert realm("place()") == "1,0,98400,98400"


@pytest.mark.parametrize("ppq", [16.0, 0.0, 2.4])
def test_a_locate_begins_an_epoch_where_it_leads(realm, ppq):
    realm(HEAD + "see(40, {playing: true}); for (var i = 1; i < 40; i++) see(40, {ppq: i * 0.08});")
    realm(f"see(40, {{ppq: {ppq}}});")
    assert realm("place()") == f"2,0,0,{round(ppq * 24_000)}"
    assert realm("head.left") == round(39 * 0.08 * 24_000)


def test_a_locate_while_it_stands_begins_an_epoch(realm):
    realm(HEAD + "see(40, {ppq: 0.01});")
    assert realm("place()") == "2,0,0,240"


def test_a_stop_that_goes_back_to_the_start_begins_an_epoch(realm):
    realm(HEAD + "see(40, {playing: true, ppq: 0.1}); see(40, {playing: false, ppq: 0});")
    assert realm("place()") == "2,0,0,0"
    realm("see(500, {playing: true}); see(40, {ppq: 0.05});")
    assert realm("place()") == "2,0,1200,1200"


def test_a_loops_wrap_is_a_lap_and_the_address_runs_on(realm):
    realm(HEAD + "see(40, {looping: true, ppq: 4}); see(40, {playing: true});")
    realm("for (var i = 1; i <= 125; i++) see(40, {ppq: 4 + i * 0.08 % 8});")
    assert realm("place()") == f"2,1,{10 * 24_000},{6 * 24_000}"


def test_a_jump_back_that_no_wrap_explains_is_an_epoch(realm):
    realm(HEAD + "see(40, {looping: true, ppq: 4}); see(40, {playing: true, ppq: 6});")
    realm("see(40, {ppq: 4.5});")
    assert realm("head.lap") == 0
    assert realm("head.epoch") == 4  # the locate to 6 was one too


def test_a_tempo_counts_once_it_stands(realm):
    realm(HEAD + "see(40, {playing: true});")
    realm("for (var i = 0; i < 20; i++) see(40, {bpm: 120 + i, ppq: i * 0.08});")
    assert realm("[head.epoch, head.song.bpm, head.unsettled()].join()") == "1,120,true"
    realm("for (i = 20; i < 30; i++) see(40, {ppq: i * 0.08});")
    assert realm("[head.epoch, head.song.bpm, head.unsettled()].join()") == "2,139,false"
    left = realm("head.left / 48000")  # counted by the tempo that was left
    assert 1.6 < left * 2 < 2.5


def test_bars_ahead_lead_round_the_loop(realm):
    realm(HEAD + "see(40, {looping: true, ppq: 9});")
    ahead = json.loads(realm("JSON.stringify(head.barsAhead(3))"))
    assert [bar["ppq"] for bar in ahead] == [4, 8, 4]
    assert [bar["address"] for bar in ahead] == [72_000, 168_000, 264_000]
    assert [bar["end"] for bar in ahead] == [168_000, 264_000, 360_000]


def test_a_loop_without_a_whole_bar_has_no_bars_ahead(realm):
    realm(HEAD + "see(40, {looping: true, loopStart: 1, loopEnd: 3, ppq: 1});")
    assert realm("head.barsAhead(2).length") == 0


def test_a_loop_too_short_for_the_engine_is_not_told(realm):
    realm(HEAD + "see(40, {looping: true, loopStart: 1, loopEnd: 1.1});")
    assert realm("'looping' in head.message()") is False


# ------------------------------------------------------------ lanes

LANE = """
    var lane = new Lane({name: "denoise", minimum: 0, maximum: 1});
    function told(piece) { return piece === null ? "" : piece.start + ":" + piece.values.join(); }
"""


def test_a_control_that_never_moved_counts_for_the_whole_song(realm):
    realm(LANE)
    assert realm("told(lane.stand(50, 0.25))") == "0:0.25"
    assert realm("told(lane.stand(90, 0.25))") == ""
    assert realm("told(lane.stand(90, 0.5))") == "0:0.5"


def test_what_moves_while_it_plays_is_told_frame_by_frame(realm):
    realm(LANE + "lane.stand(0, 0); for (var f = 0; f < 10; f++) lane.pass(f, 0);")
    assert realm("told(lane.pass(10, 0))") == ""
    assert realm("told(lane.pass(11, 0.25))") == "11:0.25"
    assert realm("told(lane.pass(13, 0.75))") == "12:0.5,0.75"  # the host was busy for a frame
    assert realm("told(lane.pass(14, 0.75))") == ""


def test_the_next_pass_over_the_same_automation_tells_nothing_new(realm):
    realm(LANE + "lane.stand(0, 0); for (var f = 0; f < 100; f++) lane.pass(f, f / 100);")
    realm("lane.leave(); var news = 0;")
    realm("for (f = 0; f < 100; f++) news += lane.pass(f, (f + 0.7) / 100) === null ? 0 : 1;")
    assert realm("news") == 1  # the last frame's half, and beyond it nothing was known
    realm("lane.leave(); for (f = 35; f < 40; f++) lane.pass(f, f / 100);")
    assert realm("told(lane.pass(40, 0.9))") == "40:0.9"
    assert realm("told(lane.pass(41, 0.9))") == ""  # what came after it is out of date


@pytest.mark.parametrize("comes_back", ["lane.leave();", ""])
def test_what_the_host_still_shows_of_the_place_before_is_not_learned(realm, comes_back):
    """After a locate, and after a loop's wrap."""
    realm(LANE + "lane.stand(0, 0); for (var f = 0; f < 100; f++) lane.pass(f, f / 100);")
    realm(comes_back + " var news = 0;")
    realm("for (f = 0; f < 4; f++) news += lane.pass(f, 0.99) === null ? 0 : 1;")
    realm("for (f = 4; f < 100; f++) news += lane.pass(f, f / 100) === null ? 0 : 1;")
    assert realm("news") == 0


def test_what_a_control_shows_where_the_host_comes_to_stand_is_no_turn_of_it(realm):
    realm(LANE + "lane.stand(0, 0); for (var f = 0; f < 100; f++) lane.pass(f, f / 100);")
    realm("lane.leave();")
    assert realm("told(lane.stand(0, 0.99))") == ""  # the host shows the old value for a while
    assert realm("told(lane.stand(0, 0.99))") == ""
    assert realm("told(lane.stand(40, 0.2))") == "40:0.2"  # and now somebody has turned it
    assert realm("lane.held(39)") == 0.39


def test_an_engine_that_knows_nothing_is_told_all_of_it(realm):
    realm(
        LANE
        + "lane.stand(0, 0); lane.pass(40, 0); lane.pass(49, 0); lane.pass(50, 0.5); lane.pass(51, 1);"
    )
    pieces = json.loads(realm("JSON.stringify(lane.pieces())"))
    assert pieces == [{"start": 0, "values": [0]}, {"start": 50, "values": [0.5, 1]}]


@pytest.mark.parametrize("name", ["output_gain", "Output Gain", "OUTPUT-GAIN", "outputgain"])
def test_a_remote_controls_name_is_the_parameters_in_any_case(realm, name):
    assert realm(f"laneSpec(plainName({json.dumps(name)})).name") == "output_gain"


@pytest.mark.parametrize("place", range(1, LORA_PLACES + 1))
def test_a_remote_control_moves_a_loras_strength(realm, place):
    assert realm(f"laneSpec(plainName('LoRA {place}')).name") == f"lora_{place}"


@pytest.mark.parametrize("name", ["", "Cutoff", "denoise 2", "toString", "seed"])
def test_other_names_move_nothing(realm, name):
    assert realm(f"laneSpec(plainName({json.dumps(name)})) === null") is True


# ------------------------------------------------------------ LoRAs


def taken_by_the_protocol(name: str) -> bool:
    try:
        msgspec.convert({"type": "lora_use", "seq": 1, "place": 1, "name": name}, LoraUse)
    except msgspec.ValidationError:
        return False
    return True


def test_names_of_loras_are_those_that_the_protocol_takes(realm):
    names = [
        "a" * 64,
        "a" * 65,
        "two words",
        *map(chr, range(33, 384)),
        "\u2028",
        "\u0661",
        "\uff21",
    ]
    names.remove(",")
    code = "JSON.stringify(%s.map(function (name) { return loraNames(name) !== null; }))"
    taken = json.loads(realm(code % json.dumps(names)))
    assert taken == [taken_by_the_protocol(name) for name in names]
    assert taken.count(True) == 1 + 26 + 26 + 10 + len("_.-")


def test_there_are_as_many_places_as_in_the_protocol(realm):
    assert realm("noLoras().length") == realm("LORA_PLACES") == LORA_PLACES

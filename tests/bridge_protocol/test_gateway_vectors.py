from __future__ import annotations

import base64
import copy
import json

import pytest

from bridge_protocol.conformance.vectors import (
    VectorError,
    check_vectors,
    load_vectors,
    make_vectors,
    message_types,
)


def test_the_shipped_gateway_frames_are_what_the_code_writes_today() -> None:
    assert load_vectors()["gateway"] == make_vectors()["gateway"]


def test_every_message_type_has_a_gateway_vector() -> None:
    assert {vector["type"] for vector in load_vectors()["gateway"]} == message_types()


def test_an_empty_set_of_gateway_vectors_is_no_pass() -> None:
    with pytest.raises(VectorError, match="gateway has no vectors: nothing was checked"):
        check_vectors(load_vectors() | {"gateway": []})


def test_a_type_without_a_gateway_vector_is_no_pass() -> None:
    vectors = load_vectors()
    vectors["gateway"] = [v for v in vectors["gateway"] if v["type"] != "sign_in"]
    with pytest.raises(VectorError, match="no vector for sign_in in gateway"):
        check_vectors(vectors)


def by_name(name: str) -> dict:
    return next(vector for vector in load_vectors()["gateway"] if vector["name"] == name)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda v: v.update(msgpack=v["msgpack"][:-2] + "00"),
        lambda v: v.update(msgpack="00000000" + v["msgpack"][8:]),
        lambda v: v.update(json=v["json"].replace("4096", "4097")),
        lambda v: v.update(json=v["json"].replace("AAAAAA", "AAAAAB")),
        lambda v: v.update(type="ping"),
    ],
)
def test_a_byte_or_a_field_that_is_off_is_found(spoil) -> None:
    vectors = copy.deepcopy(load_vectors())
    vector = next(v for v in vectors["gateway"] if v["name"] == "audio_plain")
    before = dict(vector)
    spoil(vector)
    assert vector != before
    with pytest.raises(VectorError, match="audio_plain"):
        check_vectors(vectors)


def test_gateway_vectors_agree_with_hand_calculation() -> None:
    ping = by_name("sign_in")
    assert json.loads(ping["json"]) == {"type": "sign_in", "token": "Zm9v-_", "seq": 1}
    by_hand = b"\x83\xa4type\xa7sign_in\xa5token\xa6Zm9v-_\xa3seq\x01"
    assert bytes.fromhex(ping["msgpack"]) == len(by_hand).to_bytes(4, "big") + by_hand
    block = by_name("audio_plain")
    octets = bytes.fromhex("000000000000803f000080bf0000003f")
    assert bytes.fromhex(block["msgpack"]).endswith(b"\xa7payload\xc4\x10" + octets)
    assert json.loads(block["json"])["payload"] == base64.b64encode(octets).decode()

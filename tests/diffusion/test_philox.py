from __future__ import annotations

import pytest
import torch

from engine_host.diffusion.philox import philox4x32

ONES = 0xFFFFFFFF
# kat_vectors of Random123, philox4x32-10: counter, key, words.
KNOWN_ANSWERS = [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((ONES,) * 4, (ONES,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


def words(counter: list[torch.Tensor], key: list[torch.Tensor]) -> list[list[int]]:
    a, b, c, d = counter
    return [word.tolist() for word in philox4x32((a, b, c, d), (key[0], key[1]))]


@pytest.mark.parametrize(("counter", "key", "answer"), KNOWN_ANSWERS)
def test_known_answers(
    counter: tuple[int, ...], key: tuple[int, ...], answer: tuple[int, ...]
) -> None:
    got = words([torch.tensor([c]) for c in counter], [torch.tensor([k]) for k in key])
    assert got == [[word] for word in answer]


def test_many_counters_at_once_give_what_each_gives_alone() -> None:
    counters = [
        torch.tensor(column) for column in zip(*(c for c, _, _ in KNOWN_ANSWERS), strict=True)
    ]
    keys = [torch.tensor(column) for column in zip(*(k for _, k, _ in KNOWN_ANSWERS), strict=True)]
    answers = [list(column) for column in zip(*(a for _, _, a in KNOWN_ANSWERS), strict=True)]
    assert words(counters, keys) == answers

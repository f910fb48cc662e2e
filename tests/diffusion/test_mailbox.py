from __future__ import annotations

import threading

from engine_host.diffusion.mailbox import Mailbox


def test_the_newest_wins_and_the_one_it_replaced_is_handed_back() -> None:
    mailbox: Mailbox[str] = Mailbox()
    assert mailbox.put("old") is None
    assert mailbox.put("new") == "old"
    assert mailbox.take() == "new"
    assert mailbox.take() is None


def test_every_item_is_either_taken_or_replaced_once_under_threads() -> None:
    mailbox: Mailbox[int] = Mailbox()
    seen: list[int] = []

    def write(first: int) -> None:
        for item in range(first, first + 500):
            replaced = mailbox.put(item)
            if replaced is not None:
                seen.append(replaced)

    writers = [threading.Thread(target=write, args=(first,)) for first in (0, 500, 1000)]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        taken = mailbox.take()
        if taken is not None:
            seen.append(taken)
    left = mailbox.take()
    assert sorted(seen + ([] if left is None else [left])) == list(range(1500))

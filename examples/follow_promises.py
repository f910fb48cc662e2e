"""Turns a knob while the music plays, and prints what the engine promises and what it keeps.

    python follow_promises.py --bpm 120 --turns 8

Every change is answered at once with the bar and the sample where it will be heard, or with
TOO_LATE and the next bar that can be met. When that sample was played, a promise message says
whether it was kept. Every third turn asks for a bar that is past, to show the refusal.
"""

from bridge_protocol.clock import MonotonicClock
from bridge_protocol.meter import MeterMap
from bridge_protocol.schema import PromiseMessage, When
from bridge_protocol.tempo import TempoMap
from daw_clients.client import Client, SimulatedDaw
from daw_clients.client.heard import Change
from daw_clients.client.scripting import play_until, run_script, script_parser

WHENS = (When(), When(kind="next_bar"), When(kind="bar", bar=1))


def tell(promise: PromiseMessage) -> None:
    """Prints what became of a change, as it arrives."""
    where = f"bar {promise.bar}, sample {promise.sample}"
    why = f" ({promise.reason})" if promise.reason else ""
    print(f"  change {promise.change}: {promise.status}, {where}{why}", flush=True)


def is_over(change: Change) -> bool:
    """Whether nothing more will be told of a change."""
    told = change.promise
    return bool(change.refused) or (told is not None and told.status != "moved")


def turn(daw: SimulatedDaw, knob: str, value: float, when: When) -> None:
    """Turns the knob and prints the answer."""
    change = daw.param(knob, value, when)
    play_until(daw, lambda _: change.refused or change.promised_sample is not None)
    answer = change.refused or f"promised for sample {change.promised_sample}"
    place = f"bar {when.bar}" if when.bar else when.kind
    print(f"change {change.seq}: {knob} {value:.2f} {place}: {answer}", flush=True)


def main(words: list[str] | None = None) -> None:
    """One turn in the middle of each bar."""
    parser = script_parser(__doc__)
    parser.add_argument("--prompt", default="funk, electric piano")
    parser.add_argument("--prompt-b", default="synthwave, bright", help="where the knob goes")
    parser.add_argument("--knob", default="prompt_blend", help="default: prompt_blend")
    parser.add_argument("--bpm", type=float, default=120.0, help="default: 120")
    parser.add_argument("--turns", type=int, default=6, help="default: 6")
    given = parser.parse_args(words)
    clock, tempo, meter = MonotonicClock(), TempoMap.constant(given.bpm), MeterMap.constant(4, 4)
    with Client(given.endpoint, clock) as client:
        client.on(PromiseMessage, tell)
        client.prompt(given.prompt)
        client.prompt(given.prompt_b, slot="b")
        daw = SimulatedDaw(client, tempo, meter, clock)
        daw.open()
        play_until(daw, lambda d: d.buffered_frames >= d.buffer_frames)
        daw.play()
        for number in range(given.turns):
            middle = daw.grid.sample_of_ppq(4.0 * (number + 1) + 2.0)
            play_until(daw, lambda d, at=middle: d.head.sample >= at)
            value = (number + 1) / given.turns
            turn(daw, given.knob, value, WHENS[number % len(WHENS)])
        play_until(daw, lambda d: all(is_over(change) for change in d.log.changes))
        changes = list(daw.log.changes)
    told = ["TOO_LATE" if c.refused else c.promise.status for c in changes if is_over(c)]
    words_of = (f"{told.count(status)} {status}" for status in dict.fromkeys(told))
    print(f"{len(changes)} changes: {', '.join(words_of)}")


if __name__ == "__main__":
    run_script(main)

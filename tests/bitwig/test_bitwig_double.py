"""The host double is strict: what a script must not do fails in it, in both engines for JavaScript."""

from __future__ import annotations

import pytest

HEAD = 'loadAPI(17); host.defineController("a", "b", "1", "id", "c"); var made = {};'


def source(in_init: str, later: str = "") -> str:
    """A script that does one thing in init, and another in a task 100 ms later."""
    return (
        f"{HEAD} function init() {{ {in_init} host.scheduleTask(later, 100); }}"
        f"function later() {{ {later} }} function exit() {{}}"
    )


def run(host, script: str) -> dict:
    host.call("start", folder=".", source=script)
    host.advance(300)
    return host.state


def test_a_script_that_keeps_the_rules_runs(either):
    script = source(
        "var t = host.createTransport(); t.isPlaying().markInterested(); made.t = t;",
        'println("playing: " + made.t.isPlaying().get()); host.scheduleTask(function () {}, 0);',
    )
    state = run(either, script)
    assert (state["phase"], state["error"], state["log"]) == ("running", None, ["playing: false"])


@pytest.mark.parametrize(
    ("in_init", "later", "words"),
    [
        ("", "host.createTransport();", "createTransport can only be called in init"),
        ("", "host.createTrackBank(8, 0, 0, true);", "can only be called in init"),
        ("", "host.getPreferences();", "can only be called in init"),
        (
            "made.s = host.getDocumentState();",
            'made.s.getStringSetting("a", "b", 9, "");',
            "in init",
        ),
        ("made.t = host.createTransport();", "made.t.isPlaying();", "can only be called in init"),
        (
            "made.t = host.createTransport(); made.t.isPlaying();",
            "made.t.isPlaying().markInterested();",
            "markInterested can only be called in init",
        ),
        (
            "made.t = host.createTransport(); made.t.isPlaying();",
            "made.t.isPlaying().addValueObserver(function () {});",
            "addValueObserver can only be called in init",
        ),
        (
            "made.t = host.createTransport(); made.t.isPlaying();",
            "made.t.isPlaying().get();",
            "was not marked as interesting",
        ),
        (
            "var v = host.createTransport().isPlaying(); v.markInterested(); v.get();",
            "",
            "has no value in init",
        ),
        (
            "var v = host.createTransport().isPlaying(); v.markInterested(); v.markInterested();",
            "",
            "is marked already",
        ),
        ("", "host.scheduleTask(later);", "scheduleTask takes a function and milliseconds"),
        ("", 'host.connectToRemoteHost("127.0.0.1", "5318", later);', "takes a name and a port"),
        ("", "setTimeout(later, 5);", "setTimeout"),
        ("", 'console.log("x");', "console"),
        ("", 'require("net");', "require"),
        ("", "new Promise(later);", "Promise"),
        ("", "loadAPI(17);", "when the script is loaded"),
        (
            'made.c = host.createCursorTrack("a", "b", 0, 8, false);'
            "made.c.clipLauncherSlotBank().getItemAt(0).name();",
            'made.c.clipLauncherSlotBank().getItemAt(0).launchWithOptions("3", "default");',
            "launchWithOptions(3, default)",
        ),
    ],
)
def test_what_bitwig_forbids_stops_the_script(either, in_init, later, words):
    state = run(either, source(in_init, later))
    assert state["phase"] == "crashed"
    assert words in state["error"]


@pytest.mark.parametrize("code", ["128", "-129", "0.5", "'a'", "undefined"])
def test_bytes_are_signed(bitwig, toy, code):
    later = (
        f'host.connectToRemoteHost("127.0.0.1", {toy.port},'
        f" function (connection) {{ connection.send([0, {code}]); }});"
    )
    bitwig.call("start", folder=".", source=source("", later))
    bitwig.advance(200)
    for _ in range(100):
        if (state := bitwig.state)["phase"] == "crashed":
            break
        bitwig.call("settle", ms=50)
    assert state["phase"] == "crashed"
    assert "a byte is -128 to 127" in state["error"]


@pytest.mark.parametrize(
    "code",
    ["new Uint8Array(4)", '"abc".includes("b")', "[1].find(later)", "Object.assign({}, made)"],
)
def test_nodes_realm_has_nothing_newer_than_es5(bitwig, code):
    assert run(bitwig, source("", f"{code};"))["phase"] == "crashed"


def test_after_exit_the_script_is_not_called(either):
    script = source("", 'println("later");')
    either.call("start", folder=".", source=script)
    either.call("exit")
    either.advance(500)
    assert (either.state["phase"], either.state["log"]) == ("exited", [])

"""The plugin's window: its parts without a display, and what a user does to it under an X server."""

import os
import queue
import shutil
import subprocess
import threading
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "daw_clients" / "plugin" / "ui"
BUILD = ROOT / "build" / "plugin-ui"
PACKAGES = ("cairo", "x11", "xcb")
DEADLINE_S = 10.0
BUILD_DEADLINE_S = 600.0
PROMPT, PROMPT_B, SEED, DENOISE, NOTHING = (300, 110), (300, 160), (420, 194), (80, 265), (660, 528)
SPACE_KEYCODE = 65
BASE_SIZE = "680 542"


@pytest.fixture(scope="module")
def programs(needs):
    """The folder of the built test programs."""
    needs(shutil.which("cmake"), "cmake is missing; on Debian: apt-get install cmake")
    needs(Path("/usr/share/dpf/dgl").exists(), "DPF is missing: apt-get install dpf-source")
    found = subprocess.run(["pkg-config", "--exists", *PACKAGES], check=False).returncode == 0
    needs(found, "Cairo or X11 are missing: apt-get install libcairo2-dev libx11-dev libxcb1-dev")
    for command in (["cmake", "-S", SOURCE, "-B", BUILD], ["cmake", "--build", BUILD, "-j2"]):
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=BUILD_DEADLINE_S, check=False
        )
        assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    return BUILD


@pytest.fixture(scope="module")
def display(needs):
    """An X server of its own; nobody owns its clipboard."""
    for tool in ("Xvfb", "xdotool"):
        needs(shutil.which(tool), f"{tool} is missing; on Debian: apt-get install xvfb xdotool")
    reading, writing = os.pipe()
    command = [
        "Xvfb",
        "-displayfd",
        str(writing),
        "-screen",
        "0",
        "1400x1000x24",
        "-nolisten",
        "tcp",
    ]
    server = subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL)
    os.close(writing)
    try:
        with os.fdopen(reading) as told, pytest.MonkeyPatch.context() as patch:
            number = told.readline().strip()
            assert number, "Xvfb did not start"
            patch.setenv("DISPLAY", f":{number}")
            yield
    finally:
        server.terminate()
        server.wait(DEADLINE_S)


class Window:
    """``ui_window``: told by lines what a host does, it tells in lines what its host is told."""

    def __init__(self, program, *arguments):
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self.process = subprocess.Popen([program, *arguments], **pipes)
        self.lines = queue.Queue()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        self.wait_for(f"ready {BASE_SIZE}")

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(line.rstrip("\n"))

    def tell(self, *lines):
        self.process.stdin.writelines(f"{line}\n" for line in lines)
        self.process.stdin.flush()

    def wait_for(self, wanted):
        """The lines before ``wanted``; fails where it does not come."""
        before = []
        while True:
            try:
                line = self.lines.get(timeout=DEADLINE_S)
            except queue.Empty:
                pytest.fail(f"{wanted!r} was not told, but {before}")
            if line == wanted:
                return before
            before.append(line)

    def close(self):
        if self.process.poll() is None:
            self.tell("quit")
        status = self.process.wait(DEADLINE_S)
        self.reader.join(DEADLINE_S)
        self.process.stdin.close()
        self.process.stdout.close()
        return status


@pytest.fixture
def opened(programs, display):
    """``opened(*arguments)`` opens a window; all must end well."""
    windows = []

    def new(*arguments):
        windows.append(Window(programs / "ui_window", *arguments))
        return windows[-1]

    yield new
    assert [window.close() for window in windows] == [0] * len(windows)


@pytest.fixture
def window(opened):
    return opened("1")


def xdotool(*words):
    subprocess.run(["xdotool", *map(str, words)], check=True, timeout=DEADLINE_S)


def click(place):
    xdotool("mousemove", *place, "click", 1)


def without_fonts():
    return {"FONTCONFIG_FILE": str(BUILD / "no_fonts.conf")}


@pytest.mark.parametrize(
    ("program", "environment"),
    [("ui_text_edit", dict), ("ui_panel", dict), ("ui_panel", without_fonts)],
)
def test_the_window_s_parts_hold_without_a_display(programs, environment, program):
    command, env = [programs / program], os.environ | environment()
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[0]) >= 90


def test_the_window_needs_only_libraries_that_every_desktop_has(programs):
    listed = subprocess.run(
        ["readelf", "-d", programs / "ui_window"], capture_output=True, text=True, check=True
    )
    needed = {
        line.split("[")[1].split("]")[0] for line in listed.stdout.splitlines() if "NEEDED" in line
    }
    ours = {"libcairo.so.2", "libX11.so.6", "libxcb.so.1"}
    assert ours <= needed
    assert needed - ours <= {"libstdc++.so.6", "libm.so.6", "libgcc_s.so.1", "libc.so.6"}


def test_typed_text_reaches_the_plugin_on_enter_and_the_space_bar_is_the_host_s_again(window):
    click(PROMPT)
    xdotool("type", "--delay", 5, "warm pads")
    xdotool("key", "Return")
    assert window.wait_for("state prompt warm pads") == []
    xdotool("key", "space")
    window.wait_for(f"key {SPACE_KEYCODE}")


def test_text_is_copied_from_one_field_to_another(window):
    window.tell("state prompt tape hiss")
    click(PROMPT)
    xdotool("key", "ctrl+a", "ctrl+c")
    click(PROMPT_B)
    xdotool("key", "ctrl+v", "Return")
    window.wait_for("state prompt_b tape hiss")


def test_pasting_from_nobody_does_not_end_the_host(window):
    click(PROMPT_B)
    xdotool("key", "ctrl+v", "x", "Return")
    window.wait_for("state prompt_b x")


def test_a_knob_is_dragged_inside_a_gesture(window):
    click(NOTHING)
    x, y = DENOISE
    xdotool("mousemove", x, y, "mousedown", 1, "mousemove", x, y - 18, "mouseup", 1)
    told = window.wait_for("edit 0 0")
    assert told[:2] == ["edit 0 1", "state touch denoise 1"]
    assert told[-2:] == ["param 0 0.700000", "state touch denoise 0"]


def test_no_number_of_a_host_breaks_the_window(window):
    window.tell("param 0 nan", "param 20 nan", "param 99 1", "param 20 1e30", "scale nan")
    for size in ("3 3", "30000 2"):
        window.tell(f"size {size}")
        window.wait_for(f"size {size}")
    window.tell("scale 1")
    window.wait_for(f"size {BASE_SIZE}")


def test_the_window_reads_the_plugin_s_own_words(opened):
    window = opened("1", "side")
    window.tell("word seed 41")
    window.wait_for("read seed 41")
    click(SEED)
    xdotool("key", "End", "2", "Return")
    window.wait_for("state seed 412")

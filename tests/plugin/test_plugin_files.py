"""The built files, judged by tools that are not ours."""

import re
import shutil
import subprocess

import clap_host
import pytest


@pytest.fixture
def validate(needs):
    """``validate(files)``: the number of errors and of files that lv2_validate found."""
    needs(shutil.which("lv2_validate"), "lv2_validate is not installed (Debian: lv2-dev)")

    def call(files):
        told = subprocess.run(
            ["lv2_validate", *map(str, files)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        found = re.search(r"Found (\d+) errors among (\d+) files", told.stdout + told.stderr)
        return int(found[1]), int(found[2])

    return call


def test_lv2_validate_finds_no_error(bundles, validate):
    files = sorted(bundles.lv2.glob("*.ttl"))
    assert len(files) >= 2
    errors, read = validate(files)
    assert errors == 0
    assert read > len(files)  # the standard's own, too


def test_lv2_validate_would_find_one(bundles, validate, tmp_path):
    for file in bundles.lv2.glob("*.ttl"):
        spoilt = file.read_text().replace("lv2:index 0 ;", 'lv2:index "first" ;', 1)
        (tmp_path / file.name).write_text(spoilt)
    errors, _ = validate(sorted(tmp_path.glob("*.ttl")))
    assert errors > 0


def test_lilv_sees_the_ports_and_the_free_wheeling_switch(bundles, needs):
    needs(shutil.which("lv2info"), "lv2info is not installed (Debian: lilv-utils)")
    told = subprocess.run(
        ["lv2info", "urn:anacrusis:bridge"],
        env={"LV2_PATH": f"{bundles.lv2.parent}:/usr/lib/lv2"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout
    assert "lv2core#freeWheeling" in told
    assert told.count("lv2core#AudioPort") == 4
    assert "Denoise" in told


def test_the_clap_bundle_names_itself(bundles, clap):
    (about,) = clap_host.load(bundles.clap).descriptors
    assert about.id == b"org.anacrusis.bridge"
    assert about.name == b"Anacrusis"
    assert clap().latency == 0

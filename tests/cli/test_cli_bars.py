import pytest


def test_bars_at_120_are_two_seconds_apart(bars_json):
    lines = bars_json("--bpm", 120, "--bars", "1-4")
    assert lines == [
        {"bar": i + 1, "ppq": 4.0 * i, "seconds": 2.0 * i, "sample": 96_000 * i} for i in range(4)
    ]


@pytest.mark.parametrize(("law", "seconds"), [("time", 5.3333333333), ("beats", 5.5451774445)])
def test_a_ramp_follows_its_law(bars_json, law, seconds):
    lines = bars_json("--tempo", f"1:120>60/{law}, 3:60", "--bars", "1-3")
    assert lines[2]["seconds"] == pytest.approx(seconds, abs=1e-9)


def test_signatures_change_the_bars_length(bars_json):
    lines = bars_json("--bpm", 60, "--meter", "1:4/4, 2:7/8", "--bars", "1-3", "--rate", 44_100)
    assert [line["ppq"] for line in lines] == [0, 4, 7.5]
    assert lines[2]["sample"] == 330_750


def test_the_table_shows_the_same_lines(anacrusis):
    code, out, _ = anacrusis("bars", "--bpm", 90, "--bars", "3-3")
    assert code == 0
    assert "256000" in out


@pytest.mark.parametrize(
    ("words", "code", "field"),
    [
        (["--bpm", "0"], "OUT_OF_RANGE", "--bpm"),
        (["--bpm", "nan"], "NOT_FINITE", "--bpm"),
        (["--tempo", "1:0"], "OUT_OF_RANGE", "--tempo"),
        (["--tempo", "fast"], "BAD_NOTATION", "--tempo"),
        (["--meter", "1:4/5"], "OUT_OF_RANGE", "--meter"),
        (["--bars", "5-2"], "OUT_OF_RANGE", "--bars"),
        (["--rate", "44101"], "OUT_OF_RANGE", "--rate"),
        (["--bpm", "90", "--tempo", "1:90"], "BAD_NOTATION", "--bpm"),
    ],
)
def test_bad_input_ends_with_a_code_the_field_and_exit_code_2(anacrusis, words, code, field):
    exit_code, out, err = anacrusis("bars", *words)
    assert exit_code == 2
    assert out == ""
    assert f"error {code} {field}:" in err

"""Promises under random songs and hosts: kept to the sample, refused as too late, or told.

The same storms by the hundred are ``make soak``; docs/time.md has its figures.
"""

import pytest
from promise_storm import Storm

CHANGES = 60


@pytest.mark.parametrize(("seed", "wild"), [(1, False), (2, False), (3, True), (4, True)])
def test_every_change_is_heard_on_its_promised_sample_or_somebody_was_told(seed, wild):
    storm = Storm(seed, CHANGES, wild)
    storm.run()
    found = storm.verdicts()
    assert found["kept"] > CHANGES // 4
    assert found["silent_miss"] == 0
    assert found["broken_by_the_engine"] == 0
    assert found["refused"] == 0
    report = storm.daw.report()
    assert (report.gap_frames, report.stale_frames_heard) == (0, 0)
    assert not storm.daw.refusals

"""Following a clock that is told as reports: at this nanosecond it was at this position.

Spec: "Following a host". A second-order delay-locked loop: each report corrects the position by
``b * error`` and the rate by ``c / dt * error``, where ``b = sqrt(2) * w`` and ``c = w * w`` with
``w = 2 * pi * bandwidth_hz * dt`` once it is locked. The gains come from a Kalman filter whose
steady state these are: so they are wide at the start, narrow later, fit any interval between two
reports, and are stable after any gap. Position is in the caller's unit, frames or quarter notes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from bridge_protocol.errors import ErrorCode, RefusedError

HOST_BANDWIDTH_HZ = 0.05
"""For a host's frames: a sound card's clock hardly changes."""
TEMPO_BANDWIDTH_HZ = 0.5
"""For quarter notes of a clock that follows a person's tempo: MIDI clock, Link."""

JITTER_SECONDS = 0.005  # how far off a report is taken to be; only ratios to it matter
KNOWN_RATE_ERROR = 300e-6
LEARNED_RATE_ERROR = 0.5  # of a rate that was learned before a stop or a jump: it may be another
ASTRAY = 6.0  # times what was expected: such a report is not believed on its own
ASTRAY_IN_A_ROW = 4
BURST_NS = 2_000_000  # reports this near each other were held up together
SLEW_SECONDS = 0.1
NS = 1_000_000_000


@dataclass(frozen=True)
class _Line:
    """The clock as known after a report, and how well; ``rate`` is 0 until it is known.

    ``pp``, ``pr``, ``rr`` are the covariance of position and rate, in squared jitters (and
    seconds). ``offset`` is how far what is shown is ahead, worn off within ``slew_seconds``.
    """

    at_ns: int
    position: float
    rate: float
    rr: float
    pp: float = 1.0
    pr: float = 0.0
    offset: float = 0.0
    slew_seconds: float = SLEW_SECONDS
    astray: int = 0  # reports in a row that were not believed, negative for those behind

    def seconds_to(self, time_ns: int) -> float:
        return (time_ns - self.at_ns) / NS

    def shown(self, time_ns: int) -> float:
        seconds = self.seconds_to(time_ns)
        left = 1.0 - min(max(seconds / self.slew_seconds, 0.0), 1.0)
        return self.position + self.rate * seconds + self.offset * left

    def time_shown(self, position: float) -> int:
        into = position - self.position - self.offset
        slewing = self.rate - self.offset / self.slew_seconds
        if 0.0 < into < slewing * self.slew_seconds:
            seconds = into / slewing
        elif into <= 0.0:
            seconds = into / self.rate
        else:
            seconds = (into + self.offset) / self.rate
        return self.at_ns + round(seconds * NS)

    def foreseen(self, time_ns: int, omega: float) -> _Line:
        """At a later time, with what a clock's wander adds to the covariance until then."""
        dt = self.seconds_to(time_ns)
        wander = omega**4 * dt  # the density that makes the steady state's bandwidth omega
        return replace(
            self,
            at_ns=time_ns,
            position=self.position + self.rate * dt,
            pp=self.pp + 2.0 * self.pr * dt + self.rr * dt * dt + wander * dt**3 / 3.0,
            pr=self.pr + self.rr * dt + wander * dt * dt / 2.0,
            rr=self.rr + wander * dt,
        )

    def corrected(self, error: float) -> _Line:
        """After a report that is ahead by ``error``."""
        spread = self.pp + 1.0
        return replace(
            self,
            position=self.position + self.pp / spread * error,
            rate=max(self.rate + self.pr / spread * error, self.rate / 2.0),
            pp=self.pp / spread,
            pr=self.pr / spread,
            rr=self.rr - self.pr * self.pr / spread,
            astray=0,
        )

    def going_on_from(self, shown: float) -> _Line:
        """The same, with no step from what is shown now, and at half the rate at least."""
        offset = shown - self.position
        slew_seconds = max(SLEW_SECONDS, 2.0 * abs(offset) / self.rate)
        return replace(self, offset=offset, slew_seconds=slew_seconds)


class Follower:
    """Follows one clock. O(1) in time and memory; reads no clock itself; guarded by its owner.

    ``units_per_second`` is the rate that the clock claims to have, None where only its reports
    tell. A report off by more than ``resync_limit`` (half a beat) is a jump; so are four in a row
    that are all ahead, or all behind, by more than 30 ms (more where it is not locked yet). Fewer
    of these are passed over. Reports within 2 ms count as one, the last.

    Between jumps the position shown has no steps and never goes back: a correction is worn off in
    a tenth of a second, or slower where it takes more than half the rate. Where no rate is known
    it stands until the second report. Reports that are always late are followed late, by their
    mean delay.

    Raises ``RefusedError``: ``NOT_FINITE`` or ``OUT_OF_RANGE`` for a rate, limit or bandwidth that
    is not above 0, ``NOT_FINITE`` for a position that is not a number.
    """

    def __init__(
        self,
        units_per_second: float | None,
        resync_limit: float,
        *,
        bandwidth_hz: float = HOST_BANDWIDTH_HZ,
    ) -> None:
        for name, value in (
            ("units_per_second", units_per_second),
            ("resync_limit", resync_limit),
            ("bandwidth_hz", bandwidth_hz),
        ):
            _check_positive(value, name)
        self.resync_limit = resync_limit
        self._omega = 2.0 * math.pi * bandwidth_hz
        self._rate_known = units_per_second is not None
        error = (KNOWN_RATE_ERROR / JITTER_SECONDS) ** 2
        self._line = _Line(0, 0.0, units_per_second or 0.0, error)
        self._before = self._line  # what was known before the reports of the last BURST_NS
        self._burst_ns: int | None = None  # when the first of these came
        self._running = False

    @property
    def running(self) -> bool:
        """Whether the clock runs."""
        return self._running

    @property
    def rate(self) -> float:
        """Units per second as learned; 0 while it is unknown, that is before two reports."""
        return self._line.rate

    def start(self, time_ns: int, position: float) -> None:
        """The clock runs on from here: it starts, or it jumped and says so. The rate is kept."""
        _check_finite(position)
        self._line = self._restarted(self._line, time_ns, position)
        self._burst_ns = None
        self._running = True

    def stop(self, position: float) -> None:
        """The clock stands here."""
        _check_finite(position)
        self._line = replace(self._line, position=position)
        self._running = False

    def report(self, time_ns: int, position: float) -> bool:
        """The running clock was here then; True where that is a jump, or a start, nobody told.

        A report from before the last one is passed over.
        """
        _check_finite(position)
        if not self._running:
            self.start(time_ns, position)
            return True
        if time_ns < self._line.at_ns:
            return False
        if self._burst_ns is None or time_ns - self._burst_ns >= BURST_NS:
            self._before, self._burst_ns = self._line, time_ns
        self._line, jumped = self._after(self._before, time_ns, position)
        return jumped

    def position_at(self, time_ns: int) -> float:
        """Where the clock is at a time from the last report on; where it stands if it stands."""
        return self._line.shown(time_ns) if self._running else self._line.position

    def time_of(self, position: float) -> int | None:
        """When the clock is, or was, at a position; None where it stands or has no rate yet."""
        if not self._running or not self._line.rate:
            return None
        return self._line.time_shown(position)

    def _after(self, line: _Line, time_ns: int, position: float) -> tuple[_Line, bool]:
        if not line.rate:
            return self._with_first_rate(line, time_ns, position)
        here = line.foreseen(time_ns, self._omega)
        error = position - here.position
        if abs(error) > self.resync_limit:
            return self._jumped(line, time_ns, position)
        expected = math.sqrt(here.pp + 1.0) * JITTER_SECONDS * line.rate
        if abs(error) > ASTRAY * expected:
            return self._disbelieved(line, time_ns, position, 1 if error > 0.0 else -1)
        new = here.corrected(error).going_on_from(self._line.shown(time_ns))
        if abs(new.offset) > self.resync_limit:  # back from a jump that a burst's first one feigned
            return replace(new, offset=0.0), True
        return new, False

    def _disbelieved(
        self, line: _Line, time_ns: int, position: float, side: int
    ) -> tuple[_Line, bool]:
        """A report that is far ahead (``side`` 1) or behind (-1), and how many of these there are."""
        astray = line.astray + side if line.astray * side > 0 else side
        if abs(astray) < ASTRAY_IN_A_ROW:
            return replace(self._line, astray=astray), False
        return self._jumped(line, time_ns, position)

    def _jumped(self, line: _Line, time_ns: int, position: float) -> tuple[_Line, bool]:
        """On from here, unless a report of the same burst has led here already."""
        off = abs(position - self._line.shown(time_ns))
        if self._line is not line and off <= ASTRAY * JITTER_SECONDS * line.rate:
            return self._line, False
        return self._restarted(line, time_ns, position), True

    def _with_first_rate(self, line: _Line, time_ns: int, position: float) -> tuple[_Line, bool]:
        """Two reports are the least that tells a rate; it is as exact as they are."""
        dt, went = line.seconds_to(time_ns), position - line.position
        if dt * NS < BURST_NS or went <= 0.0:
            return self._restarted(line, time_ns, position), went < 0.0
        new = _Line(time_ns, position, went / dt, rr=2.0 / (dt * dt), pr=1.0 / dt)
        known = self._line.rate > 0.0  # from an earlier report of this burst
        return new.going_on_from(self._line.shown(time_ns)) if known else new, False

    def _restarted(self, line: _Line, time_ns: int, position: float) -> _Line:
        rr = line.rr
        if not self._rate_known:
            rr = max(rr, (LEARNED_RATE_ERROR / JITTER_SECONDS) ** 2)
        return _Line(time_ns, position, line.rate, rr)


def _check_positive(value: float | None, field: str) -> None:
    if value is None:
        return
    if not math.isfinite(value):
        raise RefusedError(ErrorCode.NOT_FINITE, field, "it is not a number; give one above 0")
    if value <= 0.0:
        text = f"{value:g} is out of range; give a number above 0"
        raise RefusedError(ErrorCode.OUT_OF_RANGE, field, text)


def _check_finite(position: float) -> None:
    if not math.isfinite(position):
        text = "the position is not a number; report frames or quarter notes"
        raise RefusedError(ErrorCode.NOT_FINITE, "position", text)

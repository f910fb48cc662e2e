"""The benchmark of musical time as one measurement, and its result as plain JSON."""

from __future__ import annotations

from dataclasses import dataclass, field

from bridge_protocol.clock import Clock
from engine_host.bench.measure import Tell
from engine_host.bench.time_hog import HogSettings, Play, measure_hog
from engine_host.bench.time_lead import LeadSettings, MakeLive, measure_lead
from engine_host.bench.time_lookups import LookupSettings, measure_lookups

Json = dict[str, object]


@dataclass(frozen=True)
class Settings:
    """What is measured."""

    lead: LeadSettings = field(default_factory=LeadSettings)
    hog: HogSettings = field(default_factory=HogSettings)
    lookups: LookupSettings = field(default_factory=LookupSettings)

    @classmethod
    def quick(cls, seconds: float, hogs: int) -> Settings:
        """A look that takes less than a minute, most of it engines that start."""
        return cls(
            LeadSettings(ticks_ms=(20.0,), depths=(1,), asks=4),
            HogSettings(seconds, hogs),
            LookupSettings(segments=500, scalars=200, elements=10_000, walked=2, rounds=2),
        )


def run(settings: Settings, clock: Clock, tell: Tell, *, make: MakeLive, play: Play) -> Json:
    """Measures everything; ``make`` and ``play`` bring the hosts, which the engine knows nothing of.

    ``tell`` hears about progress. Leaves PyTorch's thread count changed.
    """
    return {
        "lead": measure_lead(settings.lead, make, tell),
        "lookups": measure_lookups(settings.lookups, clock, tell),
        "hog": measure_hog(settings.hog, play, tell),
    }

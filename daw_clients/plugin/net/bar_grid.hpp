// Bar lines in samples: tempo, meter and a rate, put together as bridge_protocol/bars.py does.
#pragma once

#include <cstdint>

#include "net/meter_bars.hpp"
#include "net/tempo_steps.hpp"

namespace anacrusis {

/// Samples are ``rate * seconds``, rounded, a half to the even neighbour; bars are counted from 0 and
/// may be negative. Immutable. Not for the audio thread.
class BarGrid {
public:
    BarGrid(TempoSteps tempo, MeterBars meter, double rate_hz)
        : tempo_(std::move(tempo)), meter_(std::move(meter)), rate_hz_(rate_hz) {}

    const TempoSteps& tempo() const noexcept { return tempo_; }
    const MeterBars& meter() const noexcept { return meter_; }
    double rate_hz() const noexcept { return rate_hz_; }

    std::int64_t sample_of_ppq(double ppq) const noexcept;
    double ppq_of_sample(std::int64_t sample) const noexcept;
    /// A bar's first sample.
    std::int64_t sample(std::int64_t bar) const noexcept;
    /// The bar with ``sample(bar) <= sample < sample(bar + 1)``.
    std::int64_t bar_of_sample(std::int64_t sample) const noexcept;

private:
    TempoSteps tempo_;
    MeterBars meter_;
    double rate_hz_;
};

}  // namespace anacrusis

#include "net/bar_grid.hpp"

#include <cmath>

namespace anacrusis {

std::int64_t BarGrid::sample_of_ppq(double ppq) const noexcept {
    return std::llrint(rate_hz_ * tempo_.seconds(ppq));  // to nearest, halves to even
}

double BarGrid::ppq_of_sample(std::int64_t sample) const noexcept {
    return tempo_.ppq(static_cast<double>(sample) / rate_hz_);
}

std::int64_t BarGrid::sample(std::int64_t bar) const noexcept { return sample_of_ppq(meter_.bar_start(bar)); }

std::int64_t BarGrid::bar_of_sample(std::int64_t at) const noexcept {
    std::int64_t bar = meter_.bar_at(ppq_of_sample(at));
    while (sample(bar) > at) --bar;
    while (sample(bar + 1) <= at) ++bar;
    return bar;
}

}  // namespace anacrusis

#include "net/meter_bars.hpp"

#include <algorithm>
#include <cmath>

namespace anacrusis {
namespace {

constexpr double kTickPpq = 1e-6;

}  // namespace

bool Signature::legal() const noexcept {
    const bool power = denominator >= 1 && denominator <= 32 && (denominator & (denominator - 1)) == 0;
    return power && numerator >= 1 && numerator <= 64;
}

MeterBars::MeterBars(const std::vector<PlacedSignature>& places) {
    changes_.push_back({0, places.front().signature, false, 0.0});
    starts_.push_back({0.0, 0.0});
    for (std::size_t i = 1; i < places.size(); ++i) {
        const MeterChange& before = changes_.back();
        const Start start = starts_.back();
        const double length = before.signature.bar_ppq();
        const double bars = (places[i].ppq - start.ppq()) / length;
        const double whole = std::nearbyint(bars);
        const Start line{start.cut, start.whole + whole * length};
        const bool cuts = std::abs(line.ppq() - places[i].ppq) > kTickPpq;
        const auto count = static_cast<std::int64_t>(cuts ? std::ceil(bars) : whole);
        changes_.push_back({before.bar + count, places[i].signature, cuts, places[i].ppq});
        starts_.push_back(cuts ? Start{places[i].ppq, 0.0} : line);
    }
}

std::size_t MeterBars::row(std::int64_t bar) const noexcept {
    const auto after = std::upper_bound(changes_.begin(), changes_.end(), bar,
                                        [](std::int64_t at, const MeterChange& c) { return at < c.bar; });
    return after == changes_.begin() ? 0 : static_cast<std::size_t>(after - changes_.begin()) - 1;
}

double MeterBars::bar_start(std::int64_t bar) const noexcept {
    const std::size_t at = row(bar);
    const double bars = static_cast<double>(bar - changes_[at].bar);
    return starts_[at].cut + (starts_[at].whole + bars * changes_[at].signature.bar_ppq());
}

std::int64_t MeterBars::bar_at(double ppq) const noexcept {
    const auto after = std::upper_bound(starts_.begin(), starts_.end(), ppq,
                                        [](double at, const Start& start) { return at < start.ppq(); });
    const std::size_t at =
        after == starts_.begin() ? 0 : static_cast<std::size_t>(after - starts_.begin()) - 1;
    const double bars = std::floor((ppq - starts_[at].ppq()) / changes_[at].signature.bar_ppq());
    std::int64_t bar = changes_[at].bar + static_cast<std::int64_t>(bars);
    while (bar_start(bar) > ppq) --bar;
    while (bar_start(bar + 1) <= ppq) ++bar;
    return bar;
}

}  // namespace anacrusis

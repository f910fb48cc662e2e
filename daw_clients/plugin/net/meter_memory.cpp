#include "net/meter_memory.hpp"

#include <algorithm>
#include <cmath>

namespace anacrusis {
namespace {

constexpr double kNearPpq = 1.0 / 480.0;  // hosts count in ticks; no bar is as short
constexpr double kLinePpq = 0.125;        // where no bar is cut, every line is on a multiple of it
constexpr std::size_t kMostPlaces = 2'000;
constexpr double kMostPpq = 900'000.0;

/// The nearest place where a bar line can be, if it is as near as a tick.
double snapped(double ppq) noexcept {
    const double line = std::round(ppq / kLinePpq) * kLinePpq;
    return std::abs(line - ppq) <= kNearPpq ? line : ppq;
}

double modulo(double a, double b) noexcept { return a - std::floor(a / b) * b; }

}  // namespace

bool MeterMemory::is_known(double ppq, double start, Signature signature) const noexcept {
    const std::int64_t bar = bars_.bar_at(start + kNearPpq);
    return std::abs(bars_.bar_start(bar) - start) <= kNearPpq && bars_.signature(bar) == signature &&
           bars_.bar_start(bar + 1) > ppq - kNearPpq;
}

bool MeterMemory::observe(double ppq, std::optional<double> bar_start_ppq, Signature signature) {
    const bool sane = std::isfinite(ppq) && std::abs(ppq) < kMostPpq && signature.legal();
    if (!sane || (bar_start_ppq && !std::isfinite(*bar_start_ppq))) return false;
    double start = bars_.bar_start(bars_.bar_at(ppq));
    if (!learned_) start = std::floor(ppq / signature.bar_ppq()) * signature.bar_ppq();
    if (bar_start_ppq) start = snapped(*bar_start_ppq);
    if (start > ppq + kNearPpq || start < ppq - signature.bar_ppq() - kNearPpq) return false;
    if (is_known(ppq, start, signature)) {
        learned_ = true;
        return false;
    }
    if (places_.size() >= kMostPlaces) clear();
    if (!learned_ || start <= kNearPpq) {
        if (!learned_) places_.clear();
        begin_with(start, signature);
    } else {
        const double end = std::max(start, ppq) + kNearPpq;
        const auto contradicted = [&](const PlacedSignature& p) {
            return p.ppq >= start - kNearPpq && p.ppq <= end;
        };
        places_.erase(std::remove_if(places_.begin() + 1, places_.end(), contradicted), places_.end());
        const auto after = std::find_if(places_.begin(), places_.end(),
                                        [&](const PlacedSignature& p) { return p.ppq > start; });
        places_.insert(after, {start, signature});
    }
    learned_ = true;
    rebuild();
    return true;
}

/// The first signature: its bars go back to 0, where the first of them may be a part of one.
void MeterMemory::begin_with(double start, Signature signature) {
    const double part = modulo(start, signature.bar_ppq());
    const bool whole = part <= kNearPpq || signature.bar_ppq() - part <= kNearPpq;
    const double until = whole ? kNearPpq : part + kNearPpq;
    const auto replaced = [&](const PlacedSignature& p) { return p.ppq <= until; };
    places_.erase(std::remove_if(places_.begin(), places_.end(), replaced), places_.end());
    if (!whole) places_.insert(places_.begin(), {part, signature});
    places_.insert(places_.begin(), {0.0, signature});
}

/// Signatures that change nothing go.
void MeterMemory::rebuild() {
    std::vector<PlacedSignature> kept{places_.front()};
    for (std::size_t i = 1; i < places_.size(); ++i) {
        const MeterBars before(kept);
        const std::int64_t bar = before.bar_at(places_[i].ppq + kNearPpq);
        const double line = before.bar_start(bar);
        const bool natural = std::abs(line - places_[i].ppq) <= kNearPpq;
        if (natural && before.signature(bar) == places_[i].signature) continue;
        kept.push_back({natural ? line : places_[i].ppq, places_[i].signature});
    }
    places_ = std::move(kept);
    bars_ = MeterBars(places_);
}

void MeterMemory::clear() {
    learned_ = false;
    places_ = {{0.0, {}}};
    bars_ = MeterBars(places_);
}

void MeterMemory::restore(const std::vector<PlacedSignature>& places) {
    learned_ = true;
    places_ = places;
    bars_ = MeterBars(places_);
}

}  // namespace anacrusis

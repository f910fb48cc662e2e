#include "net/tempo_memory.hpp"

#include <algorithm>
#include <cmath>

namespace anacrusis {
namespace {

constexpr double kTickPpq = 1.05 / 1920.0;  // hosts that count in ticks: how far they are off
constexpr double kSameBpm = 1e-6;           // of a tempo
constexpr double kDriftBpm = 1e-5;          // a tempo told with few digits
constexpr double kMostStretched = 4.0;      // how far a guessed tempo may be from the one that was told
constexpr double kFinestGridPpq = 0.25;

bool is_legal(double bpm) noexcept { return bpm >= kMinBpm && bpm <= kMaxBpm; }

bool is_plausible(double guess, double told) noexcept {
    return is_legal(guess) && guess <= told * kMostStretched && guess >= told / kMostStretched;
}

bool is_same_tempo(double a, double b) noexcept { return std::abs(a / b - 1.0) <= kSameBpm; }

}  // namespace

TempoMemory::TempoMemory(double rate_hz) : rate_hz_(rate_hz) {}

double TempoMemory::tolerance(double bpm) const noexcept {
    const double half_frame = 0.5 * per_frame(bpm);
    return rough_ ? std::max(half_frame, kTickPpq) : half_frame;
}

std::size_t TempoMemory::row(double ppq) const noexcept {
    const auto after = std::upper_bound(known_.begin(), known_.end(), ppq,
                                        [](double at, const Known& step) { return at < step.ppq; });
    return after == known_.begin() ? 0 : static_cast<std::size_t>(after - known_.begin()) - 1;
}

bool TempoMemory::observe(const TempoFact& fact) {
    if (fact.frame < 0 || !is_legal(fact.bpm) || (fact.ppq && !std::isfinite(*fact.ppq))) return false;
    if (known_.empty()) {
        const bool changed = begin(fact);
        confirm(fact, steps_.ppq(static_cast<double>(fact.frame) / rate_hz_));
        return changed;
    }
    const double foreseen = steps_.ppq(static_cast<double>(fact.frame) / rate_hz_);
    const double ppq = fact.ppq ? *fact.ppq + shift_ : foreseen;
    const double off = std::abs(ppq - foreseen);
    const bool same = is_same_tempo(known_[row(std::max(ppq, foreseen) + kMinStepPpq)].told, fact.bpm);
    bool changed = false;
    if (same && off > tolerance(fact.bpm) && off <= kTickPpq) rough_ = true;
    if (!same || off > tolerance(fact.bpm)) changed = join(fact, ppq);
    confirm(fact, changed ? steps_.ppq(static_cast<double>(fact.frame) / rate_hz_) : foreseen);
    return changed;
}

bool TempoMemory::goes_through_origin(const TempoFact& fact) const noexcept {
    const double natural = static_cast<double>(fact.frame) * per_frame(fact.bpm);
    return !fact.ppq || std::abs(natural - *fact.ppq) <= std::max(kTickPpq, 0.5 * per_frame(fact.bpm));
}

/// Nothing is known, or nothing of it holds any more: one tempo from 0 on, and where the host is
/// elsewhere than that, an average up to here, or another count of quarter notes.
bool TempoMemory::begin(const TempoFact& fact) {
    shift_ = 0.0;
    known_ = {{0.0, fact.bpm, fact.bpm, 0.0}};
    if (goes_through_origin(fact)) return rebuilt();
    const auto frame = static_cast<double>(fact.frame);
    const double average = fact.frame > 0 ? *fact.ppq * 60.0 * rate_hz_ / frame : 0.0;
    if (average >= 0.5 * fact.bpm && average <= 2.0 * fact.bpm && is_legal(average)) {
        known_ = {{0.0, average, average, 0.0}, {*fact.ppq, fact.bpm, fact.bpm, *fact.ppq}};
    } else {
        shift_ = frame * per_frame(fact.bpm) - *fact.ppq;
    }
    return rebuilt();
}

/// A host that tells its one tempo with few digits drifts from it slowly: its ppq is finer.
bool TempoMemory::refine(const TempoFact& fact) {
    if (known_.size() != 1 || shift_ != 0.0 || fact.frame <= 0 || !is_same_tempo(known_[0].told, fact.bpm)) {
        return false;
    }
    const double exact = *fact.ppq * 60.0 * rate_hz_ / static_cast<double>(fact.frame);
    if (std::abs(exact / fact.bpm - 1.0) > kDriftBpm || !is_legal(exact)) return false;
    known_[0].bpm = exact;
    return rebuilt();
}

/// The host is not where the map says, or not at that tempo.
bool TempoMemory::join(const TempoFact& fact, double ppq) {
    const auto frame = static_cast<double>(fact.frame);
    const double foreseen = steps_.ppq(frame / rate_hz_);
    const bool elsewhere = std::abs(ppq - foreseen) > tolerance(fact.bpm);
    if (elsewhere && (refine(fact) || (goes_through_origin(fact) && begin(fact)))) return true;
    if (fact.frames == 0) return false;  // hosts that stand still may tell a place that they have left
    const bool goes_on = next_ == fact.frame;
    const std::size_t base = row(ppq + tolerance(fact.bpm));
    if (ppq < known_[base].seen - tolerance(fact.bpm)) known_[base].seen = known_[base].ppq;  // was edited
    const double from = std::max(known_[base].ppq, goes_on ? before_ppq_ : known_[base].seen);
    const double at_base = steps_.seconds(known_[base].ppq) * rate_hz_;
    const double line = known_[base].ppq + (frame - at_base) * per_frame(known_[base].bpm);
    const double slope = per_frame(known_[base].bpm) - per_frame(fact.bpm);
    const double meet = slope == 0.0 ? line + 1.0 : ppq - (line - ppq) / slope * per_frame(fact.bpm);
    const double slack = tolerance(fact.bpm);
    if (slope != 0.0 && meet >= from - slack && meet <= ppq + slack) {
        return put_step(base, fitting(meet, from, ppq, base, ppq, fact), ppq, fact.bpm);
    }
    return fill(base, from, ppq, fact.bpm, fact.frame) || begin(fact);
}

/// Where the tempo changed: the coarsest place near ``meet`` that fits what the host says.
double TempoMemory::fitting(double meet, double low, double high, std::size_t base, double ppq,
                            const TempoFact& fact) const {
    const double at_base = steps_.seconds(known_[base].ppq) * rate_hz_;
    const double slack = tolerance(fact.bpm);
    for (double grid = 4.0; grid >= kFinestGridPpq; grid /= 2.0) {
        const double place = std::round((meet - shift_) / grid) * grid + shift_;
        if (place < low - slack || place > high + slack) continue;
        const double at = at_base + (place - known_[base].ppq) / per_frame(known_[base].bpm);
        const double told = place + (static_cast<double>(fact.frame) - at) * per_frame(fact.bpm);
        if (std::abs(told - ppq) <= slack) return place;
    }
    return std::clamp(meet, low, std::max(low, high));
}

/// The tempo changes at ``at``; the host is at ``ppq``.
bool TempoMemory::put_step(std::size_t base, double at, double ppq, double bpm) {
    known_.erase(std::remove_if(known_.begin() + static_cast<std::ptrdiff_t>(base) + 1, known_.end(),
                                [&](const Known& step) { return step.ppq <= ppq + kMinStepPpq; }),
                 known_.end());
    if (at <= known_[base].ppq + kMinStepPpq) {
        known_[base].bpm = known_[base].told = bpm;
        known_[base].seen = known_[base].ppq;
    } else {
        known_[base].seen = std::min(known_[base].seen, at);
        known_.insert(known_.begin() + static_cast<std::ptrdiff_t>(base) + 1, {at, bpm, bpm, at});
    }
    return rebuilt();
}

/// Between ``from`` and ``ppq`` nothing is known but that the host got there; false where it can't have.
bool TempoMemory::fill(std::size_t base, double from, double ppq, double bpm, std::int64_t frame) {
    const double at_base = steps_.seconds(known_[base].ppq) * rate_hz_;
    const double from_frame = at_base + (from - known_[base].ppq) / per_frame(known_[base].bpm);
    const double frames = static_cast<double>(frame) - from_frame;
    if (frames < 1.0 || ppq <= from + kMinStepPpq) return false;
    const double average = (ppq - from) * 60.0 * rate_hz_ / frames;
    if (!is_plausible(average, bpm)) return false;
    put_step(base, from, ppq, average);
    const std::size_t filled = row(from + kMinStepPpq);
    known_[filled].seen = ppq;
    known_.insert(known_.begin() + static_cast<std::ptrdiff_t>(filled) + 1, {ppq, bpm, bpm, ppq});
    return rebuilt();
}

void TempoMemory::confirm(const TempoFact& fact, double ppq) {
    before_ppq_ = ppq;
    next_.reset();
    if (fact.frames <= 0) return;
    next_ = fact.frame + fact.frames;
    const double end = steps_.ppq(static_cast<double>(*next_) / rate_hz_);
    for (std::size_t at = row(ppq); at < known_.size() && known_[at].ppq < end; ++at) {
        const double limit = at + 1 < known_.size() ? known_[at + 1].ppq : end;
        known_[at].seen = std::max(known_[at].seen, std::min(end, limit));
    }
}

void TempoMemory::restore(const std::vector<TempoStep>& steps, double shift) {
    known_.clear();
    for (const TempoStep& step : steps) known_.push_back({step.ppq, step.bpm, step.bpm, step.ppq});
    for (std::size_t i = 0; i + 1 < known_.size(); ++i) known_[i].seen = known_[i + 1].ppq;
    shift_ = shift;
    next_.reset();
    rebuilt();
}

/// Steps that change nothing go.
bool TempoMemory::rebuilt() {
    std::vector<Known> kept;
    for (const Known& step : known_) {
        if (!kept.empty() && step.bpm == kept.back().bpm && step.told == kept.back().told) {
            kept.back().seen = std::max(kept.back().seen, step.seen);
        } else {
            kept.push_back(step);
        }
    }
    known_ = std::move(kept);
    std::vector<TempoStep> steps;
    for (const Known& step : known_) steps.push_back({step.ppq, step.bpm});
    steps_ = TempoSteps(std::move(steps));
    return true;
}

}  // namespace anacrusis

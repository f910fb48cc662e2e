#include "net/tempo_steps.hpp"

#include <algorithm>
#include <limits>

namespace anacrusis {
namespace {

constexpr double kEndless = std::numeric_limits<double>::infinity();

/// 0 and the sum after each length, with the rounding errors carried along (Neumaier).
std::vector<double> running_sums(const std::vector<TempoStep>& steps) {
    double total = 0.0, error = 0.0;
    std::vector<double> sums{0.0};
    for (std::size_t i = 1; i < steps.size(); ++i) {
        const double length = 60.0 * (steps[i].ppq - steps[i - 1].ppq) / steps[i - 1].bpm;
        const double sum = total + length;
        const double big = std::max(total, length), small = std::min(total, length);
        error += (big - sum) + small;
        total = sum;
        sums.push_back(total + error);
    }
    return sums;
}

}  // namespace

TempoSteps::TempoSteps(std::vector<TempoStep> steps) : steps_(std::move(steps)),
    seconds_(running_sums(steps_)) {}

std::size_t TempoSteps::row(double ppq) const noexcept {
    const auto after = std::upper_bound(steps_.begin(), steps_.end(), ppq,
                                        [](double at, const TempoStep& step) { return at < step.ppq; });
    return after == steps_.begin() ? 0 : static_cast<std::size_t>(after - steps_.begin()) - 1;
}

double TempoSteps::seconds(double ppq) const noexcept {
    const std::size_t at = row(ppq);
    const double end = at + 1 < seconds_.size() ? seconds_[at + 1] : kEndless;
    return std::min(seconds_[at] + 60.0 * (ppq - steps_[at].ppq) / steps_[at].bpm, end);
}

double TempoSteps::ppq(double seconds) const noexcept {
    const auto after = std::upper_bound(seconds_.begin(), seconds_.end(), seconds);
    const std::size_t at =
        after == seconds_.begin() ? 0 : static_cast<std::size_t>(after - seconds_.begin()) - 1;
    const double end = at + 1 < steps_.size() ? steps_[at + 1].ppq : kEndless;
    return std::min(steps_[at].ppq + steps_[at].bpm * (seconds - seconds_[at]) / 60.0, end);
}

double TempoSteps::bpm(double ppq) const noexcept { return steps_[row(ppq)].bpm; }

}  // namespace anacrusis

#include "net/timeline.hpp"

#include <cmath>

namespace anacrusis {

Timeline::Timeline(double rate_hz)
    : rate_hz_(rate_hz), tempo_(rate_hz), grid_(TempoSteps(), MeterBars(), rate_hz) {}

bool Timeline::observe(const RunRecord& run) {
    if (run.sample < 0 || !run.has_tempo) return false;
    TempoFact fact{run.sample, run.playing ? std::int64_t{run.frames} : 0, std::nullopt, run.bpm};
    if (run.has_ppq) fact.ppq = run.ppq;
    const double shift = tempo_.shift();
    bool changed = tempo_.observe(fact);
    if (changed && tempo_.shift() != shift) meter_.clear();
    if (run.has_signature) changed = observe_meter(run, tempo_.shift()) || changed;
    if (changed) rebuild();
    return changed;
}

bool Timeline::observe_meter(const RunRecord& run, double shift) {
    const double ppq = run.has_ppq ? run.ppq + shift
        : tempo_.steps().ppq(static_cast<double>(run.sample) / rate_hz_);
    const Signature signature{run.numerator, run.denominator};
    std::optional<double> start;
    if (run.has_bar_start) {
        start = run.has_ppq ? run.bar_start_ppq + shift : ppq + run.bar_start_ppq;
    } else if (run.has_ppq && shift != 0.0 && signature.legal()) {  // the host's bars are counted from its 0
        start = std::floor(run.ppq / signature.bar_ppq()) * signature.bar_ppq() + shift;
    }
    return meter_.observe(ppq, start, signature);
}

void Timeline::restore(const std::vector<TempoStep>& tempo, const std::vector<PlacedSignature>& meter,
                       double shift) {
    tempo_.restore(tempo, shift);
    meter_.restore(meter);
    rebuild();
}

Timeline Timeline::at_rate(double rate_hz) const {
    Timeline other(rate_hz);
    if (!empty()) other.restore(tempo(), meter(), shift());
    return other;
}

void Timeline::rebuild() {
    grid_ = BarGrid(tempo_.steps(), meter_.bars(), rate_hz_);
    ++revision_;
}

}  // namespace anacrusis

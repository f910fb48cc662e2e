#include "dpf/lv2_bars.hpp"

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <initializer_list>

namespace anacrusis {
namespace {

constexpr double kJudgedPpq = 1.0 / 16.0;  // far enough that ticks of 1/1920 don't matter
constexpr double kLongestPpq = 2.0;
constexpr double kSlackPpq = 0.004;
constexpr std::int64_t kSlackFrames = 2;

double bar_ppq(const HostTime& time) noexcept { return 4.0 * time.numerator / time.denominator; }

double wrapped(double ppq, double bar) noexcept { return ppq - bar * std::floor(ppq / bar); }

/// Whether two places in a bar are the same, give or take.
bool same_place(double a, double b, double bar) noexcept {
    const double apart = wrapped(a - b, bar);
    return apart < kSlackPpq || apart > bar - kSlackPpq;
}

}  // namespace

double tempo_as_typed(double bpm) noexcept {
    const auto single = static_cast<float>(bpm);
    if (static_cast<double>(single) != bpm) return bpm;
    char text[32];
    double typed = bpm;
    const auto end = std::to_chars(text, text + sizeof(text), single);
    if (end.ec == std::errc()) std::from_chars(text, end.ptr, typed);
    return typed;
}

void Lv2Bars::apply(const Lv2Count& count, std::uint32_t frames, HostTime& time) noexcept {
    if (!time.has_frame || !time.has_tempo) return;
    time.bpm = tempo_as_typed(time.bpm);
    learn(count, time);
    expected_frame_ = time.frame + (time.playing ? std::int64_t{frames} : 0);

    const double passed = quarters(time.frame - count.frame, time);
    time.has_ppq = count.has_beat && beat_is_ppq_;
    if (time.has_ppq) time.ppq = count.beat + passed;

    const bool counts = unit_ != Unit::unknown && unit_ != Unit::none;
    time.has_bar_start = count.has_bar_beat && time.has_signature && counts;
    if (!time.has_bar_start) return;
    const double inside = wrapped(place(unit_, count.bar_beat, time.denominator) + passed, bar_ppq(time));
    time.bar_start_ppq = (time.has_ppq ? time.ppq : 0.0) - inside;
}

double Lv2Bars::place(Unit unit, double bar_beat, int denominator) noexcept {
    const double beat = 4.0 / denominator;
    if (unit == Unit::quarters) return bar_beat;
    if (unit == Unit::beats) return bar_beat * beat;
    return std::floor(bar_beat) * beat + (bar_beat - std::floor(bar_beat));
}

double Lv2Bars::quarters(std::int64_t frames, const HostTime& time) const noexcept {
    return static_cast<double>(frames) * time.bpm / (60.0 * rate_hz_);
}

void Lv2Bars::learn(const Lv2Count& count, const HostTime& time) noexcept {
    if (has_anchor_ && count.frame == anchor_.frame) return;
    const bool went_on = has_anchor_ && std::llabs(time.frame - expected_frame_) <= kSlackFrames &&
                         time.bpm == anchor_time_.bpm && time.numerator == anchor_time_.numerator &&
                         time.denominator == anchor_time_.denominator;
    const double passed = quarters(count.frame - anchor_.frame, time);
    if (!went_on || passed < 0.0 || passed > kLongestPpq) return begin(count, time);
    if (passed < kJudgedPpq) return;
    judge(count, time, passed);
    begin(count, time);
}

/// Compares from here on. The very first count of all is believed where it is likely.
void Lv2Bars::begin(const Lv2Count& count, const HostTime& time) noexcept {
    if (!has_anchor_) {
        const bool maybe_of_bar = count.beat == std::floor(count.beat) && count.beat < time.numerator;
        const bool as_from_start = std::fabs(count.beat - quarters(count.frame, time)) < kSlackPpq;
        beat_is_ppq_ = count.has_beat && (as_from_start || !maybe_of_bar);
        if (time.denominator == 4 && (count.bar_beat > 0.0 || count.frame == 0)) unit_ = Unit::beats;
    }
    has_anchor_ = true;
    anchor_ = count;
    anchor_time_ = time;
}

void Lv2Bars::judge(const Lv2Count& count, const HostTime& time, double passed_ppq) noexcept {
    beat_is_ppq_ = count.has_beat && std::fabs(count.beat - anchor_.beat - passed_ppq) < kSlackPpq;
    // Between two beats ticks and quarters look alike; hosts that tell the song's ppq mean quarters.
    const Unit likely = beat_is_ppq_ ? Unit::quarters : Unit::beats;
    for (const Unit unit : {unit_, likely, Unit::beats, Unit::ticks, Unit::quarters}) {
        if (unit == Unit::unknown || unit == Unit::none) continue;
        const double before = place(unit, anchor_.bar_beat, time.denominator);
        unit_ = unit;
        const double now = place(unit, count.bar_beat, time.denominator);
        if (same_place(now, before + passed_ppq, bar_ppq(time))) return;
    }
    unit_ = Unit::none;
}

}  // namespace anacrusis

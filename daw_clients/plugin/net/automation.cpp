#include "net/automation.hpp"

#include <algorithm>
#include <cmath>

namespace anacrusis {
namespace {

constexpr double kTolerance = 0.001;  // of a control's range

LaneMemory memory_of(const ControlSpec& spec) {
    const double range = plain_number(spec.maximum) - plain_number(spec.minimum);
    return {plain_number(spec.default_value), kTolerance * range};
}

}  // namespace

Automation::Automation(double rate_hz) : samples_per_frame_(rate_hz / static_cast<double>(kCurveRateHz)) {
    for (const ControlSpec& spec : kControls) memories_.push_back(memory_of(spec));
}

bool Automation::is_lane(int control) noexcept {
    const ControlSpec& spec = kControls[index(control)];
    return spec.role == Role::engine && spec.lane;
}

bool Automation::is_single(int control) noexcept {
    const ControlSpec& spec = kControls[index(control)];
    return spec.role == Role::engine && !spec.lane;
}

void Automation::run(const RunRecord& run) {
    if (playing_ || run.at_ns != block_at_ns_) stopped_now_ = playing_ && !run.playing;
    offline_ = run.offline, playing_ = run.playing;
    const auto start = static_cast<double>(run.sample);
    const double frames = run.playing ? static_cast<double>(run.frames) : 0.0;
    const auto first = static_cast<std::int64_t>(std::ceil(start / samples_per_frame_));
    const auto end = static_cast<std::int64_t>(std::ceil((start + frames) / samples_per_frame_));
    if (run.at_ns != block_at_ns_) {
        block_at_ns_ = run.at_ns;
        if (++block_ > 2) finish(block_ - 2);
    }
    passes_.push_back({++newest_, block_, run.epoch, std::max<std::int64_t>(first, 0),
                       std::max<std::int64_t>(end, 0)});
}

void Automation::curve(const CurveRecord& curve) {
    if (curve.control >= kControlCount || !std::isfinite(curve.value)) return;
    Track& track = tracks_[curve.control];
    const bool first = track.epoch != curve.epoch;
    track.epoch = curve.epoch;
    const auto passed = std::find_if(passes_.begin(), passes_.end(), [&](const Pass& pass) {
        const bool ahead = pass.id > track.pass || (pass.id == track.pass && curve.curve_frame >= track.next);
        return ahead && pass.epoch == curve.epoch && curve.curve_frame >= pass.first &&
            curve.curve_frame < pass.end;
    });
    if (passed == passes_.end()) {
        track.value = curve.value;
        tell_standing(curve.control, curve, first);
        return;
    }
    advance(curve.control, passed->id, curve.curve_frame);
    track.value = curve.value;
    if (is_lane(curve.control)) {
        const bool at_once = track.touched || (first && offline_);
        LaneMemory& memory = memories_[curve.control];
        if (first && memory.is_constant() && !offline_) {
            memory.stand(curve.curve_frame, plain_number(curve.value));
        }
        memory.follow(curve.curve_frame, plain_number(curve.value), passed->id, at_once);
    }
    track.pass = passed->id;
    track.next = curve.curve_frame + 1;
}

/// A value at no frame that was passed: the host stands, or begins between two frames. A place that the
/// host has just come to, or stopped at, says nothing against what is remembered of it: hosts differ in
/// what they show there.
void Automation::tell_standing(int control, const CurveRecord& curve, bool first) {
    if (!is_lane(control)) return;
    LaneMemory& memory = memories_[index(control)];
    const std::int64_t frame = std::max<std::int64_t>(curve.curve_frame, 0);
    if (first && offline_ && playing_ && !memory.is_constant()) {
        memory.follow(frame, plain_number(curve.value), newest_, true);
    } else if ((!first && !stopped_now_) || memory.is_constant()) {
        memory.stand(frame, plain_number(curve.value));
    }
}

void Automation::gesture(const GestureRecord& gesture) {
    if (gesture.control < kControlCount) tracks_[gesture.control].touched = gesture.touched;
}

void Automation::settle() { finish(block_); }

/// Takes the frames up to ``frame`` of ``pass`` as passed with the value told last.
void Automation::advance(int control, std::uint64_t pass, std::int64_t frame) {
    Track& track = tracks_[index(control)];
    for (const Pass& passed : passes_) {
        if (passed.id > pass) break;
        if (passed.id < track.pass) continue;
        const std::int64_t from = passed.id == track.pass ? std::max(track.next, passed.first) : passed.first;
        const std::int64_t end = passed.id == pass ? std::min(frame, passed.end) : passed.end;
        if (track.value && is_lane(control)) {
            const double value = plain_number(*track.value);
            LaneMemory& memory = memories_[index(control)];
            for (std::int64_t at = from; at < end; ++at) memory.follow(at, value, passed.id, track.touched);
        }
        track.pass = passed.id;
        track.next = std::max(from, end);
    }
}

void Automation::finish(std::uint64_t block) {
    const auto after = std::find_if(passes_.begin(), passes_.end(),
                                    [&](const Pass& pass) { return pass.block > block; });
    if (after == passes_.begin()) return;
    const std::uint64_t pass = std::prev(after)->id;
    for (int control = 0; control < kControlCount; ++control) {
        if (kControls[control].role == Role::engine) {
            advance(control, pass, std::numeric_limits<std::int64_t>::max());
        }
    }
    passes_.erase(passes_.begin(), after);
}

std::uint64_t Automation::corrections() const noexcept {
    std::uint64_t sum = 0;
    for (const LaneMemory& memory : memories_) sum += memory.corrections();
    return sum;
}

}  // namespace anacrusis

// Automation at 25 Hz of song time, from what a host tells block by block. Audio thread alone;
// real-time safe.
#pragma once

#include <algorithm>
#include <bitset>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "core/contract.hpp"
#include "core/engine_values.hpp"
#include "core/play_head.hpp"

namespace anacrusis {

/// Tells each engine control's value on the curve frames (sample = curve_frame * rate / 25, from 0 on)
/// that a playing host passes, where it differs from the one told last.
///
/// Inside a block the value goes on a straight line from the block's own to that of the next block, so
/// what is told lags one block. Where the next block doesn't go on at the block's end (a locate, a wrap
/// between blocks), the block's own value holds. Where a loop wraps inside a block, the block's own value
/// holds up to there, and the next block's is that of the frames after it. Choices and whole numbers have
/// the block's own value throughout.
///
/// At the first frame of an epoch all engine controls are told, and while the host stands still each one
/// that changes; both for the curve frame at or before the host's place.
///
/// ``Tell`` is ``bool(int control, std::uint32_t epoch, std::int64_t curve_frame, float value)``; where
/// it returns false the value was not told, and is told at the next occasion. Values are finite.
class CurveSampler {
public:
    /// Forgets all. Main thread.
    void prepare(double rate_hz) noexcept {
        *this = CurveSampler{};
        step_frames_ = std::max<std::int64_t>(1, std::llround(rate_hz / static_cast<double>(kCurveRateHz)));
    }

    /// Takes the values at the first frame of a block whose first run is ``first``, and tells the block
    /// before's. To be called before the block's runs are added.
    template <typename Tell>
    void begin_block(const EngineValues& values, const Run& first, const Tell& tell) {
        const bool goes_on = !first.wrapped && first.epoch == pending_.epoch &&
                             first.sample == pending_.sample + pending_.frames;
        tell_pending(goes_on ? values : values_, tell);
        values_ = values;
        wrapped_inside_ = false;
    }

    /// Takes the block's runs, in order. ``new_epoch``: this is the first of its epoch.
    template <typename Tell>
    void add(const Run& run, bool new_epoch, const Tell& tell) {
        if (new_epoch) {
            told_.reset();
        }
        if (!run.playing || !told_.all()) {
            tell_here(run, tell);
        }
        if (!run.playing) {
            return;
        }
        if (pending_.frames > 0 && !run.wrapped) {  // a long block, taken piece by piece
            pending_.frames += run.frames;
            return;
        }
        wrapped_inside_ = wrapped_inside_ || pending_.frames > 0;
        tell_pending(values_, tell);
        pending_ = {run.epoch, run.sample, run.frames};
    }

    /// How many records one block of ``frames`` frames makes at most.
    std::size_t most_records(std::uint32_t frames) const noexcept {
        return kEngineControlCount * static_cast<std::size_t>(2 + frames / step_frames_);
    }

private:
    struct Pending {
        std::uint32_t epoch = 0;
        std::int64_t sample = 0, frames = 0;
    };

    static constexpr std::int64_t floor_divided(std::int64_t a, std::int64_t b) noexcept {
        return a / b - (a % b < 0 ? 1 : 0);
    }

    template <typename Tell>
    void tell_one(std::size_t row, std::uint32_t epoch, std::int64_t frame, float value, const Tell& tell) {
        if ((!told_[row] || told_values_[row] != value) && tell(kEngineControls[row], epoch, frame, value)) {
            told_[row] = true;
            told_values_[row] = value;
        }
    }

    template <typename Tell>
    void tell_here(const Run& run, const Tell& tell) {
        const std::int64_t frame = std::max<std::int64_t>(0, floor_divided(run.sample, step_frames_));
        for (std::size_t row = 0; row < kEngineControlCount; ++row) {
            tell_one(row, run.epoch, frame, values_[row], tell);
        }
    }

    /// ``next``: the values at the pending run's end.
    template <typename Tell>
    void tell_pending(const EngineValues& next, const Tell& tell) {
        const Pending run = pending_;
        pending_ = {};
        if (run.frames == 0 || (next == values_ && values_ == told_values_)) {
            return;
        }
        const std::int64_t first = std::max<std::int64_t>(0, -floor_divided(-run.sample, step_frames_));
        for (std::int64_t frame = first; frame * step_frames_ < run.sample + run.frames; ++frame) {
            const auto into = static_cast<double>(frame * step_frames_ - run.sample);
            const double share = wrapped_inside_ ? 1.0 : into / static_cast<double>(run.frames);
            for (std::size_t row = 0; row < kEngineControlCount; ++row) {
                tell_one(row, run.epoch, frame, value_at(row, next, share), tell);
            }
        }
    }

    float value_at(std::size_t row, const EngineValues& next, double share) const noexcept {
        const double from = values_[row], to = next[row];
        const bool steps = moves_in_steps(kControls[kEngineControls[row]]);
        return steps ? values_[row] : static_cast<float>(from + (to - from) * share);
    }

    std::int64_t step_frames_ = 1;
    EngineValues values_{};  // at the first frame of the block that is pending
    EngineValues told_values_{};
    std::bitset<kEngineControlCount> told_;
    Pending pending_;
    bool wrapped_inside_ = false;
};

}  // namespace anacrusis

// Between which song samples a host loops: as it says, or as it was seen to do. Audio thread alone;
// real-time safe.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstdlib>

#include "core/contract.hpp"

namespace anacrusis {

/// The song's samples ``[start, end)``, over and over.
struct Loop {
    bool valid = false;
    std::int64_t start = 0, end = 0;
    double start_ppq = 0.0, end_ppq = 0.0;
};

/// A jump that nobody foresaw: from where playing on would have led, to where the host is.
struct Jump {
    std::int64_t from, to;
    double from_ppq, to_ppq;   // 0 where the host has none
    bool wrapped;              // a wrap had been foreseen in the block before,
    std::int64_t since_wrap;   // so many frames before ``from``
};

/// The sample of a place ``quarters`` after ``sample``. As in the engine, halves go to the even
/// neighbour; what is a half but for the noise of the sum counts as one.
inline std::int64_t sample_after(std::int64_t sample, double quarters, double frames_per_quarter) noexcept {
    constexpr double kFarthest = 1e12, kNoise = 1e-4;
    const double frames = quarters * frames_per_quarter;
    if (!(std::fabs(frames) < kFarthest)) {
        return frames > 0.0 ? sample + static_cast<std::int64_t>(kFarthest)
                            : sample - static_cast<std::int64_t>(kFarthest);
    }
    const double whole = std::floor(frames);
    const std::int64_t below = sample + static_cast<std::int64_t>(whole);
    const double rest = frames - whole;
    if (std::fabs(rest - 0.5) < kNoise) {
        return below + (below & 1);
    }
    return below + (rest > 0.5 ? 1 : 0);
}

/// Loops announced by the host in quarter notes, put right by the wraps that were seen; and loops that a
/// host doesn't announce (LV2): the second time that it jumps back from the same sample to the same
/// sample, it is taken to go on so, until it doesn't.
class LoopPoints {
public:
    /// Shorter ones are none: their wraps are locates.
    static constexpr std::int64_t kShortestFrames = 64;

    /// ``slop_frames``: how far a host's own words on its loop may be from what it does.
    void prepare(std::int64_t slop_frames) noexcept {
        *this = LoopPoints{};
        slop_ = slop_frames;
    }

    /// The loop of a host that is at ``sample`` and ``ppq``.
    Loop of(const HostTime& host, std::int64_t sample, double ppq, double frames_per_quarter) const noexcept {
        if (!host.looping) {
            return seen_;
        }
        Loop loop{true, 0, 0, host.loop_start_ppq, host.loop_end_ppq};
        loop.start = sample_after(sample, loop.start_ppq - ppq, frames_per_quarter);
        loop.end = sample_after(sample, loop.end_ppq - ppq, frames_per_quarter);
        if (learned_.valid && learned_.start_ppq == loop.start_ppq && learned_.end_ppq == loop.end_ppq) {
            loop = learned_;
        }
        loop.valid = loop.end - loop.start >= kShortestFrames;
        return loop;
    }

    /// What a jump while playing says about the loop that the host was thought to be in.
    void learn(const Loop& loop, const HostTime& host, const Jump& jump) noexcept {
        seen_.valid = false;
        if (host.looping) {
            jump_.from = jump_.to = 0;
            learn_announced(loop, jump);
            return;
        }
        const bool again = jump.to < jump.from && jump.from == jump_.from && jump.to == jump_.to;
        jump_ = jump;
        if (again && jump.from - jump.to >= kShortestFrames) {
            seen_ = {true, jump.to, jump.from, jump.to_ppq, jump.from_ppq};
        }
    }

    /// The host went on past the end of a loop that it never announced.
    void let_go() noexcept { seen_.valid = false; }

private:
    void learn_announced(const Loop& loop, const Jump& jump) noexcept {
        const std::int64_t missed = jump.wrapped ? jump.since_wrap : std::llabs(jump.from - loop.end);
        if (!loop.valid || jump.to >= jump.from) {
            return;
        }
        if (missed <= slop_) {  // it wraps between blocks: right here
            learned_ = {true, jump.to, jump.from, loop.start_ppq, loop.end_ppq};
        } else if (jump.wrapped) {  // inside the block, to elsewhere: the tempo changes inside the loop
            learned_ = {true, jump.to - jump.since_wrap, loop.end, loop.start_ppq, loop.end_ppq};
        }
    }

    std::int64_t slop_ = 0;
    Loop learned_, seen_;
    Jump jump_{};
};

}  // namespace anacrusis

// The straight runs of a block. Audio thread alone; real-time safe.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "core/play_head.hpp"

namespace anacrusis {

/// The runs of kMostFrames frames at most, in order.
class RunList {
public:
    /// Longer blocks are taken piece by piece.
    static constexpr std::uint32_t kMostFrames = 16'384;

    /// Moves the head over ``frames`` frames.
    void take(PlayHead& head, std::uint32_t frames) noexcept {
        count_ = 0;
        frames_ = 0;
        while (frames_ < frames && count_ < kMost) {
            Run& run = runs_[count_++];
            run = head.next(frames - frames_);
            run.offset = frames_;
            frames_ += run.frames;
        }
    }

    std::uint32_t frames() const noexcept { return frames_; }
    std::size_t size() const noexcept { return count_; }
    const Run* begin() const noexcept { return runs_.data(); }
    const Run* end() const noexcept { return runs_.data() + count_; }
    const Run& front() const noexcept { return runs_.front(); }

private:
    static constexpr std::size_t kMost = kMostFrames / LoopPoints::kShortestFrames + 2;
    std::array<Run, kMost> runs_{};
    std::size_t count_ = 0;
    std::uint32_t frames_ = 0;
};

}  // namespace anacrusis

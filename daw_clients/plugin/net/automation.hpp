// What the host's knobs do, out of the audio thread's records. One thread at a time; not for the audio
// thread.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "core/contract.hpp"
#include "net/lane_memory.hpp"

namespace anacrusis {

/// Follows every engine control: its newest value, and where the engine takes a lane, its memory. The
/// curves of a block come with the next block's records, and only where they change, so a block's
/// unchanged frames are taken as passed two blocks later.
class Automation {
public:
    explicit Automation(double rate_hz);

    void run(const RunRecord& run);
    void curve(const CurveRecord& curve);
    void gesture(const GestureRecord& gesture);
    /// All that was passed is taken: the host has stopped, or the queue was lost.
    void settle();

    /// The newest value that the host told; nothing before the first.
    std::optional<float> value(int control) const noexcept { return tracks_[index(control)].value; }
    bool touched(int control) const noexcept { return tracks_[index(control)].touched; }
    LaneMemory& memory(int control) noexcept { return memories_[index(control)]; }
    const LaneMemory& memory(int control) const noexcept { return memories_[index(control)]; }
    /// Counts what was learned against all memories.
    std::uint64_t corrections() const noexcept;

    /// Controls that are sent as lanes, and those that are sent as single values.
    static bool is_lane(int control) noexcept;
    static bool is_single(int control) noexcept;

    /// Memories of another rate's session are the same: frames are counted in seconds.
    void set_rate(double rate_hz) noexcept {
        samples_per_frame_ = rate_hz / static_cast<double>(kCurveRateHz);
    }

private:
    struct Pass {
        std::uint64_t id, block;
        std::uint32_t epoch;
        std::int64_t first, end;  // curve frames
    };
    struct Track {
        std::optional<float> value;
        bool touched = false;
        std::uint64_t pass = 0;                 // up to where it was followed: this pass,
        std::int64_t next = 0;                  // and the next frame of it
        std::uint32_t epoch = 0;                // of the newest value that was told
    };

    static std::size_t index(int control) noexcept { return static_cast<std::size_t>(control); }
    void advance(int control, std::uint64_t pass, std::int64_t frame);
    void finish(std::uint64_t block);
    void tell_standing(int control, const CurveRecord& curve, bool first);

    double samples_per_frame_;
    std::vector<LaneMemory> memories_;
    std::array<Track, kControlCount> tracks_{};
    std::deque<Pass> passes_;
    std::uint64_t newest_ = 0, block_ = 1;
    std::int64_t block_at_ns_ = 0;
    bool offline_ = false, playing_ = false;
    bool stopped_now_ = false;  // the block is the first in which the host stands
};

}  // namespace anacrusis

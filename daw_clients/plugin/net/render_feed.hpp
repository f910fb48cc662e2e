// The blocks of an offline render on their way into the ring. Network thread.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "core/audio_ring.hpp"

namespace anacrusis {

/// One render after another, each from a song sample on. Nothing is dropped for want of room.
class RenderFeed {
public:
    explicit RenderFeed(AudioRing& ring) : ring_(ring) {}

    /// A render begins at song sample ``start``, for an epoch whose addresses lie ``line`` below the song
    /// samples.
    void begin(std::uint32_t epoch, std::int64_t line, std::int64_t start);
    /// A block at an address of the render.
    void add(std::int64_t address, std::vector<float> samples);
    /// Puts blocks in the ring as far as there is room, each frame once; what lies before the epoch began,
    /// or from song sample ``end`` on, is not wanted.
    void write(std::int64_t end);
    /// Forgets what waits.
    void clear() noexcept { waiting_.clear(); }
    bool empty() const noexcept { return waiting_.empty(); }

    /// The credit that is due, as an address of the render: it keeps the ring half full.
    std::optional<std::int64_t> due_credit();

private:
    struct Block {
        std::int64_t sample;
        std::vector<float> samples;
        std::int64_t done;  // frames that are in the ring, or not wanted
    };

    AudioRing& ring_;
    std::uint32_t epoch_ = 0;
    std::int64_t line_ = 0, start_ = 0, granted_ = 0;
    std::deque<Block> waiting_;
};

}  // namespace anacrusis

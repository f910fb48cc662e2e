// Finds the engine's sound for the host's place. Audio thread alone; real-time safe.
#pragma once

#include <cstdint>

#include "core/audio_ring.hpp"
#include "core/contract.hpp"
#include "core/play_head.hpp"
#include "core/run_list.hpp"
#include "core/spans.hpp"

namespace anacrusis {

/// The song samples ``[start, end)`` that have sound; none where that is empty.
struct WetRange {
    std::int64_t start = 0, end = 0;

    static WetRange of(const Shared& shared) noexcept {
        return {shared.wet_start.load(std::memory_order_relaxed),
                shared.wet_end.load(std::memory_order_relaxed)};
    }
    bool known() const noexcept { return start < end; }
    bool has(std::int64_t sample) const noexcept { return sample >= 0 && sample >= start && sample < end; }
};

/// What a run has to do with the range: its frames that should have sound.
Part due_part(const Run& run, const WetRange& range) noexcept;

/// Compares runs with the ring's tags. Two frames either side of a loop wrap, any sample of the epoch is
/// taken: the engine may round the loop's ends to the other side.
class SoundFinder {
public:
    explicit SoundFinder(const AudioRing& ring) noexcept : ring_(ring) {}

    /// Fills ``spans`` with the frames of the runs that are there. True if all that should be are.
    bool find(const RunList& runs, const WetRange& range, Spans& spans) const noexcept;

    /// How many frames, ``limit`` at most, are there on end where ``head`` goes on.
    std::uint32_t count_after(PlayHead head, const WetRange& range, std::uint32_t limit) const noexcept;

    /// Reads a run's frames ``[from, end)`` as long as they are there; returns how many.
    std::uint32_t read(const Run& run, std::uint32_t from, std::uint32_t end, float* left,
                       float* right) const noexcept;

private:
    std::uint32_t count(const Run& run, Part part, bool there) const noexcept;

    const AudioRing& ring_;
};

}  // namespace anacrusis

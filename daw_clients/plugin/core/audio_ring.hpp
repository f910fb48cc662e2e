// The engine's sound on its way to the audio thread: a fixed memory that is addressed by position, never
// by order. One writer (the network thread), one reader (the audio thread), no locks.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "core/epoch_table.hpp"

namespace anacrusis {

/// Stereo frames at ``(base of the epoch + address) mod capacity``, each under a tag that says what it
/// was made for; a reader that knows what it wants to hear can never be given anything else.
///
/// A tag holds 16 bits of the epoch, 8 of the number of the ring's round and 40 of the song sample, and
/// none of them can be mistaken for an older one: epochs whose 16 bits are all 0 are never used, so that
/// a tag of 0 is "nothing"; with every new epoch the reader wipes kSweepFrames tags further round the
/// ring, so that no tag gets older than 2^15 epochs; what the reader passes is wiped, and a tag that a
/// slow writer leaves behind it is of another round when the reader comes there again.
class AudioRing {
public:
    static constexpr std::int64_t kCapacityFrames = std::int64_t{1} << 19U;
    /// The writer keeps so far ahead of the block that is being read.
    static constexpr std::int64_t kSlackFrames = 64;
    /// How far a tag's sample may lie from the one that is wanted: the engine's count and the host's may
    /// round a loop's ends differently.
    static constexpr std::int64_t kToleranceFrames = 2;
    /// Any sample of the epoch, at the edges of a loop wrap.
    static constexpr std::int64_t kAnySample = std::int64_t{1} << 40U;
    /// Song samples beyond this, either way, are neither written nor read (16 days at 192 kHz).
    static constexpr std::int64_t kFarthestSample = std::int64_t{1} << 38U;
    static constexpr double kSpliceSeconds = 0.005;

    explicit AudioRing(const EpochTable& epochs) noexcept : epochs_(epochs) {}

    /// Empties it; positions begin at 0. Main thread, while no other thread is at it; allocates.
    void prepare(double rate_hz);

    // -------------------------------------------------------- the writer: network thread

    struct Written {
        std::uint32_t taken = 0;   // frames that can be heard
        std::uint32_t late = 0;    // the reader is past them, or too near: gone
        std::uint32_t beyond = 0;  // the last frames: the ring has no room for them yet. Try these again
        bool stale = false;        // the epoch isn't the newest (any more): drop the rest
    };

    /// Takes ``frames`` interleaved stereo frames for the song's ``sample``, ``sample + 1``, ... at
    /// ``address``, ``address + 1``, ... of an epoch. A later call wins over an earlier one: call in the
    /// order of the blocks' sequence. Where sound of this epoch lies already, the old fades out under the
    /// new over 5 ms. Values that are no finite numbers are taken as 0. Network thread; waits for nothing.
    Written write(std::uint32_t epoch, std::int64_t address, std::int64_t sample, const float* interleaved,
                  std::uint32_t frames) noexcept;

    /// The address (of the newest epoch) that the audio thread reads next; false if ``epoch`` isn't the
    /// newest. It stands still while the host does. Any thread; real-time safe.
    bool read_address(std::uint32_t epoch, std::int64_t& address) const noexcept;

    /// The address up to which write() has room now: read_address() + capacity. Any thread.
    bool room_until(std::uint32_t epoch, std::int64_t& address) const noexcept;

    /// How many frames of an epoch's sound, ``limit`` at most, lie on end from where the audio thread
    /// reads next. Network thread; real-time safe.
    std::uint32_t frames_ahead(std::uint32_t epoch, std::uint32_t limit) const noexcept;

    // -------------------------------------------------------- the reader: audio thread, real-time safe

    /// Says that positions from ``start`` on are about to be read; from now on nothing is written below
    /// ``floor`` (kSlackFrames behind the block's end; ``start`` itself where the reader will wait).
    void begin_block(std::int64_t start, std::int64_t floor) noexcept;

    /// How many frames from ``position`` on are of ``epoch`` and of ``sample``, ``sample + 1``, ... give
    /// or take ``tolerance``; ``limit`` at most.
    std::uint32_t count_there(std::uint32_t epoch, std::int64_t position, std::int64_t sample,
                              std::uint32_t limit, std::int64_t tolerance) const noexcept;
    /// How many frames from ``position`` on are not; ``limit`` at most.
    std::uint32_t count_missing(std::uint32_t epoch, std::int64_t position, std::int64_t sample,
                                std::uint32_t limit, std::int64_t tolerance) const noexcept;

    /// Copies frames as long as they are what is wanted; returns how many.
    std::uint32_t read(std::uint32_t epoch, std::int64_t position, std::int64_t sample, std::uint32_t frames,
                       std::int64_t tolerance, float* left, float* right) const noexcept;

    /// Wipes what lies between the block's start and ``end``, which is read next.
    void end_block(std::int64_t end) noexcept;

    /// To be called before a new epoch is placed: wipes a few old tags.
    void sweep() noexcept;

private:
    static constexpr std::int64_t kSweepFrames = 16;  // 2^15 epochs for a round
    static constexpr std::int64_t kChunkFrames = 64;

    struct Splice {
        std::uint32_t epoch = 0;
        std::int64_t next = 0, start = 0, end = 0;  // where the last write ended; its fade
    };

    static std::uint64_t tag_of(std::uint32_t epoch, std::int64_t position, std::int64_t sample) noexcept;
    std::uint32_t of_epoch(std::uint32_t epoch, std::int64_t position, std::uint32_t limit) const noexcept;
    std::uint32_t write_chunk(std::uint32_t epoch, std::int64_t position, std::int64_t sample,
                              const float* interleaved, std::uint32_t frames) noexcept;
    template <bool there>
    std::uint32_t count(std::uint32_t epoch, std::int64_t position, std::int64_t sample, std::uint32_t limit,
                        std::int64_t tolerance) const noexcept;

    const EpochTable& epochs_;
    std::unique_ptr<std::atomic<std::uint64_t>[]> tags_;
    std::unique_ptr<std::atomic<std::uint64_t>[]> frames_;  // two floats each
    std::int64_t splice_frames_ = 0;
    Splice splice_;              // the writer's
    std::int64_t swept_ = 0;     // the reader's
    alignas(64) std::atomic<std::int64_t> start_{0};
    std::atomic<std::int64_t> floor_{0};
};

}  // namespace anacrusis

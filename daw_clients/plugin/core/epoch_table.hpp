// Where the epochs lie on the ring's line of positions: told by the audio thread, read by the network
// thread. No locks.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace anacrusis {

/// The position of each of the newest epochs' address 0. Epoch 0 means "none yet".
class EpochTable {
public:
    /// Says where an epoch's address 0 lies; it is the newest from then on. Epochs count up. Audio
    /// thread; real-time safe.
    void place(std::uint32_t epoch, std::int64_t base) noexcept {
        Row& row = rows_[epoch % kRows];
        row.epoch.store(0, std::memory_order_relaxed);
        row.base.store(base, std::memory_order_release);
        row.epoch.store(epoch, std::memory_order_release);
        newest_.store(epoch, std::memory_order_release);
    }

    /// The epoch that the audio thread is in, 0 before its first block. Any thread; real-time safe.
    std::uint32_t newest() const noexcept { return newest_.load(std::memory_order_acquire); }

    /// The position of an epoch's address 0; false for an epoch that isn't the newest (which may be
    /// known here before its RunRecord comes, never after). Any thread; real-time safe.
    bool base_of(std::uint32_t epoch, std::int64_t& base) const noexcept {
        if (epoch == 0 || newest() != epoch) {
            return false;
        }
        const Row& row = rows_[epoch % kRows];
        if (row.epoch.load(std::memory_order_acquire) != epoch) {
            return false;
        }
        base = row.base.load(std::memory_order_acquire);
        return row.epoch.load(std::memory_order_relaxed) == epoch;  // else it was written over meanwhile
    }

private:
    static constexpr std::size_t kRows = 8;
    struct Row {
        std::atomic<std::uint32_t> epoch{0};
        std::atomic<std::int64_t> base{0};
    };
    std::array<Row, kRows> rows_{};
    std::atomic<std::uint32_t> newest_{0};
};

}  // namespace anacrusis

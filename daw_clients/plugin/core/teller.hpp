// What the audio thread tells the network thread. Real-time safe but for prepare().
#pragma once

#include <atomic>
#include <cstdint>

#include "core/contract.hpp"
#include "core/curve_sampler.hpp"
#include "core/input_ring.hpp"
#include "core/play_head.hpp"
#include "core/run_list.hpp"
#include "core/spsc_queue.hpp"

namespace anacrusis {

/// Pushes records; what finds no room is dropped and counted (Shared::dropped_records). Audio thread,
/// but for touch() and what the network thread reads.
class Teller {
public:
    static constexpr std::size_t kRecordCapacity = 8192;

    explicit Teller(Shared& shared) noexcept : shared_(shared) {}

    /// Empties all; main thread, allocates.
    void prepare(double rate_hz);

    /// A block begins; ``at_ns`` is when, ``host`` made sane, ``values`` those of its first frame.
    void begin_block(std::int64_t at_ns, const HostTime& host, bool offline,
                     const EngineValues& values) noexcept;

    /// A new epoch begins; the one before was left at that address (kNowhere: there was none).
    void begin_epoch(std::int64_t left) noexcept;

    /// Whether records and input of these runs have room.
    bool has_room(const RunList& runs, std::uint32_t midi_count) const noexcept;

    /// ``gap``: addresses of the run that had nothing to play; empty: none.
    void tell_run(const Run& run, std::int64_t gap_start, std::int64_t gap_end) noexcept;
    /// To be called once for all runs of a block, or of a piece of it, after tell_run() for each.
    void tell_curves(const RunList& runs) noexcept;
    void tell_midi(const RunList& runs, std::uint32_t piece_offset, const MidiMessage* midi,
                   std::uint32_t midi_count) noexcept;
    /// ``left`` and ``right`` belong to the first run's first frame.
    void tell_input(const RunList& runs, const float* left, const float* right) noexcept;
    void tell_gestures() noexcept;

    /// Any thread; real-time safe.
    void touch(int control, bool touched) noexcept;

    SpscQueue<Record>& records() noexcept { return records_; }
    InputRing& input() noexcept { return input_; }

private:
    bool push(const Record& record) noexcept;
    void drop() noexcept { shared_.dropped_records.fetch_add(1, std::memory_order_relaxed); }

    Shared& shared_;
    SpscQueue<Record> records_;
    InputRing input_;
    CurveSampler curves_;

    std::int64_t at_ns_ = 0;
    HostTime host_;
    EngineValues values_{};
    bool offline_ = false, first_piece_ = false;

    std::uint32_t told_epoch_ = 0, sampled_epoch_ = 0, epoch_before_ = 0;
    std::int64_t left_ = kNowhere;

    static_assert(kControlCount <= 64, "a bit for each control");
    std::atomic<std::uint64_t> touched_{0};
    std::uint64_t told_touched_ = 0;
};

}  // namespace anacrusis

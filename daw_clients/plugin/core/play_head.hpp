// Where a host is in its song: epochs, addresses, laps. Pure arithmetic in samples. Audio thread alone;
// real-time safe.
#pragma once

#include <cstdint>

#include "core/contract.hpp"
#include "core/loop_points.hpp"

namespace anacrusis {

/// A host's words made safe: what is no number, or out of all bounds, was not told. A frame beyond
/// +-2^37 is no place: such a host is stopped.
HostTime sane(const HostTime& host) noexcept;

/// A run of frames in which song position and address go on together, or stand still.
struct Run {
    bool playing = false;
    bool wrapped = false;   // it begins where a loop wrapped, inside the block or before it
    bool to_wrap = false;   // it ends at the loop's end, where the next one wraps
    bool has_ppq = false, has_bar_start = false;
    std::uint32_t epoch = 0, lap = 0, frames = 0;
    std::uint32_t offset = 0;    // in the block
    std::int64_t address = 0;    // in its epoch
    std::int64_t sample = 0;     // in the song
    std::int64_t position = 0;   // on the ring's line
    double ppq = 0.0;
    double bar_start_ppq = 0.0;  // without has_ppq: counted from the run's first frame
    Loop loop;  // its quarter notes are 0 where nobody told them
};

/// A host's transport in samples, from what it tells at the start of each block.
///
/// The same epoch goes on while the host is where it was expected, within kTolerance frames (then the
/// own count goes on); through wraps of a loop that it announced, or made twice already; through a stop
/// and a start in the same place; and where it tells the same frame again for the next piece of a block
/// (fewer than max_block_frames since: minihost). Anything else is a new epoch.
///
/// A host without frames is placed by its ppq at its present tempo; with neither it is where it was.
/// Copies are cheap, and a copy can be asked for what comes next.
class PlayHead {
public:
    static constexpr std::int64_t kTolerance = 2;

    /// Forgets where the host was; positions begin at 0 again, epochs count on.
    void prepare(double rate_hz, std::uint32_t max_block_frames) noexcept;

    /// Takes what the host tells (made sane) at the first frame of a block. ``offline``: the host's own,
    /// or the user's. Returns whether a new epoch begins.
    bool begin_block(const HostTime& host, bool offline, bool new_epoch_wanted) noexcept;

    /// The next straight run, of ``frames`` at most (at least 1); the head has passed it then.
    Run next(std::uint32_t frames) noexcept;

    std::uint32_t epoch() const noexcept { return epoch_; }
    std::int64_t position() const noexcept { return position_; }
    /// The address at which the epoch before was left; kNowhere if there was none.
    std::int64_t left() const noexcept { return left_; }

private:
    enum class Arrival { goes_on, wraps, elsewhere };

    std::int64_t frame_of(const HostTime& host) const noexcept;
    Arrival arrival_of(const HostTime& host, std::int64_t frame) const noexcept;
    void learn_from(const HostTime& host, std::int64_t frame) noexcept;
    void note_frame(const HostTime& host) noexcept;
    void enter_epoch() noexcept;
    void set_place(const HostTime& host, std::int64_t frame) noexcept;
    void set_quarters(const HostTime& host, std::int64_t ahead) noexcept;
    void pass(std::uint32_t frames) noexcept;
    void wrap() noexcept;

    double rate_hz_ = 0.0, frames_per_quarter_ = 0.0;  // the latter 0: no tempo known
    std::uint32_t max_block_frames_ = 0;

    bool started_ = false, playing_ = false, offline_playing_ = false;
    std::uint32_t epoch_ = 0, lap_ = 0;
    std::int64_t address_ = 0, sample_ = 0, position_ = 0, left_ = kNowhere;
    bool has_ppq_ = false, has_bar_start_ = false;
    bool bar_counts_from_here_ = false;  // the host has no ppq
    double ppq_ = 0.0, bar_start_ppq_ = 0.0;

    std::int64_t told_frame_ = kNowhere, since_told_ = 0;  // the host's last new word, and frames since
    std::int64_t straight_ = 0, since_wrap_ = 0;           // were there no loop; in this block
    bool wrapped_ = false, wrapped_inside_ = false;

    LoopPoints loops_;
    Loop loop_;
    bool armed_ = false;  // it wraps on reaching the loop's end
};

}  // namespace anacrusis

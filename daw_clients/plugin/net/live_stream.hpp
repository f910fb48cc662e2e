// The stream that follows the host: where the host is, how much may be sent, and the sound that comes.
// Network thread.
#pragma once

#include <cstdint>
#include <optional>

#include "core/audio_ring.hpp"
#include "core/contract.hpp"
#include "net/requests.hpp"
#include "net/song.hpp"

namespace anacrusis {

class LiveStream {
public:
    static constexpr std::int64_t kStream = 1;

    /// How the stream is to be.
    struct Shape {
        int live_bars = 0;      // 0: follows a source; else the track's input, so many bars later
        int buffer_ms = 750;
        bool operator==(const Shape& other) const {
            return live_bars == other.live_bars && buffer_ms == other.buffer_ms;
        }
    };

    LiveStream(Song& song, Requests& requests, AudioRing& ring)
        : song_(song), requests_(requests), ring_(ring) {}

    /// A session begins: no stream is open in it.
    void begin_session();
    /// Where the host was is of no use any more.
    void forget_host() { run_.reset(); }
    /// Where the host is.
    void run(const RunRecord& run);
    /// The map was told anew: the host's place is told again when it is in an epoch of that map.
    void map_edited(std::int64_t now_ns);

    /// Opens the stream, in another shape where it is open in one, or closes it; tells and grants what is
    /// due while it is open. ``wet``: what has sound at all.
    void step(std::int64_t now_ns, bool wanted, const Shape& shape, SampleRange wet);

    void take(const protocol::Audio& audio, const std::vector<float>& samples, std::int64_t now_ns);

    bool open() const noexcept { return state_ == State::open; }
    /// Whether a source with so many live bars can be put to use: windows must not be longer.
    bool suits(int live_bars) const noexcept { return closed() || shape_.live_bars == live_bars; }
    bool closed() const noexcept { return state_ == State::closed; }
    /// When sound that was not what was asked for came last; 0: never.
    std::int64_t late_ns() const noexcept { return late_ns_; }

private:
    enum class State { closed, opening, open, closing };

    void ask_to_open(const Shape& shape);
    void ask_to_close();
    bool is_due(std::int64_t now_ns) const;
    void tell(std::int64_t now_ns);
    void set_loop(protocol::Transport& message) const;
    double ppq_of(std::int64_t sample, double told) const;
    void grant(const Shape& shape, SampleRange wet);

    Song& song_;
    Requests& requests_;
    AudioRing& ring_;

    State state_ = State::closed;
    Shape shape_;
    bool refused_ = false;                     // in this shape
    std::optional<RunRecord> run_, told_;
    std::int64_t told_ns_ = 0, held_until_ns_ = 0;
    std::uint32_t held_epoch_ = 0;
    std::int64_t left_ = kNowhere, gap_start_ = kNowhere, gap_end_ = kNowhere;
    std::uint32_t granted_epoch_ = 0;
    std::int64_t granted_ = 0, late_ns_ = 0;
};

}  // namespace anacrusis

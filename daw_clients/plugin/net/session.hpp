// The network side without its thread and sockets: records in, messages out and in, words for the audio
// thread. Whoever calls it holds the instance's mutex.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/audio_ring.hpp"
#include "core/contract.hpp"
#include "core/input_ring.hpp"
#include "core/spsc_queue.hpp"
#include "net/announcing.hpp"
#include "net/bounce.hpp"
#include "net/clock.hpp"
#include "net/link.hpp"
#include "net/live_stream.hpp"
#include "net/requests.hpp"
#include "net/song.hpp"
#include "net/song_telling.hpp"
#include "net/source_keeper.hpp"
#include "net/wire.hpp"

namespace anacrusis {

/// What the audio thread and the network thread share, from the network's side.
struct AudioLink {
    Shared& shared;
    SpscQueue<Record>& records;
    InputRing& input;
    AudioRing& ring;
};

class Session {
public:
    Session(Song& song, const AudioLink& audio, Wire& wire, const Clock& clock, std::string source_folder);

    /// A new rate, and new epochs: after the audio side was prepared.
    void prepare(double rate_hz, std::uint32_t max_block_frames);

    /// Takes what came, sends what is due, tells the audio thread. Never waits; some ms at most.
    void step();
    /// Whether there is more to do at once.
    bool busy() const noexcept { return busy_; }
    bool playing() const noexcept { return run_ && run_->playing; }
    bool offline() const noexcept { return run_ && run_->offline; }

    /// The instance is shut down: takes what was captured in the last pass.
    void leave();
    /// Goes on with that; true where there is more to do.
    bool finish_source() { return source_.work(); }

private:
    void take_records();
    void take_run(const RunRecord& run);
    void take_input(const InputRecord& input);
    void take_messages(std::int64_t now_ns);
    void take_message(const protocol::EngineMessage& message, std::vector<float>& samples,
                      std::int64_t now_ns);
    void take_error(const protocol::Error& error);
    void begin_session();
    void watch_silence();
    void tell(std::int64_t now_ns);
    void renew_epoch(std::int64_t now_ns);
    void follow_edits(std::int64_t now_ns);
    int live_bars() const noexcept;

    Song& song_;
    AudioLink audio_;
    Wire& wire_;
    const Clock& clock_;
    Requests requests_;
    Link link_;
    SongTelling telling_;
    SourceKeeper source_;
    LiveStream live_;
    Bounce bounce_;
    Announcer announcer_;

    std::optional<RunRecord> run_;
    std::vector<float> input_;
    bool had_session_ = false, was_silent_ = false, busy_ = false;
    std::uint64_t map_edits_ = 0, changes_ = 0;  // as followed by the live stream
    std::int64_t renewed_ns_ = 0;
    std::uint32_t signs_ = 0, max_block_frames_ = 0;
};

}  // namespace anacrusis

// An offline pass: the song rendered bar by bar into the ring, as fast as it goes, while the audio thread
// waits. Network thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/audio_ring.hpp"
#include "core/contract.hpp"
#include "net/render_feed.hpp"
#include "net/requests.hpp"
#include "net/song.hpp"
#include "net/source_keeper.hpp"

namespace anacrusis {

/// From the first offline run of an epoch to the first run that is none of it. Each render begins on the
/// bar line at or before the host's place, so that its sound is that of the song rendered whole.
class Bounce {
public:
    static constexpr std::int64_t kStream = 2;

    Bounce(Song& song, Requests& requests, AudioRing& ring, Shared& shared)
        : song_(song), requests_(requests), ring_(ring), shared_(shared), feed_(ring) {}

    /// A session begins: what was rendering in the one before begins anew where the host is.
    void begin_session();
    /// Where the host is.
    void run(const RunRecord& run);
    /// The instance is shut down.
    void end();

    /// Looks whether the audio thread has given up: with or without an engine.
    void watch();
    /// Goes on. ``ready``: everything is told and acknowledged, and the live stream is closed. ``wet``:
    /// what has sound at all. ``interval``: the source is the track's own input, which can't be bounced.
    void step(std::int64_t now_ns, bool ready, SampleRange wet, bool interval);
    /// What of ``wet`` this pass can have: the engine may know where a source ends.
    SampleRange clipped(SampleRange wet) const noexcept;

    void take(const protocol::Audio& audio, std::vector<float> samples);
    void take(const protocol::RenderDone& done);

    /// Whether the host is in an offline pass.
    bool active() const noexcept { return active_; }
    /// Whether a render is asked for or on its way: what is told now is not heard in this pass.
    bool rendering() const noexcept {
        return active_ && (stage_ == Stage::asked || stage_ == Stage::rendering);
    }
    /// What is to be said of the pass that is, or of the last one until the host plays again.
    enum class Outcome { none, learned, failed };
    Outcome outcome() const noexcept { return outcome_; }

private:
    enum class Stage {
        preparing,   // not everything is told
        asked,       // for a render
        rendering,   // blocks come, or are about to
        passed,      // the host is where nothing has sound
        failed,
    };

    void begin(const RunRecord& run);
    void finish();
    void publish(BounceState state);
    void begin_render();
    void ask_from(std::int64_t first_bar);
    void ask(std::int64_t first_bar, std::int64_t last_bar);
    void answered(std::uint64_t job, const protocol::Error* error);
    void refused(const protocol::Error& error);
    void fail(const std::string& words);
    void cancel();
    void tell_cancel();
    void grant();
    void go_on(std::int64_t now_ns);
    void fill_gap(std::int64_t now_ns);
    bool turns_off(std::int64_t now_ns);
    std::int64_t wanted_end() const noexcept;
    std::uint64_t lessons() const noexcept;

    Song& song_;
    Requests& requests_;
    AudioRing& ring_;
    Shared& shared_;
    RenderFeed feed_;

    bool active_ = false;
    Outcome outcome_ = Outcome::none;
    Stage stage_ = Stage::preparing;
    RunRecord run_{};
    std::optional<std::uint64_t> lessons_;  // what was learned before the first render of this pass
    bool knew_sound_ = false;               // the track's, then
    SampleRange wet_;

    std::uint64_t job_ = 0;                 // counts renders: answers to an earlier one are dropped
    bool in_engine_ = false;                // the engine has a render of ours under kStream
    std::int64_t line_ = 0;                 // what a song sample has over its address, in the epoch
    std::int64_t first_bar_ = 0, last_bar_ = 0;  // from 1, both included
    std::int64_t end_ = 0;                  // up to here its sound is that of the whole song
    bool last_known_ = false;               // nothing can be rendered beyond last_bar_
    std::int64_t most_bars_ = 0;
    std::int64_t source_end_ = kWholeSong.end;        // as the engine says
    std::int64_t missed_ = kNowhere, missed_ns_ = 0;  // where the host seems to wait in vain, since when
    std::int64_t retried_ = kNowhere;       // where it did, and was rendered for again
    std::int64_t turning_ns_ = 0;           // since when the path before a wrap is still to be filled
};

}  // namespace anacrusis

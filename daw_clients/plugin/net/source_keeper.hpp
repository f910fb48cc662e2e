// Which sound the song is made from: taken from the track, kept on disk, sent to the engine, put to use.
// Network thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "net/requests.hpp"
#include "net/song.hpp"
#include "net/source_taking.hpp"
#include "net/source_upload.hpp"

namespace anacrusis {

/// All song samples from the start on.
inline constexpr SampleRange kWholeSong{0, std::int64_t{1} << 46U};

class SourceKeeper {
public:
    SourceKeeper(Song& song, Requests& requests, std::string folder)
        : song_(song), requests_(requests), folder_(std::move(folder)) {}

    /// The capture was emptied, as the rate is another one.
    void forget_capture();

    /// A session begins: nothing is in use in it yet. ``most_frames``: what the engine takes.
    void begin_session(std::int64_t most_frames);

    /// A pass of the host is over: what was captured in it becomes the source, if it can be heard that
    /// it is another one.
    void take();
    /// Goes on with a slice of what is being taken or loaded; true where there is more to do.
    bool work();

    /// Puts to use what is wanted: with ``live_bars`` the track's own input, so many bars later.
    void tell(int live_bars);
    /// What is wanted is in use, or nothing is wanted or can be had.
    bool settled(int live_bars) const;

    /// What is in use is the live input so many bars later, or with 0 anything else.
    bool plays(int live_bars) const noexcept { return told_ && told_->live_bars == live_bars; }
    /// Something is being taken, loaded or sent.
    bool busy() const noexcept { return taking_ || loading_ || upload_ || waiting_; }
    /// The wanted source is neither here nor in the engine.
    bool missing() const noexcept { return missing_; }
    /// The song samples that have sound in the engine now; empty: none.
    SampleRange wet() const noexcept { return wet_; }

private:
    struct Use {
        std::string hash;
        double at_ppq = 0.0;
        int live_bars = 0;
        bool operator==(const Use& other) const {
            return hash == other.hash && at_ppq == other.at_ppq && live_bars == other.live_bars;
        }
    };

    Use wanted(int live_bars) const;
    void finish_taking();
    void finish_loading(SourceLoading::Outcome outcome);
    void look_on_disk();
    bool can_upload() const;
    void start_upload();
    bool sent(const std::string& hash);
    void put_to_use(const Use& use);
    SampleRange range_of(const Use& use) const;
    double place_of(std::int64_t start) const;

    Song& song_;
    Requests& requests_;
    std::string folder_;
    std::int64_t most_frames_ = 60'000'000;

    std::unique_ptr<SourceTaking> taking_;
    std::unique_ptr<SourceLoading> loading_;
    std::unique_ptr<SourceUpload> upload_;
    std::string looked_for_;                        // on disk
    std::optional<std::uint64_t> taken_revision_;   // of the capture, as the source has it
    bool on_disk_ = false;

    std::optional<Use> told_;                       // in this session; nothing: it isn't known
    std::set<std::string> there_;                   // the engine has these
    SampleRange wet_;
    bool waiting_ = false, missing_ = false;
};

}  // namespace anacrusis

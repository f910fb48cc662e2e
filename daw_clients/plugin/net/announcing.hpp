// What the audio thread and the user are told of how it goes. Network thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>

#include "core/audio_ring.hpp"
#include "core/contract.hpp"
#include "net/bounce.hpp"
#include "net/link.hpp"
#include "net/live_stream.hpp"
#include "net/song.hpp"
#include "net/source_keeper.hpp"

namespace anacrusis {

class Announcer {
public:
    /// Of whom it tells.
    struct Parts {
        const Link& link;
        const SourceKeeper& source;
        const LiveStream& live;
        const Bounce& bounce;
    };

    Announcer(Song& song, Shared& shared, const AudioRing& ring, const Parts& parts)
        : song_(song), shared_(shared), ring_(ring), parts_(parts) {}

    /// ``run``: where the host is; null before its first block. ``live_bars``: of mode=interval, else 0.
    void step(std::int64_t now_ns, const RunRecord* run, int live_bars);
    /// The instance is shut down: nothing has sound.
    void leave();

private:
    void tell_wet();
    void tell_lead(const RunRecord* run);
    void tell_status(std::int64_t now_ns, const RunRecord* run);
    void explain_link(std::int64_t now_ns);
    std::uint32_t latency_frames(const RunRecord* run, int live_bars) const noexcept;

    Song& song_;
    Shared& shared_;
    const AudioRing& ring_;
    Parts parts_;
    std::int64_t lead_ns_ = 0;
    std::uint32_t ahead_ = 0;
    std::optional<std::tuple<Link::State, bool, std::string>> explained_;
};

}  // namespace anacrusis

#include "net/announcing.hpp"

#include "net/status.hpp"

namespace anacrusis {
namespace {

constexpr std::int64_t kLeadEveryNs = 50'000'000;
constexpr std::int64_t kLateShownNs = 2'000'000'000;
constexpr double kLongestLeadSeconds = 4.0;

}  // namespace

void Announcer::step(std::int64_t now_ns, const RunRecord* run, int live_bars) {
    tell_wet();
    shared_.latency_frames.store(latency_frames(run, live_bars), std::memory_order_relaxed);
    if (now_ns - lead_ns_ >= kLeadEveryNs) {
        lead_ns_ = now_ns;
        tell_lead(run);
    }
    tell_status(now_ns, run);
    explain_link(now_ns);
}

void Announcer::leave() {
    shared_.wet_end.store(kNowhere, std::memory_order_relaxed);
    shared_.wet_start.store(kNowhere, std::memory_order_relaxed);
    shared_.status.store(index_of(Status::off), std::memory_order_relaxed);
    shared_.lead_ms.store(0.0F, std::memory_order_relaxed);
    explained_.reset();
}

void Announcer::tell_wet() {
    const SampleRange wet = parts_.bounce.clipped(parts_.source.wet());
    const bool same = shared_.wet_start.load(std::memory_order_relaxed) == wet.start &&
                      shared_.wet_end.load(std::memory_order_relaxed) == wet.end;
    if (same) return;
    shared_.wet_end.store(kNowhere, std::memory_order_release);  // none, while the two don't belong together
    shared_.wet_start.store(wet.start, std::memory_order_release);
    shared_.wet_end.store(wet.end, std::memory_order_release);
}

/// Counting the frames ahead takes some microseconds.
void Announcer::tell_lead(const RunRecord* run) {
    const auto limit = static_cast<std::uint32_t>(kLongestLeadSeconds * song_.rate_hz());
    ahead_ = run == nullptr ? 0 : ring_.frames_ahead(run->epoch, limit);
    shared_.lead_ms.store(static_cast<float>(1000.0 * ahead_ / song_.rate_hz()), std::memory_order_relaxed);
}

void Announcer::tell_status(std::int64_t now_ns, const RunRecord* run) {
    const std::int64_t late_ns = parts_.live.late_ns();
    Facts facts;
    facts.link = parts_.link.state();
    facts.hangs = parts_.link.hangs(now_ns);
    facts.bounce = parts_.bounce.outcome();
    facts.bouncing = parts_.bounce.active();
    facts.rendering = parts_.bounce.rendering();
    facts.late = late_ns != 0 && now_ns - late_ns < kLateShownNs;
    facts.missing = parts_.source.missing();
    facts.busy = parts_.source.busy();
    facts.has_sound = !parts_.source.wet().empty();
    facts.playing = run != nullptr && run->playing;
    facts.sounds = ahead_ > 0;
    shared_.status.store(index_of(status_of(facts)), std::memory_order_relaxed);
}

void Announcer::explain_link(std::int64_t now_ns) {
    const std::string& endpoint = song_.settings.endpoint;
    const std::tuple link{parts_.link.state(), parts_.link.hangs(now_ns), endpoint};
    if (explained_ == link) return;
    explained_ = link;
    const Link::State state = parts_.link.state();
    std::string words;
    if (state == Link::State::refused || state == Link::State::wrong_version) {
        words = parts_.link.words();
    } else if (parts_.link.hangs(now_ns)) {
        words = "The engine at " + endpoint + " doesn't answer. If it isn't just starting, stop it and start it "
                "again.";
    } else if (!parts_.link.has_session()) {
        words = "No engine answers at " + endpoint + "; start one with: anacrusis serve";
    }
    song_.details.say(Topic::link, std::move(words));
}

std::uint32_t Announcer::latency_frames(const RunRecord* run, int live_bars) const noexcept {
    if (live_bars == 0) return 0;
    const BarGrid& grid = song_.timeline.grid();
    const std::int64_t bar = run != nullptr && run->sample >= 0 ? grid.bar_of_sample(run->sample) : 0;
    return static_cast<std::uint32_t>(grid.sample(bar + live_bars) - grid.sample(bar));
}

}  // namespace anacrusis

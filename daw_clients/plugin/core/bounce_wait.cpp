#include "core/bounce_wait.hpp"

#include <time.h>

#include <algorithm>

namespace anacrusis {
namespace {

constexpr long kNapNs = 200'000;
constexpr double kNsPerSecond = 1e9;

void nap() noexcept {
    const timespec length{0, kNapNs};
    clock_nanosleep(CLOCK_MONOTONIC, 0, &length, nullptr);
}

std::int64_t patience_ns(const Shared& shared) noexcept {
    constexpr auto control = static_cast<std::size_t>(index_of(Control::wait_s));
    const float seconds = shared.values[control].load(std::memory_order_relaxed);
    const ControlSpec& spec = kControls[control];
    const float clipped = seconds >= spec.minimum ? std::min(seconds, spec.maximum) : spec.minimum;
    return static_cast<std::int64_t>(static_cast<double>(clipped) * kNsPerSecond);
}

bool before_the_song(const RunList& runs) noexcept {
    return std::all_of(runs.begin(), runs.end(), [](const Run& run) { return run.sample + run.frames <= 0; });
}

}  // namespace

std::int64_t monotonic_ns() noexcept {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<std::int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

void BounceWait::begin() noexcept {
    gave_up_ = gave_up_telling_ = false;
    patience_.renew();
}

void BounceWait::wait_for_room(const Teller& teller, const RunList& runs, std::uint32_t midi_count) noexcept {
    if (gave_up_telling_ || teller.has_room(runs, midi_count)) {
        return;
    }
    const std::int64_t deadline_ns = monotonic_ns() + kRoomPatienceNs;
    while (!teller.has_room(runs, midi_count)) {
        nap();
        if (monotonic_ns() >= deadline_ns) {
            gave_up_telling_ = true;
            return;
        }
    }
}

void BounceWait::wait_for_sound(const RunList& runs, Spans& spans) noexcept {
    const std::int64_t limit_ns = patience_ns(shared_);
    patience_.begin(monotonic_ns());
    Stand now = gave_up_ ? Stand::give_up : stand(runs, spans);
    while (now == Stand::wait) {
        nap();
        const std::uint32_t signs = shared_.signs_of_life.load(std::memory_order_relaxed);
        now = stand(runs, spans);
        if (now == Stand::wait && patience_.used_up(monotonic_ns(), signs, limit_ns)) {
            shared_.bounce_timed_out.store(true, std::memory_order_release);
            now = Stand::give_up;
        }
    }
    if (now == Stand::give_up) {
        gave_up_ = true;
        spans.clear();
    }
}

BounceWait::Stand BounceWait::stand(const RunList& runs, Spans& spans) const noexcept {
    const std::uint64_t word = shared_.bounce.load(std::memory_order_acquire);
    const bool mine = bounce_epoch(word) == runs.front().epoch;
    const BounceState state = mine ? bounce_state(word) : BounceState::none;
    const WetRange range = WetRange::of(shared_);
    const bool complete = finder_.find(runs, range, spans);
    switch (state) {
        case BounceState::dry:
            return Stand::go_on;
        case BounceState::failed:
            return complete ? Stand::go_on : Stand::give_up;
        case BounceState::running:
            return complete ? Stand::go_on : Stand::wait;
        case BounceState::none:
        case BounceState::preparing:
            break;
    }
    return (range.known() && complete) || before_the_song(runs) ? Stand::go_on : Stand::wait;
}

}  // namespace anacrusis

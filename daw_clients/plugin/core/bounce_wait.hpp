// Waiting for the engine in an offline bounce: the only place where the audio thread ever waits. Audio
// thread alone.
#pragma once

#include <cstdint>

#include "core/contract.hpp"
#include "core/patience.hpp"
#include "core/sound_finder.hpp"
#include "core/spans.hpp"
#include "core/teller.hpp"

namespace anacrusis {

/// One bounce after another, each an epoch of its own. Naps of 0.2 ms; never called but offline.
class BounceWait {
public:
    BounceWait(Shared& shared, const SoundFinder& finder) noexcept : shared_(shared), finder_(finder) {}

    /// A bounce begins, or none is under way.
    void begin() noexcept;

    /// Whether the rest of this bounce is dry.
    bool gave_up() const noexcept { return gave_up_; }

    /// Waits until there is room to tell the runs, but not for a network thread that takes nothing for
    /// kRoomPatienceNs.
    void wait_for_room(const Teller& teller, const RunList& runs, std::uint32_t midi_count) noexcept;

    /// Waits until the runs have all the sound that they should have, or nothing is left to wait for.
    /// Fills ``spans``.
    void wait_for_sound(const RunList& runs, Spans& spans) noexcept;

private:
    static constexpr std::int64_t kRoomPatienceNs = 250'000'000;
    enum class Stand { go_on, wait, give_up };

    Stand stand(const RunList& runs, Spans& spans) const noexcept;

    Shared& shared_;
    const SoundFinder& finder_;
    Patience patience_;
    bool gave_up_ = false, gave_up_telling_ = false;
};

/// CLOCK_MONOTONIC in ns. Any thread; real-time safe (no system call where the kernel maps its clock).
std::int64_t monotonic_ns() noexcept;

}  // namespace anacrusis

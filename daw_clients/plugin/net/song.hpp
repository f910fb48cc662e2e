// All that is kept of a song: what the user wrote and what was learned. It outlives the network thread,
// and whoever touches it holds the instance's mutex.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "generated/bridge_protocol.hpp"
#include "net/automation.hpp"
#include "net/capture.hpp"
#include "net/details.hpp"
#include "net/notes_memory.hpp"
#include "net/settings.hpp"
#include "net/timeline.hpp"

namespace anacrusis {

inline constexpr double kLongestCaptureSeconds = 30.0 * 60.0;

/// A source whose sound is known: where it lies in the song, and how long it is at its own rate.
struct KnownSource {
    std::string hash;
    std::int64_t start = 0;   // song sample, at the session's rate
    std::int64_t frames = 0;
    double rate_hz = 0.0;

    /// The song samples that it covers at a session's rate.
    SampleRange range(double session_rate_hz) const noexcept;
};

class Song {
public:
    Song();

    /// The session's rate from now on; places in quarter notes stay, the captured sound doesn't where the
    /// rate is another one.
    void prepare(double rate_hz);
    double rate_hz() const noexcept { return rate_hz_; }

    /// Something that the user can write was written: it must be told.
    void edited() noexcept { ++edits; }
    /// A map or notes of an earlier session were set; notes are placed by the map that there is.
    void restore_notes(std::vector<protocol::Note> notes);
    void place_again();
    /// The host plays: from now on what was restored counts by its samples.
    void played() noexcept { restored_notes_.reset(); }

    Settings settings;
    Timeline timeline;
    Automation automation;
    NotesMemory notes;
    Capture capture;
    Details details;
    std::optional<KnownSource> source;  // of settings.wanted_hash(), where its sound is known
    std::uint64_t edits = 0;
    bool lanes_replaced = false;        // the engine's lanes are none of these

private:
    double rate_hz_;
    std::optional<std::vector<protocol::Note>> restored_notes_;
};

}  // namespace anacrusis

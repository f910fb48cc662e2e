// The MIDI notes of the track, learned in passing. One thread at a time; not for the audio thread.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <vector>

#include "core/contract.hpp"

namespace anacrusis {

/// A note by song samples of the session's rate.
struct HeardNote {
    std::int64_t sample, length;
    std::uint8_t pitch, velocity, channel;  // channel 1 to 16
};

/// What the host plays in a stretch replaces what was known there; what it doesn't come to stays.
class NotesMemory {
public:
    explicit NotesMemory(double rate_hz) : near_(static_cast<std::int64_t>(rate_hz / 500.0)) {}

    /// The host plays on: call it for every run, before the messages of its block. Notes of a run that
    /// weren't heard again are gone when the run is over.
    void run(const RunRecord& run);
    /// A message of one of the block's runs; only note on and off count.
    void midi(const MidiRecord& midi);
    /// The pass is over: what sounds ends here.
    void settle();

    /// In order of place. What still sounds is left out.
    std::vector<HeardNote> notes() const;
    bool empty() const noexcept { return notes_.empty(); }
    /// Counts up with every change of notes().
    std::uint64_t revision() const noexcept { return revision_; }

    void restore(const std::vector<HeardNote>& notes);

private:
    struct Kept {
        HeardNote note;
        std::uint64_t pass;  // in which it was heard last
    };
    struct Sounding {
        std::int64_t sample;
        std::uint8_t velocity;
    };

    void advance();
    void end_run();
    void end_pass();
    bool sounds(const HeardNote& note) const;
    void end_note(std::uint8_t pitch, std::uint8_t channel, std::int64_t at);
    void keep(const HeardNote& note);

    std::int64_t near_;                                    // samples: notes so near are one
    std::multimap<std::int64_t, Kept> notes_;              // by start
    std::map<std::pair<std::uint8_t, std::uint8_t>, Sounding> sounding_;  // by channel and pitch
    std::deque<RunRecord> ahead_;  // of this block, not yet come to
    RunRecord run_{};
    bool running_ = false;
    std::uint64_t pass_ = 1, revision_ = 0;
};

}  // namespace anacrusis

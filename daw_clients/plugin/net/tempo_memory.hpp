// The song's tempo, learned from what the host tells in passing, so that a song sample is the host's
// own frame: samples never move away from it, whatever the map was thought to be before.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "net/tempo_steps.hpp"

namespace anacrusis {

/// Where the host was at the first frame of a run, and how fast it went.
struct TempoFact {
    std::int64_t frame;
    std::int64_t frames;         // that it played; 0 where it stands still
    std::optional<double> ppq;   // as the host counts
    double bpm;
};

/// Learns steps of tempo. A change between two runs lies where the lines before and after it meet, on
/// a sixteenth where that fits; where nothing is known between two places an average fills the gap.
/// One thread at a time; not for the audio thread.
class TempoMemory {
public:
    explicit TempoMemory(double rate_hz);

    /// Takes a fact; true where the map is another one now. Frames below 0 and tempi that the protocol
    /// has not (20 to 999) teach nothing.
    bool observe(const TempoFact& fact);

    const TempoSteps& steps() const noexcept { return steps_; }
    /// What is added to the host's ppq, so that frame 0 is at 0 and every tempo is legal.
    double shift() const noexcept { return shift_; }
    /// Whether nothing was learned yet: then the map is 120 bpm.
    bool empty() const noexcept { return known_.empty(); }
    /// Takes a map that was learned in an earlier session.
    void restore(const std::vector<TempoStep>& steps, double shift);

private:
    struct Known {
        double ppq, bpm;
        double told;  // the tempo as the host says it; ``bpm`` may be finer
        double seen;  // up to here runs have been on this step's line
    };

    double per_frame(double bpm) const noexcept { return bpm / (60.0 * rate_hz_); }
    double tolerance(double bpm) const noexcept;
    std::size_t row(double ppq) const noexcept;
    bool goes_through_origin(const TempoFact& fact) const noexcept;
    bool begin(const TempoFact& fact);
    bool refine(const TempoFact& fact);
    bool join(const TempoFact& fact, double ppq);
    bool put_step(std::size_t base, double at, double ppq, double bpm);
    bool fill(std::size_t base, double from, double ppq, double bpm, std::int64_t frame);
    double fitting(double meet, double low, double high, std::size_t base, double ppq,
                   const TempoFact& fact) const;
    void confirm(const TempoFact& fact, double ppq);
    bool rebuilt();

    double rate_hz_;
    std::vector<Known> known_;
    TempoSteps steps_;
    double shift_ = 0.0;
    bool rough_ = false;                  // the host's ppq comes in ticks
    std::optional<std::int64_t> next_;    // the frame at which the run before ended
    double before_ppq_ = 0.0;             // where that run began
};

}  // namespace anacrusis

// The song's map as learned from the host. A song sample is the host's frame, always; quarter notes are
// the host's, plus a shift where the protocol can't have the host's own.
#pragma once

#include <cstdint>

#include "core/contract.hpp"
#include "net/bar_grid.hpp"
#include "net/meter_memory.hpp"
#include "net/tempo_memory.hpp"

namespace anacrusis {

/// One thread at a time; not for the audio thread.
class Timeline {
public:
    explicit Timeline(double rate_hz);

    /// Learns from a run; true where the map is another one now. Frames below 0 teach nothing.
    bool observe(const RunRecord& run);

    const BarGrid& grid() const noexcept { return grid_; }
    /// Counts up with every other map.
    std::uint64_t revision() const noexcept { return revision_; }
    /// What is added to the host's quarter notes.
    double shift() const noexcept { return tempo_.shift(); }
    const std::vector<TempoStep>& tempo() const noexcept { return tempo_.steps().steps(); }
    const std::vector<PlacedSignature>& meter() const noexcept { return meter_.places(); }
    /// Whether anything was learned; before that the map is 120 bpm in 4/4.
    bool empty() const noexcept { return tempo_.empty(); }

    /// Takes a map of an earlier session.
    void restore(const std::vector<TempoStep>& tempo, const std::vector<PlacedSignature>& meter,
                 double shift);
    /// The same map at another rate: what the host plays at a frame is another place then.
    Timeline at_rate(double rate_hz) const;

private:
    bool observe_meter(const RunRecord& run, double shift);
    void rebuild();

    double rate_hz_;
    TempoMemory tempo_;
    MeterMemory meter_;
    BarGrid grid_;
    std::uint64_t revision_ = 1;
};

}  // namespace anacrusis

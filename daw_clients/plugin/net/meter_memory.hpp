// The song's signatures, learned in passing. One thread at a time; not for the audio thread.
#pragma once

#include <optional>
#include <vector>

#include "net/meter_bars.hpp"

namespace anacrusis {

/// Learns where bars begin. Where the host doesn't tell, a new signature is taken to begin with the bar
/// that it was seen in. Before the first place seen, its bars go back to the song's start.
class MeterMemory {
public:
    /// The host is at ``ppq``, in a bar that began at ``bar_start_ppq``; true where the map is another
    /// one now. Signatures that the protocol has not teach nothing.
    bool observe(double ppq, std::optional<double> bar_start_ppq, Signature signature);

    const MeterBars& bars() const noexcept { return bars_; }
    const std::vector<PlacedSignature>& places() const noexcept { return places_; }
    /// Forgets everything: 4/4.
    void clear();
    void restore(const std::vector<PlacedSignature>& places);

private:
    bool is_known(double ppq, double start, Signature signature) const noexcept;
    void begin_with(double start, Signature signature);
    void rebuild();

    std::vector<PlacedSignature> places_{{0.0, {}}};
    MeterBars bars_;
    bool learned_ = false;
};

}  // namespace anacrusis

// Where the next bar line is. Any thread; real-time safe.
#pragma once

#include <cmath>
#include <cstdint>

#include "core/contract.hpp"
#include "core/loop_points.hpp"

namespace anacrusis {

/// The bar lines of a host as it told them: those of the signature (4/4 where it told none) at its present
/// tempo, counted from the start of its bar (from the song's start where it told none).
struct BarLines {
    bool known = false;
    double bar_start_ppq = 0.0, bar_quarters = 4.0, frames_per_quarter = 0.0;

    /// ``host`` made sane.
    static BarLines of(const HostTime& host, double rate_hz) noexcept {
        BarLines lines;
        lines.known = host.has_ppq && host.has_tempo;
        lines.frames_per_quarter = 60.0 * rate_hz / host.bpm;
        lines.bar_start_ppq = host.has_bar_start ? host.bar_start_ppq : 0.0;
        if (host.has_signature) {
            lines.bar_quarters = 4.0 * host.numerator / host.denominator;
        }
        return lines;
    }

    /// The first bar line that is ``least`` frames or more after the place ``ppq``, in frames after it.
    std::int64_t first_from(double ppq, std::int64_t least) const noexcept {
        const double place = ppq + static_cast<double>(least) / frames_per_quarter - bar_start_ppq;
        double bar = std::floor(place / bar_quarters);
        while (frames_to(bar, ppq) < least) {
            bar += 1.0;
        }
        return frames_to(bar, ppq);
    }

private:
    std::int64_t frames_to(double bar, double ppq) const noexcept {
        return sample_after(0, bar_start_ppq + bar * bar_quarters - ppq, frames_per_quarter);
    }
};

}  // namespace anacrusis

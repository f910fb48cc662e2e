// Where the next bar line is. Any thread; real-time safe.
#pragma once

#include <cmath>
#include <cstdint>

#include "core/contract.hpp"
#include "core/loop_points.hpp"
#include "core/play_head.hpp"

namespace anacrusis {

/// The bar lines around a run as its host told them: those of the signature (4/4 where it told none) at its
/// present tempo, counted from the start of its bar (from the song's start where it told none).
struct BarLines {
    double place_ppq = 0.0, bar_start_ppq = 0.0, bar_quarters = 4.0, frames_per_quarter = 1.0;

    /// Whether a host (made sane) ever tells enough to know a bar line.
    static bool can_be_told_by(const HostTime& host) noexcept {
        return host.has_tempo && (host.has_ppq || host.has_bar_start);
    }
    /// Whether they are known here; not where a host without ppq has wrapped inside a block.
    static bool known_in(const Run& run, const HostTime& host) noexcept {
        return host.has_tempo && (run.has_ppq || run.has_bar_start);
    }
    static BarLines of(const Run& run, const HostTime& host, double rate_hz) noexcept {
        BarLines lines;
        lines.frames_per_quarter = 60.0 * rate_hz / host.bpm;
        lines.place_ppq = run.has_ppq ? run.ppq : 0.0;
        const double told = host.has_bar_start ? host.bar_start_ppq : 0.0;
        lines.bar_start_ppq = run.has_bar_start ? run.bar_start_ppq : told;
        if (host.has_signature) {
            lines.bar_quarters = 4.0 * host.numerator / host.denominator;
        }
        return lines;
    }

    /// The first bar line that is ``least`` frames or more after the run's first frame, in frames after it.
    std::int64_t first_from(std::int64_t least) const noexcept {
        const double place = place_ppq + static_cast<double>(least) / frames_per_quarter - bar_start_ppq;
        double bar = std::floor(place / bar_quarters);
        while (frames_to(bar) < least) {
            bar += 1.0;
        }
        return frames_to(bar);
    }

private:
    std::int64_t frames_to(double bar) const noexcept {
        return sample_after(0, bar_start_ppq + bar * bar_quarters - place_ppq, frames_per_quarter);
    }
};

}  // namespace anacrusis

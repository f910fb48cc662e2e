// Signatures and bar lines, as bridge_protocol/meter.py has them; bars are counted from 0 here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace anacrusis {

struct Signature {
    int numerator = 4, denominator = 4;

    /// A bar's length in quarter notes, exact.
    double bar_ppq() const noexcept { return 4.0 * numerator / denominator; }
    /// Whether the protocol has it: 1 to 64 beats of 1/1 to 1/32.
    bool legal() const noexcept;
    bool operator==(const Signature& other) const noexcept {
        return numerator == other.numerator && denominator == other.denominator;
    }
    bool operator!=(const Signature& other) const noexcept { return !(*this == other); }
};

/// A signature at a place of the song.
struct PlacedSignature {
    double ppq;
    Signature signature;
};

/// A signature by its bar; where ``cuts``, the bar before it ends early, at ``ppq``.
struct MeterChange {
    std::int64_t bar;
    Signature signature;
    bool cuts;
    double ppq;
};

/// An immutable list of signatures; bar 0 starts at position 0. A bar that a signature falls into
/// ends there. Not for the audio thread.
class MeterBars {
public:
    /// The first place is 0, and they increase by more than 1e-6; every signature is legal.
    explicit MeterBars(const std::vector<PlacedSignature>& places = {{0.0, {}}});

    const std::vector<MeterChange>& changes() const noexcept { return changes_; }
    const Signature& signature(std::int64_t bar) const noexcept { return changes_[row(bar)].signature; }
    /// The float nearest to the bar's exact first position; negative before bar 0.
    double bar_start(std::int64_t bar) const noexcept;
    /// The last bar that starts at or before a position.
    std::int64_t bar_at(double ppq) const noexcept;

private:
    std::size_t row(std::int64_t bar) const noexcept;

    /// A start as a sum that is exact: where a bar was cut, and whole bars since then.
    struct Start {
        double cut, whole;
        double ppq() const noexcept { return cut + whole; }
    };
    std::vector<MeterChange> changes_;
    std::vector<Start> starts_;
};

}  // namespace anacrusis

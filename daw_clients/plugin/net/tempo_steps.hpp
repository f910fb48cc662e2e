// Quarter notes to seconds and back over steps of tempo, bit for bit as bridge_protocol/tempo.py.
#pragma once

#include <cstddef>
#include <vector>

namespace anacrusis {

inline constexpr double kMinBpm = 20.0;
inline constexpr double kMaxBpm = 999.0;
/// The least distance between two steps; no host's tick is as fine.
inline constexpr double kMinStepPpq = 1e-6;

/// From ``ppq`` on, ``bpm`` quarter notes a minute.
struct TempoStep {
    double ppq;
    double bpm;
};

/// An immutable map; position 0 is second 0, the first tempo goes on before it and the last one
/// after the last step. The steps begin at 0 and increase, 20 to 999 bpm. Not for the audio thread.
class TempoSteps {
public:
    explicit TempoSteps(std::vector<TempoStep> steps = {{0.0, 120.0}});

    double seconds(double ppq) const noexcept;
    double ppq(double seconds) const noexcept;
    /// At a step's own place: the new tempo.
    double bpm(double ppq) const noexcept;
    /// The index of the step in force at ``ppq``; 0 before the first.
    std::size_t row(double ppq) const noexcept;
    const std::vector<TempoStep>& steps() const noexcept { return steps_; }

private:
    std::vector<TempoStep> steps_;
    std::vector<double> seconds_;  // of each step's start
};

}  // namespace anacrusis

// Quarter notes and bar lines from what LV2 hosts count. The standard gives a place in the bar in beats,
// and a beat from the song's start; hosts fill them with what they have:
//   - the place in beats of the signature, as the standard says;
//   - Ardour: the beat, and beside the point its ticks as a part of a quarter note, in x/8 too;
//   - JUCE: quarter notes, and the song's quarter notes as the beat;
//   - Carla: the beat within the bar as the song's beat;
//   - or nothing that moves.
// So a count is taken for what goes on with the frames.
#pragma once

#include <cstdint>

#include "core/contract.hpp"

namespace anacrusis {

/// What an LV2 host told with its position, and at which of its frames.
struct Lv2Count {
    std::int64_t frame = 0;
    bool has_bar_beat = false, has_beat = false;
    double bar_beat = 0.0, beat = 0.0;
};

/// Of one instance; audio thread, real-time safe.
class Lv2Bars {
public:
    explicit Lv2Bars(double rate_hz) noexcept : rate_hz_(rate_hz) {}

    /// Sets ppq, bar start and the tempo as it was typed in ``time``, whose frame is that of a run of
    /// ``frames``, not before the count's. Where the song's quarter notes can't be told, has_ppq is
    /// false, and the bar start is counted from there.
    void apply(const Lv2Count& count, std::uint32_t frames, HostTime& time) noexcept;

private:
    enum class Unit : std::uint8_t { unknown, beats, ticks, quarters, none };

    static double place(Unit unit, double bar_beat, int denominator) noexcept;
    double quarters(std::int64_t frames, const HostTime& time) const noexcept;
    void learn(const Lv2Count& count, const HostTime& time) noexcept;
    void begin(const Lv2Count& count, const HostTime& time) noexcept;
    void judge(const Lv2Count& count, const HostTime& time, double passed_ppq) noexcept;

    double rate_hz_;
    Unit unit_ = Unit::unknown;
    bool beat_is_ppq_ = false;
    bool has_anchor_ = false;      // where the count is compared from
    Lv2Count anchor_;
    HostTime anchor_time_;
    std::int64_t expected_frame_ = 0;
};

/// The tempo that was meant: LV2 hosts send a float, and 97.3 is not 97.30000305.
double tempo_as_typed(double bpm) noexcept;

}  // namespace anacrusis

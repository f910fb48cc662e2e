// From the track's own sound and the engine's to what is heard. Audio thread alone; real-time safe but
// for prepare().
#pragma once

#include <cstdint>
#include <limits>

#include "core/fader.hpp"

namespace anacrusis {

/// Mixes piece by piece. Wet and dry change over in a raised cosine of 10 ms, which is over when the
/// sound ends; a cut that nobody could foresee decays over 10 ms. Where wet or dry rests at full, the
/// output has its bits, NaN too.
class Mixer {
public:
    /// How the engine's sound is entered and left.
    enum class Manner {
        fade,   // in 10 ms
        hold,   // not entered; left in 10 ms
        exact,  // at once, both ways: offline
    };
    static constexpr std::uint32_t kEndless = std::numeric_limits<std::uint32_t>::max();

    /// A few frames, as the caller has them. ``in`` and ``out`` may be the same.
    struct Piece {
        std::uint32_t frames = 0;
        const float* in[2] = {nullptr, nullptr};
        const float* wet[2] = {nullptr, nullptr};  // null: there is none
        float* out[2] = {nullptr, nullptr};
        std::uint32_t ahead = 0;  // frames of the engine's sound on end from the first one, if there is any
        Manner manner = Manner::fade;
        bool meant = false;       // without sound: it ends here on purpose, to the sample (offline)
    };

    /// All that sounds is forgotten. Main thread; allocates.
    void prepare(double rate_hz);

    int fade_frames() const noexcept { return curve_.length(); }

    /// ``bypass``: the input alone; ``silent``: silence stands in for the input where there is no sound.
    /// The first call after prepare() takes them at once, later ones fade.
    void set(bool bypass, bool silent) noexcept;

    /// Nothing fades any more: all is where it was going to.
    void settle() noexcept;
    /// The next frame of the engine's sound is heard whole: the host starts to play.
    void enter_whole() noexcept { whole_ = true; }
    /// The next frame follows on nothing that was heard: the host located.
    void cut() noexcept { cut_ = true; }

    void mix(const Piece& piece) noexcept;

private:
    std::uint32_t mix_resting(const Piece& piece, std::uint32_t from) noexcept;
    void mix_frame(const Piece& piece, std::uint32_t at) noexcept;
    void step_wet(const Piece& piece, std::uint32_t at) noexcept;
    void remember(float left, float right) noexcept;

    FadeCurve curve_;
    int wet_ = 0;              // step on the curve
    Switch bypass_, silent_;
    Declick declick_;
    float last_[2] = {0.0F, 0.0F};  // before bypass
    bool whole_ = false, cut_ = false, set_ = false, edge_ = false;
};

}  // namespace anacrusis

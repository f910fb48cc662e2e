// How sound comes, goes and is cut without a step. Audio thread alone; real-time safe but for prepare().
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "core/contract.hpp"

namespace anacrusis {

/// The rising half of a raised cosine over kFadeSeconds: gain 0 at step 0, 1 at step length().
class FadeCurve {
public:
    /// Main thread; allocates.
    void prepare(double rate_hz) {
        length_ = std::max(1, static_cast<int>(std::lround(kFadeSeconds * rate_hz)));
        gains_ = std::make_unique<float[]>(static_cast<std::size_t>(length_) + 1);
        for (int step = 0; step <= length_; ++step) {
            const double phase = static_cast<double>(step) / length_;
            gains_[static_cast<std::size_t>(step)] =
                static_cast<float>(0.5 - 0.5 * std::cos(3.14159265358979323846 * phase));
        }
    }

    int length() const noexcept { return length_; }
    float operator[](int step) const noexcept { return gains_[static_cast<std::size_t>(step)]; }

private:
    int length_ = 1;
    std::unique_ptr<float[]> gains_;
};

/// A switch that takes a fade's length to turn: its step on the fade's curve.
struct Switch {
    int step = 0;
    bool on = false;

    void jump(bool to, int length) noexcept {
        on = to;
        step = to ? length : 0;
    }
    bool rests(int length) const noexcept { return step == (on ? length : 0); }
    void move(int length) noexcept { step = on ? std::min(step + 1, length) : std::max(step - 1, 0); }
};

/// Takes the edge off a cut: an offset that begins at the cut's height and decays over a fade's length,
/// so that the first frame after a cut equals the last one before. What is no number makes no offset.
class Declick {
public:
    bool rests() const noexcept { return left_ == 0; }
    void rest() noexcept { left_ = 0; }

    /// ``last``: the frame heard before the cut; ``next``: the first one behind it.
    void cut(const float last[2], const float next[2], int length) noexcept {
        for (int channel = 0; channel < 2; ++channel) {
            const float height = last[channel] - next[channel];
            offset_[channel] = std::isfinite(height) ? height : 0.0F;
        }
        left_ = length;
    }

    /// To be added to this frame; then the next one's turn comes.
    void add_to(float frame[2], const FadeCurve& curve) noexcept {
        frame[0] += offset_[0] * curve[left_];
        frame[1] += offset_[1] * curve[left_];
        --left_;
    }

private:
    float offset_[2] = {0.0F, 0.0F};
    int left_ = 0;
};

}  // namespace anacrusis

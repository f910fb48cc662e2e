#include "core/mixer.hpp"

#include <algorithm>
#include <cstring>

namespace anacrusis {
namespace {

/// ``to`` with gain, ``from`` with the rest; at either end the bits of one alone.
float blended(float from, float to, int step, const FadeCurve& curve) noexcept {
    if (step == 0) {
        return from;
    }
    if (step == curve.length()) {
        return to;
    }
    const float gain = curve[step];
    return from * (1.0F - gain) + to * gain;
}

void copy(float* out, const float* in, std::uint32_t frames) noexcept {
    if (out != in) {
        std::memmove(out, in, frames * sizeof(float));
    }
}

}  // namespace

void Mixer::prepare(double rate_hz) {
    curve_.prepare(rate_hz);
    wet_ = 0;
    bypass_ = silent_ = {};
    declick_ = {};
    remember(0.0F, 0.0F);
    whole_ = cut_ = set_ = edge_ = false;
}

void Mixer::set(bool bypass, bool silent) noexcept {
    if (!set_) {
        bypass_.jump(bypass, curve_.length());
        silent_.jump(silent, curve_.length());
        set_ = true;
    }
    bypass_.on = bypass;
    silent_.on = silent;
}

void Mixer::settle() noexcept {
    declick_.rest();
    bypass_.jump(bypass_.on, curve_.length());
    silent_.jump(silent_.on, curve_.length());
}

void Mixer::mix(const Piece& piece) noexcept {
    for (std::uint32_t at = 0; at < piece.frames;) {
        const std::uint32_t resting = mix_resting(piece, at);
        if (resting == 0) {
            mix_frame(piece, at);
        }
        at += std::max(resting, std::uint32_t{1});
    }
}

/// The frames from ``from`` on in which nothing moves, all at once; returns how many.
std::uint32_t Mixer::mix_resting(const Piece& piece, std::uint32_t from) noexcept {
    const int length = curve_.length();
    const auto full = static_cast<std::uint32_t>(length);
    if (cut_ || whole_ || !declick_.rests() || !bypass_.rests(length) || !silent_.rests(length)) {
        return 0;
    }
    const bool wet = piece.wet[0] != nullptr;
    std::uint32_t frames = piece.frames - from;
    const float* source[2] = {piece.in[0] + from, piece.in[1] + from};
    if (wet) {
        const std::uint32_t ahead = piece.ahead == kEndless ? kEndless : piece.ahead - from;
        if (wet_ != length || piece.manner == Manner::hold || ahead < full) {
            return 0;
        }
        frames = std::min(frames, ahead - full + 1);
        source[0] = piece.wet[0] + from;
        source[1] = piece.wet[1] + from;
    } else if (wet_ != 0 || silent_.on) {
        return 0;
    }
    const std::uint32_t last = frames - 1;
    remember(source[0][last], source[1][last]);
    for (int channel = 0; channel < 2; ++channel) {
        copy(piece.out[channel] + from, bypass_.on ? piece.in[channel] + from : source[channel], frames);
    }
    return frames;
}

void Mixer::mix_frame(const Piece& piece, std::uint32_t at) noexcept {
    const int length = curve_.length();
    step_wet(piece, at);
    bypass_.move(length);
    silent_.move(length);
    float heard[2];
    for (int channel = 0; channel < 2; ++channel) {
        const float dry = blended(piece.in[channel][at], 0.0F, silent_.step, curve_);
        heard[channel] = wet_ == 0 ? dry : blended(dry, piece.wet[channel][at], wet_, curve_);
    }
    if (edge_) {
        declick_.cut(last_, heard, length);
        edge_ = false;
    }
    if (!declick_.rests()) {
        declick_.add_to(heard, curve_);
    }
    remember(heard[0], heard[1]);
    for (int channel = 0; channel < 2; ++channel) {
        piece.out[channel][at] = blended(heard[channel], piece.in[channel][at], bypass_.step, curve_);
    }
}

/// Moves the step of the engine's sound: up by one or down as the sound's end comes near.
void Mixer::step_wet(const Piece& piece, std::uint32_t at) noexcept {
    const int length = curve_.length(), before = wet_;
    const bool wet = piece.wet[0] != nullptr;
    if (!wet) {
        wet_ = 0;
    } else if (piece.manner == Manner::exact) {
        wet_ = length;
    } else {
        const std::uint32_t ahead = piece.ahead == kEndless ? kEndless : piece.ahead - at;
        const int most = static_cast<int>(std::min(ahead, static_cast<std::uint32_t>(length)));
        const int wanted = piece.manner == Manner::hold ? std::max(wet_ - 1, 0) : whole_ ? length : wet_ + 1;
        wet_ = std::min(wanted, most);
    }
    const bool unforeseen = wet_ + 1 < before || (cut_ && before > 0);
    edge_ = unforeseen && (wet || !piece.meant);
    cut_ = whole_ = false;
}

void Mixer::remember(float left, float right) noexcept {
    last_[0] = left;
    last_[1] = right;
}

}  // namespace anacrusis

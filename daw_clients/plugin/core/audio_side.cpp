#include "core/audio_side.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string_view>

#include "core/bar_lines.hpp"
#include "core/denormals.hpp"

namespace anacrusis {
namespace {

constexpr double kSlowestRateHz = 8'000.0, kFastestRateHz = 384'000.0;

/// The value of a choice; a name that isn't there doesn't compile.
constexpr float choice(Control control, std::string_view name) {
    const ControlSpec& spec = kControls[index_of(control)];
    for (int i = 0; i < spec.choice_count; ++i) {
        if (name == spec.choices[i]) {
            return static_cast<float>(i);
        }
    }
    throw "no such choice";
}

constexpr float kInterval = choice(Control::mode, "interval");
constexpr float kBounce = choice(Control::mode, "bounce");
constexpr float kWaits = choice(Control::wait, "on");
constexpr float kBypassed = choice(Control::bypass, "on");

bool is(float value, float choice) noexcept { return std::fabs(value - choice) < 0.5F; }

bool is_session_rate(double rate_hz) noexcept {
    return rate_hz >= kSlowestRateHz && rate_hz <= kFastestRateHz &&
           std::fmod(rate_hz, static_cast<double>(kCurveRateHz)) == 0.0;
}

void pass(const float* const in[2], float* const out[2], std::uint32_t frames) noexcept {
    const bool crossed = out[0] == in[1] || out[1] == in[0];
    for (std::uint32_t i = 0; crossed && i < frames; ++i) {
        const float left = in[0][i], right = in[1][i];
        out[0][i] = left;
        out[1][i] = right;
    }
    for (int channel = 0; !crossed && channel < 2; ++channel) {
        if (out[channel] != in[channel]) {
            std::memmove(out[channel], in[channel], frames * sizeof(float));
        }
    }
}

}  // namespace

bool AudioSide::prepare(double rate_hz, std::uint32_t max_block_frames) {
    prepared_ = is_session_rate(rate_hz);
    if (!prepared_) {
        return false;
    }
    rate_hz_ = rate_hz;
    ring_.prepare(rate_hz);
    teller_.prepare(rate_hz);
    mixer_.prepare(rate_hz);
    head_.prepare(rate_hz, max_block_frames);
    bounce_.begin();
    was_playing_ = bouncing_ = holding_ = false;
    for (std::size_t row = 0; row < kEngineControlCount; ++row) {
        values_[row] = kControls[kEngineControls[row]].default_value;
    }
    return true;
}

void AudioSide::run(const HostTime& host, const float* const in[2], float* const out[2], std::uint32_t frames,
                    const MidiMessage* midi, std::uint32_t midi_count) noexcept {
    if (frames == 0) {
        return;
    }
    if (!prepared_) {
        pass(in, out, frames);
        return;
    }
    const NoDenormals no_denormals;
    const bool crossed = out[0] == in[1] || out[1] == in[0];
    const Buffers buffers{{in[0], in[1]}, {out[0], out[1]}, crossed};
    begin_block(host);
    for (std::uint32_t done = 0; done < frames;) {
        done += run_piece(buffers, done, frames - done, midi, midi_count);
    }
    was_playing_ = host_.playing;
}

void AudioSide::begin_block(const HostTime& host) noexcept {
    const std::int64_t at_ns = monotonic_ns();
    host_ = sane(host);
    const float mode = value_of(Control::mode);
    const bool offline = host_.offline || is(mode, kBounce) || is(value_of(Control::wait), kWaits);
    const bool wanted = shared_.new_epoch_wanted.load(std::memory_order_relaxed) &&
                        shared_.new_epoch_wanted.exchange(false, std::memory_order_acq_rel);
    bouncing_ = host_.playing && offline;
    mixer_.set(is(value_of(Control::bypass), kBypassed), is(mode, kInterval));
    if (head_.begin_block(host_, offline, wanted)) {
        begin_epoch();
    }
    if (!bouncing_) {
        bounce_.begin();
    }
    if (host_.playing && !was_playing_) {
        mixer_.enter_whole();
    }
    const bool enters = host_.playing && was_playing_ && !bouncing_;
    holding_ = shared_.enter_on_bar.load(std::memory_order_relaxed);
    if (holding_ && host_.playing && !enters) {  // there is nothing that it would come back into
        shared_.enter_on_bar.store(false, std::memory_order_relaxed);
        holding_ = false;
    }
    teller_.begin_block(at_ns, host_, offline, engine_values());
}

void AudioSide::begin_epoch() noexcept {
    ring_.sweep();
    epochs_.place(head_.epoch(), head_.position());
    teller_.begin_epoch(head_.left());
    bounce_.begin();
    if (bouncing_) {
        mixer_.settle();
    } else {
        mixer_.cut();
    }
}

std::uint32_t AudioSide::run_piece(const Buffers& buffers, std::uint32_t offset, std::uint32_t frames,
                                   const MidiMessage* midi, std::uint32_t midi_count) noexcept {
    const std::int64_t start = head_.position();
    runs_.take(head_, std::min(frames, RunList::kMostFrames));
    const bool plays_on = host_.playing && !bouncing_;
    ring_.begin_block(start, plays_on ? head_.position() + AudioRing::kSlackFrames + 1 : start);
    WetRange range = WetRange::of(shared_);
    if (bouncing_) {  // the engine must know what is waited for
        bounce_.wait_for_room(teller_, runs_, midi_count);
        tell(buffers, offset, range, midi, midi_count);
        bounce_.wait_for_sound(runs_, spans_);
        range = WetRange::of(shared_);
    } else {
        find_sound(range);
        tell(buffers, offset, range, midi, midi_count);
    }
    mix(buffers, offset, range);
    ring_.end_block(head_.position());
    return runs_.frames();
}

void AudioSide::find_sound(const WetRange& range) noexcept {
    finder_.find(runs_, range, spans_);
    const auto fade = static_cast<std::uint32_t>(mixer_.fade_frames());
    const bool to_the_end = spans_.hold(runs_.frames() - 1, runs_.frames());
    after_ = to_the_end ? finder_.count_after(head_, range, holding_ ? 2 * fade : fade) : 0;
}

void AudioSide::tell(const Buffers& buffers, std::uint32_t offset, const WetRange& range,
                     const MidiMessage* midi, std::uint32_t midi_count) noexcept {
    for (const Run& run : runs_) {
        const Part gap = bouncing_ ? Part{0, 0} : spans_.gap_of(run.offset, due_part(run, range));
        teller_.tell_run(run, run.address + gap.begin, run.address + gap.end);
    }
    teller_.tell_curves(runs_);
    teller_.tell_midi(runs_, offset, midi, midi_count);
    teller_.tell_input(runs_, buffers.in[0] + offset, buffers.in[1] + offset);
    teller_.tell_gestures();
}

/// The frame of the piece at which the engine's sound begins to come back, so that it is whole on a bar
/// line; kNever: not in this piece.
std::uint32_t AudioSide::release_frame() const noexcept {
    const std::int64_t rise = mixer_.fade_frames() - 1;
    if (!BarLines::can_be_told_by(host_)) {
        return 0;
    }
    for (const Run& run : runs_) {
        if (!BarLines::known_in(run, host_)) {
            continue;
        }
        const BarLines lines = BarLines::of(run, host_, rate_hz_);
        const bool loops = run.loop.valid && run.sample < run.loop.end;
        const std::int64_t last = loops ? run.loop.end - run.sample : kNever;
        std::int64_t line = lines.first_from(rise);
        for (; line <= last && line - rise < run.frames; line = lines.first_from(line + 1)) {
            const auto frame = static_cast<std::uint32_t>(run.offset + line - rise);
            if (ahead_at(frame) > 2 * rise) {
                return frame;
            }
        }
    }
    return kNever;
}

/// How many frames of sound there are on end from a frame of the piece on, as far as it was looked.
std::uint32_t AudioSide::ahead_at(std::uint32_t frame) const noexcept {
    const std::uint32_t end = runs_.frames();
    const Spans::Span span = spans_.at_or_after(frame, end);
    if (span.begin > frame) {
        return 0;
    }
    return span.end - frame + (span.end == end ? after_ : 0);
}

void AudioSide::mix(const Buffers& buffers, std::uint32_t offset, const WetRange& range) noexcept {
    const std::uint32_t release = holding_ && host_.playing ? release_frame() : 0;
    for (const Run& run : runs_) {
        const std::uint32_t end = run.offset + run.frames;
        for (std::uint32_t frame = run.offset; frame < end;) {
            const Spans::Span span = spans_.at_or_after(frame, end);
            const bool wet = span.begin <= frame;
            const std::uint32_t part = std::min({wet ? span.end : span.begin, end, frame + kPieceFrames,
                                                 frame < release ? release : end});
            Mixer::Piece piece;
            piece.manner = bouncing_ ? Mixer::Manner::exact
                           : frame < release ? Mixer::Manner::hold : Mixer::Manner::fade;
            piece.meant = bouncing_ && !range.has(run.sample + (frame - run.offset));
            for (int channel = 0; channel < 2; ++channel) {
                piece.in[channel] = buffers.in[channel] + offset + frame;
                piece.out[channel] = buffers.out[channel] + offset + frame;
                if (buffers.crossed) {
                    std::copy_n(piece.in[channel], part - frame, dry_[channel]);
                    piece.in[channel] = dry_[channel];
                }
            }
            mix_some(run, frame, part - frame, wet, piece);
            frame = part;
        }
    }
    if (holding_ && host_.playing && release != kNever) {
        shared_.enter_on_bar.store(false, std::memory_order_relaxed);
        holding_ = false;
    }
}

/// Frames of a run that have the engine's sound, or have it not; what was lost since is dry.
void AudioSide::mix_some(const Run& run, std::uint32_t frame, std::uint32_t frames, bool wet,
                         Mixer::Piece piece) noexcept {
    const std::uint32_t from = frame - run.offset;
    piece.frames = wet ? finder_.read(run, from, from + frames, wet_[0], wet_[1]) : 0;
    piece.ahead = bouncing_ ? Mixer::kEndless : ahead_at(frame);
    piece.wet[0] = wet_[0];
    piece.wet[1] = wet_[1];
    mixer_.mix(piece);
    for (int channel = 0; channel < 2; ++channel) {
        piece.in[channel] += piece.frames;
        piece.out[channel] += piece.frames;
        piece.wet[channel] = nullptr;
    }
    piece.frames = frames - piece.frames;
    mixer_.mix(piece);
}

EngineValues AudioSide::engine_values() noexcept {
    for (std::size_t row = 0; row < kEngineControlCount; ++row) {
        const auto control = static_cast<std::size_t>(kEngineControls[row]);
        const float value = shared_.values[control].load(std::memory_order_relaxed);
        if (std::isfinite(value)) {
            values_[row] = std::clamp(value, kControls[control].minimum, kControls[control].maximum);
        }
    }
    return values_;
}

float AudioSide::value_of(Control control) const noexcept {
    return shared_.values[static_cast<std::size_t>(index_of(control))].load(std::memory_order_relaxed);
}

}  // namespace anacrusis

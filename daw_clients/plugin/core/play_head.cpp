#include "core/play_head.hpp"

#include <algorithm>
#include <cmath>

namespace anacrusis {
namespace {

constexpr std::int64_t kFarthestFrame = std::int64_t{1} << 37U;
constexpr double kFarthestPpq = 1e9;
constexpr double kSlowestBpm = 1.0, kFastestBpm = 10'000.0;
constexpr double kLoopSlopSeconds = 0.010;

bool is_place(double ppq) noexcept { return std::fabs(ppq) <= kFarthestPpq; }  // false for NaN

bool near(std::int64_t a, std::int64_t b) noexcept {
    return a - b <= PlayHead::kTolerance && b - a <= PlayHead::kTolerance;
}

}  // namespace

HostTime sane(const HostTime& host) noexcept {
    HostTime time = host;
    if (time.has_frame && (time.frame > kFarthestFrame || time.frame < -kFarthestFrame)) {
        time.has_frame = time.playing = false;
    }
    time.has_ppq = time.has_ppq && is_place(time.ppq);
    time.has_bar_start = time.has_bar_start && is_place(time.bar_start_ppq);
    time.has_tempo = time.has_tempo && time.bpm >= kSlowestBpm && time.bpm <= kFastestBpm;
    time.has_signature = time.has_signature && time.numerator >= 1 && time.numerator <= 255 &&
                         time.denominator >= 1 && time.denominator <= 255;
    time.looping = time.looping && time.has_ppq && time.has_tempo && is_place(time.loop_start_ppq) &&
                   is_place(time.loop_end_ppq) && time.loop_start_ppq < time.loop_end_ppq;
    return time;
}

void PlayHead::prepare(double rate_hz, std::uint32_t max_block_frames) noexcept {
    const std::uint32_t epoch = epoch_;
    *this = PlayHead{};
    epoch_ = epoch;
    rate_hz_ = rate_hz;
    max_block_frames_ = max_block_frames;
    loops_.prepare(std::llround(kLoopSlopSeconds * rate_hz));
}

bool PlayHead::begin_block(const HostTime& host, bool offline, bool new_epoch_wanted) noexcept {
    frames_per_quarter_ = host.has_tempo ? 60.0 * rate_hz_ / host.bpm : 0.0;
    const std::int64_t frame = frame_of(host);
    const Arrival arrival = started_ ? arrival_of(host, frame) : Arrival::elsewhere;
    const bool turned = host.playing && offline != offline_playing_;  // a bounce begins or ends

    wrapped_ = false;
    if (arrival == Arrival::elsewhere) {
        learn_from(host, frame);
        sample_ = frame;
    } else if (arrival == Arrival::wraps) {
        wrap();
    } else if (playing_ && armed_ && frame >= loop_.end) {
        loops_.let_go();
    }
    note_frame(host);
    const bool fresh = arrival == Arrival::elsewhere || new_epoch_wanted || turned;
    if (fresh) {
        enter_epoch();
    }
    started_ = true;
    playing_ = host.playing;
    offline_playing_ = host.playing && offline;
    set_place(host, frame);
    return fresh;
}

Run PlayHead::next(std::uint32_t frames) noexcept {
    if (playing_ && armed_ && sample_ >= loop_.end) {
        wrap();
        wrapped_inside_ = true;
        since_wrap_ = 0;
        has_bar_start_ = false;
        ppq_ = loop_.start_ppq;
    }
    Run run;
    run.playing = playing_;
    run.wrapped = wrapped_;
    wrapped_ = false;
    run.frames = frames;
    if (playing_ && armed_ && loop_.end - sample_ <= frames) {
        run.frames = static_cast<std::uint32_t>(loop_.end - sample_);
        run.to_wrap = true;
    }
    run.epoch = epoch_;
    run.lap = lap_;
    run.address = address_;
    run.sample = sample_;
    run.position = position_;
    run.has_ppq = has_ppq_;
    run.has_bar_start = has_bar_start_;
    run.ppq = ppq_;
    run.bar_start_ppq = bar_start_ppq_;
    run.loop = loop_;
    if (playing_) {
        pass(run.frames);
    }
    return run;
}

void PlayHead::pass(std::uint32_t frames) noexcept {
    sample_ += frames;
    address_ += frames;
    position_ += frames;
    straight_ += frames;
    since_wrap_ += frames;
    since_told_ += frames;
    if (frames_per_quarter_ > 0.0) {
        const double quarters = frames / frames_per_quarter_;
        ppq_ += quarters;
        bar_start_ppq_ -= bar_counts_from_here_ ? quarters : 0.0;
    } else {
        has_ppq_ = has_bar_start_ = false;
    }
}

std::int64_t PlayHead::frame_of(const HostTime& host) const noexcept {
    if (host.has_frame) {
        return host.frame;
    }
    if (host.has_ppq && host.has_tempo) {
        return std::clamp(sample_after(0, host.ppq, frames_per_quarter_), -kFarthestFrame, kFarthestFrame);
    }
    return sample_;
}

PlayHead::Arrival PlayHead::arrival_of(const HostTime& host, std::int64_t frame) const noexcept {
    if (near(frame, sample_)) {
        return Arrival::goes_on;
    }
    if (playing_ && armed_ && near(sample_, loop_.end) && near(frame, loop_.start)) {
        return Arrival::wraps;
    }
    const bool same_word = frame == told_frame_ && since_told_ < max_block_frames_;
    return playing_ && host.playing && same_word ? Arrival::goes_on : Arrival::elsewhere;
}

void PlayHead::learn_from(const HostTime& host, std::int64_t frame) noexcept {
    const bool told = has_ppq_ && host.has_ppq;
    if (started_ && playing_ && host.playing) {
        const double from_ppq = told ? ppq_ : 0.0, to_ppq = told ? host.ppq : 0.0;
        loops_.learn(loop_, host, {straight_, frame, from_ppq, to_ppq, wrapped_inside_, since_wrap_});
    } else {
        loops_.let_go();
    }
}

void PlayHead::note_frame(const HostTime& host) noexcept {
    const std::int64_t told = host.has_frame ? host.frame : kNowhere;
    if (told != told_frame_ || !host.playing || !playing_) {
        told_frame_ = told;
        since_told_ = 0;
    }
}

void PlayHead::enter_epoch() noexcept {
    left_ = started_ ? address_ : kNowhere;
    ++epoch_;
    epoch_ += (epoch_ & 0xFFFFU) == 0 ? 1 : 0;  // the ring's tags need it
    address_ = 0;
    lap_ = 0;
}

void PlayHead::set_place(const HostTime& host, std::int64_t frame) noexcept {
    const std::int64_t ahead = sample_ - frame;  // of the host's own words
    set_quarters(host, ahead);
    loop_ = loops_.of(host, sample_, ppq_, frames_per_quarter_);
    armed_ = loop_.valid && std::max(sample_, frame) < loop_.end;
    straight_ = sample_;
    since_wrap_ = 0;
    wrapped_inside_ = false;
}

void PlayHead::set_quarters(const HostTime& host, std::int64_t ahead) noexcept {
    const bool known = ahead == 0 || host.has_tempo;
    const double further = known && ahead != 0 ? static_cast<double>(ahead) / frames_per_quarter_ : 0.0;
    has_ppq_ = host.has_ppq && known;
    ppq_ = host.ppq + further;
    bar_counts_from_here_ = !host.has_ppq;
    has_bar_start_ = host.has_bar_start && known;
    bar_start_ppq_ = host.bar_start_ppq - (bar_counts_from_here_ ? further : 0.0);
}

void PlayHead::wrap() noexcept {
    sample_ = loop_.start;
    ++lap_;
    wrapped_ = true;
}

}  // namespace anacrusis

#include "net/live_stream.hpp"

#include <algorithm>
#include <cmath>

namespace anacrusis {
namespace {

constexpr std::int64_t kTellEveryNs = 100'000'000;
constexpr std::int64_t kHoldNs = 300'000'000;
constexpr double kCreditStepSeconds = 0.010;
constexpr double kShortestLoopSeconds = 0.1;  // what the engine takes

bool same_loop(const RunRecord& a, const RunRecord& b) {
    return a.looping == b.looping &&
        (!a.looping || (a.loop_start == b.loop_start && a.loop_end == b.loop_end));
}

}  // namespace

void LiveStream::begin_session() {
    state_ = State::closed;
    refused_ = false;
    told_.reset();
    held_until_ns_ = 0;
    granted_epoch_ = 0;
}

void LiveStream::run(const RunRecord& run) {
    if (!run_ || run_->epoch != run.epoch) {
        left_ = run.left;
        gap_start_ = gap_end_ = kNowhere;
    }
    if (run.gap_start != kNowhere && run.gap_end > run.gap_start) {
        gap_start_ = gap_start_ == kNowhere ? run.gap_start : std::min(gap_start_, run.gap_start);
        gap_end_ = std::max(gap_end_, run.gap_end);
    }
    run_ = run;
}

void LiveStream::map_edited(std::int64_t now_ns) {
    held_epoch_ = run_ ? run_->epoch : 0;
    held_until_ns_ = now_ns + kHoldNs;
}

void LiveStream::step(std::int64_t now_ns, bool wanted, const Shape& shape, SampleRange wet) {
    if (!(shape == shape_)) refused_ = false;
    const bool fits = wanted && shape == shape_;
    if (state_ == State::open && !fits) ask_to_close();
    if (state_ == State::closed && wanted && !refused_ && run_) ask_to_open(shape);
    if (state_ != State::open || !run_) return;
    if (is_due(now_ns)) tell(now_ns);
    if (told_ && told_->epoch == run_->epoch) grant(shape, wet);
}

void LiveStream::ask_to_open(const Shape& shape) {
    protocol::OpenStream message;
    message.stream = kStream;
    message.window_bars = shape.live_bars > 0 ? 1 : 4;
    message.buffer_frames = static_cast<std::int64_t>(shape.buffer_ms * song_.rate_hz() / 1000.0);
    state_ = State::opening;
    shape_ = shape;
    told_.reset();
    granted_epoch_ = 0;
    requests_.ask(message, [this](const protocol::Ok*, const protocol::Error* error) {
        state_ = error == nullptr ? State::open : State::closed;
        refused_ = error != nullptr;
        if (refused_) song_.details.say(Topic::engine, "The engine opens no stream: " + error->message);
    });
}

void LiveStream::ask_to_close() {
    protocol::CloseStream message;
    message.stream = kStream;
    state_ = State::closing;
    requests_.ask(message, [this](const protocol::Ok*, const protocol::Error*) { state_ = State::closed; });
}

bool LiveStream::is_due(std::int64_t now_ns) const {
    if (run_->epoch == held_epoch_ && now_ns < held_until_ns_) return false;
    const bool moved = !told_ || told_->epoch != run_->epoch || told_->playing != run_->playing ||
        !same_loop(*told_, *run_);
    return moved || (run_->playing && now_ns - told_ns_ >= kTellEveryNs) ||
        now_ns - told_ns_ >= 10 * kTellEveryNs;
}

void LiveStream::tell(std::int64_t now_ns) {
    const RunRecord& run = *run_;
    protocol::Transport message;
    message.at = run.at_ns;
    message.epoch = run.epoch;
    message.sample = run.sample;
    message.address = run.address;
    message.playing = run.playing;
    message.recording = run.recording;
    message.lap = run.lap;
    if (left_ != kNowhere && (!told_ || told_->epoch != run.epoch)) {
        message.left = std::max<std::int64_t>(left_, 0);
    }
    if (gap_start_ != kNowhere && gap_start_ >= 0) message.gap_start = gap_start_, message.gap_end = gap_end_;
    if (run.has_tempo && run.bpm >= kMinBpm && run.bpm <= kMaxBpm) message.bpm = run.bpm;
    const Signature signature{run.numerator, run.denominator};
    if (run.has_signature && signature.legal()) {
        message.numerator = run.numerator;
        message.denominator = run.denominator;
    }
    message.ppq = song_.timeline.grid().ppq_of_sample(run.sample);
    set_loop(message);
    requests_.tell(message);
    told_ = run;
    told_ns_ = now_ns;
    gap_start_ = gap_end_ = kNowhere;
}

/// A place that is the loop's very sample: the host's own quarter notes where they are.
double LiveStream::ppq_of(std::int64_t sample, double told) const {
    const BarGrid& grid = song_.timeline.grid();
    const double own = told + song_.timeline.shift();
    return std::isfinite(own) && grid.sample_of_ppq(own) == sample ? own : grid.ppq_of_sample(sample);
}

void LiveStream::set_loop(protocol::Transport& message) const {
    const RunRecord& run = *run_;
    const auto frames = static_cast<double>(run.loop_end - run.loop_start);
    if (!run.looping || frames < kShortestLoopSeconds * song_.rate_hz()) return;
    message.looping = true;
    message.loop_start_ppq = ppq_of(run.loop_start, run.loop_start_ppq);
    message.loop_end_ppq = ppq_of(run.loop_end, run.loop_end_ppq);
}

/// The host's place and the buffer beyond it; nothing beyond the end of what has sound.
void LiveStream::grant(const Shape& shape, SampleRange wet) {
    const RunRecord& run = *run_;
    const std::int64_t played = run.playing ? std::int64_t{run.frames} : 0;
    const auto buffer = static_cast<std::int64_t>(shape.buffer_ms * song_.rate_hz() / 1000.0);
    std::int64_t reach = run.address + played + buffer;
    std::int64_t room = 0;
    if (!ring_.room_until(run.epoch, room)) return;
    reach = std::min(reach, room);
    const std::int64_t last = run.looping ? reach : run.address + (wet.end - run.sample);
    reach = std::min(reach, last);
    if (granted_epoch_ != run.epoch) granted_ = 0;
    const auto step = static_cast<std::int64_t>(kCreditStepSeconds * song_.rate_hz());
    if (reach <= granted_ || (granted_ > 0 && reach < granted_ + step && reach < last)) return;
    granted_epoch_ = run.epoch;
    granted_ = reach;
    protocol::Credit message;
    message.stream = kStream;
    message.epoch = run.epoch;
    message.frames = reach;
    requests_.tell(message);
}

void LiveStream::take(const protocol::Audio& audio, const std::vector<float>& samples, std::int64_t now_ns) {
    const bool whole = audio.channels == 2 && audio.frames >= 1 &&
        audio.format == protocol::PayloadFormat::f32 &&
                       samples.size() == static_cast<std::size_t>(audio.frames) * 2;
    if (!whole || audio.epoch < 0 || audio.address < 0) return;
    ring_.write(static_cast<std::uint32_t>(audio.epoch), audio.address, audio.sample, samples.data(),
                static_cast<std::uint32_t>(audio.frames));
    if (audio.late) late_ns_ = now_ns;
}

}  // namespace anacrusis

#include "net/bounce.hpp"

#include <algorithm>

namespace anacrusis {
namespace {

constexpr std::int64_t kMostBars = 1'024;
constexpr std::int64_t kLastBar = 100'000;  // what the protocol counts to
constexpr std::int64_t kInVainNs = 1'000'000'000;

}  // namespace

// ---------------------------------------------------------------- from the first run to the last

void Bounce::run(const RunRecord& run) {
    const bool offline = run.offline && run.playing;
    if (active_ && (!offline || run.epoch != run_.epoch)) finish();
    if (run.playing && !run_.playing) outcome_ = Outcome::none;
    if (offline && !active_) begin(run);
    run_ = run;
}

void Bounce::begin(const RunRecord& run) {
    active_ = true;
    outcome_ = Outcome::none;
    stage_ = Stage::preparing;
    lessons_.reset();
    most_bars_ = kMostBars;
    source_end_ = kWholeSong.end;
    missed_ = retried_ = kNowhere;
    turning_ns_ = 0;
    run_ = run;
    song_.details.settle(Topic::bounce);
    publish(BounceState::preparing);
}

void Bounce::begin_session() {
    in_engine_ = false;
    feed_.clear();
    ++job_;
    if (active_ && stage_ != Stage::failed) stage_ = Stage::preparing;
}

void Bounce::end() {
    if (active_) finish();
}

void Bounce::finish() {
    if (lessons_ && *lessons_ != lessons() && stage_ != Stage::failed) {
        outcome_ = Outcome::learned;
        song_.details.say(Topic::bounce,
                          "Tempo, automation or the track's sound were not what they were before; bounce "
                          "again.");
    }
    cancel();
    active_ = false;
    shared_.bounce_timed_out.store(false, std::memory_order_relaxed);
    publish(BounceState::none);
}

/// Counts what the host taught that was not known.
std::uint64_t Bounce::lessons() const noexcept {
    const std::uint64_t sound = knew_sound_ ? song_.capture.revision() : 0;
    return song_.automation.corrections() + song_.timeline.revision() + sound;
}

void Bounce::publish(BounceState state) {
    shared_.bounce.store(bounce_word(run_.epoch, state), std::memory_order_release);
}

void Bounce::fail(const std::string& words) {
    cancel();
    stage_ = Stage::failed;
    outcome_ = Outcome::failed;
    song_.details.say(Topic::bounce, words);
    publish(BounceState::failed);
}

void Bounce::cancel() {
    feed_.clear();
    ++job_;
    if (in_engine_ || stage_ == Stage::asked) tell_cancel();
    in_engine_ = false;
}

void Bounce::tell_cancel() {
    protocol::Cancel message;
    message.stream = kStream;
    requests_.ask(message);
}

// ---------------------------------------------------------------- step by step

SampleRange Bounce::clipped(SampleRange wet) const noexcept {
    if (!active_) return wet;
    return {wet.start, std::min(wet.end, std::max(source_end_, wet.start))};
}

void Bounce::watch() {
    const bool timed_out = shared_.bounce_timed_out.load(std::memory_order_relaxed);
    if (!active_ || stage_ == Stage::failed || !timed_out) return;
    fail("The bounce went on dry: the engine gave no sign of life. Start it, and bounce again.");
}

void Bounce::step(std::int64_t now_ns, bool ready, SampleRange wet, bool interval) {
    if (!active_ || stage_ == Stage::failed) return;
    if (interval) {
        fail("The track's live input can't be bounced offline; bounce in real time, or with mode=follow.");
        return;
    }
    if (stage_ != Stage::preparing && turns_off(now_ns)) {
        cancel();
        stage_ = Stage::preparing;
    }
    if (stage_ == Stage::preparing && ready) {
        wet_ = wet;
        begin_render();
    }
    if (stage_ != Stage::rendering) return;
    feed_.write(wanted_end());
    go_on(now_ns);
    grant();
}

/// Whether the host is on another path than the one that is rendered for, as a loop has wrapped, and
/// the sound up to there is in the ring. A block may lie on both sides of a wrap.
bool Bounce::turns_off(std::int64_t now_ns) {
    std::int64_t read = 0;
    if (run_.sample - run_.address == line_ || !ring_.read_address(run_.epoch, read)) return false;
    const std::int64_t missing = std::min(run_.address, wet_.end - line_) - read;
    const auto limit = static_cast<std::uint32_t>(std::max<std::int64_t>(missing, 0));
    const bool filled = ring_.frames_ahead(run_.epoch, limit) >= missing;
    if (turning_ns_ == 0) turning_ns_ = now_ns;
    if (!filled && now_ns - turning_ns_ < kInVainNs) return false;
    turning_ns_ = 0;
    return true;
}

/// Up to where the render's sound is wanted: behind a loop's end that of its start is heard.
std::int64_t Bounce::wanted_end() const noexcept {
    const bool wrapped = run_.sample - run_.address != line_;
    const std::int64_t wrap = run_.loop_end - line_;
    const bool loops = run_.looping && (wrap > run_.address || (wrapped && wrap == run_.address));
    return loops ? std::min(end_, run_.loop_end) : end_;
}

void Bounce::grant() {
    if (!in_engine_) return;
    const std::optional<std::int64_t> due = feed_.due_credit();
    if (!due) return;
    protocol::Credit message;
    message.stream = kStream;
    message.frames = *due;
    requests_.tell(message);
}

/// When a render is over: the bars after it, or, where the host still waits for its sound, once more.
void Bounce::go_on(std::int64_t now_ns) {
    if (in_engine_ || !feed_.empty()) return;
    if (last_known_) {
        fill_gap(now_ns);
    } else {
        ask_from(std::max(last_bar_, first_bar_ + 1));
    }
}

void Bounce::fill_gap(std::int64_t now_ns) {
    std::int64_t read = 0;
    if (!ring_.read_address(run_.epoch, read)) return;
    const std::int64_t here = read + line_;
    const std::int64_t end = std::min({here + run_.frames, wet_.end, wanted_end()});
    if (here < wet_.start || ring_.frames_ahead(run_.epoch, run_.frames) >= end - here) return;
    if (read != missed_) missed_ = read, missed_ns_ = now_ns;
    if (now_ns - missed_ns_ < kInVainNs) return;
    if (retried_ == read) {
        fail("The engine's sound has a gap that it doesn't fill; bounce again.");
        return;
    }
    retried_ = read;
    stage_ = Stage::preparing;
}

// ---------------------------------------------------------------- renders

/// Asks for the bars from where the host is.
void Bounce::begin_render() {
    line_ = run_.sample - run_.address;
    if (!lessons_ && !wet_.empty()) {
        knew_sound_ = song_.source && !song_.capture.newest().empty();
        lessons_ = lessons();
    }
    const std::int64_t from = std::max({run_.sample, wet_.start, std::int64_t{0}});
    if (from < clipped(wet_).end) {
        ask_from(song_.timeline.grid().bar_of_sample(from) + 1);
        return;
    }
    stage_ = Stage::passed;
    publish(wet_.empty() ? BounceState::dry : BounceState::running);
}

void Bounce::ask_from(std::int64_t first_bar) {
    std::int64_t last = std::min(first_bar + most_bars_ - 1, kLastBar);
    const SampleRange wet = clipped(wet_);
    last_known_ = false;
    if (wet.end < kWholeSong.end) {
        const std::int64_t end_bar = song_.timeline.grid().bar_of_sample(wet.end - 1) + 1;
        last_known_ = end_bar <= last;
        last = std::min(last, end_bar);
    }
    ask(first_bar, last);
}

void Bounce::ask(std::int64_t first_bar, std::int64_t last_bar) {
    first_bar_ = first_bar, last_bar_ = last_bar;
    stage_ = Stage::asked;
    protocol::Render message;
    message.stream = kStream;
    message.first_bar = first_bar;
    message.last_bar = last_bar;
    const std::uint64_t job = ++job_;
    requests_.ask(message, [this, job](const protocol::Ok*, const protocol::Error* error) {
        answered(job, error);
    });
}

void Bounce::answered(std::uint64_t job, const protocol::Error* error) {
    if (job != job_) return;  // it was cancelled meanwhile
    if (error != nullptr) {
        refused(*error);
        return;
    }
    const BarGrid& grid = song_.timeline.grid();
    in_engine_ = true;
    stage_ = Stage::rendering;
    feed_.begin(run_.epoch, line_, grid.sample(first_bar_ - 1));
    // The last bar of a render that is not the song's end lacks the join to the bar after it.
    const bool whole = last_known_ || last_bar_ == first_bar_;
    end_ = grid.sample(whole ? last_bar_ : last_bar_ - 1);
    publish(BounceState::running);
    grant();
}

void Bounce::refused(const protocol::Error& error) {
    if (error.code == protocol::codes::kRangePastEnd && error.last_bar && *error.last_bar < last_bar_) {
        source_end_ = song_.timeline.grid().sample(*error.last_bar);
        stage_ = Stage::preparing;
    } else if (error.code == protocol::codes::kLimit && error.field == "bars" && most_bars_ > 1) {
        most_bars_ /= 2;
        stage_ = Stage::preparing;
    } else {
        fail("The engine can't bounce this: " + error.message);
    }
}

void Bounce::take(const protocol::Audio& audio, std::vector<float> samples) {
    const bool whole = audio.channels == 2 && audio.frames >= 1 &&
        audio.format == protocol::PayloadFormat::f32 &&
                       samples.size() == static_cast<std::size_t>(audio.frames) * 2;
    if (!whole || !in_engine_ || stage_ != Stage::rendering) return;
    feed_.add(audio.address, std::move(samples));
    feed_.write(wanted_end());
}

void Bounce::take(const protocol::RenderDone& done) {
    if (!in_engine_ || done.stream != kStream) return;
    in_engine_ = false;
    if (stage_ == Stage::rendering && done.cancelled) {
        fail("The engine gave the bounce up; see its own words, and bounce again.");
    }
}

}  // namespace anacrusis

#include "net/session.hpp"

#include <algorithm>
#include <cmath>

#include "net/control_values.hpp"

namespace anacrusis {
namespace {

constexpr std::int64_t kRenewEveryNs = 150'000'000;
constexpr std::uint32_t kLivePieceFrames = 65'536;
constexpr int kMostMessagesAtOnce = 256;

protocol::Hello hello_of(double rate_hz, std::uint32_t max_block_frames, const std::string& token) {
    protocol::Hello hello;
    hello.client = "anacrusis-plugin";
    hello.sample_rate = static_cast<std::int64_t>(rate_hz);
    hello.block_size = std::clamp<std::int64_t>(max_block_frames, 1, 65'536);
    hello.resume_token = token;
    return hello;
}

}  // namespace

Session::Session(Song& song, const AudioLink& audio, Wire& wire, const Clock& clock,
                 std::string source_folder)
    : song_(song),
      audio_(audio),
      wire_(wire),
      clock_(clock),
      requests_(wire, clock),
      link_(wire, requests_),
      telling_(song, requests_, audio.shared),
      source_(song, requests_, std::move(source_folder)),
      live_(song, requests_, audio.ring),
      bounce_(song, requests_, audio.ring, audio.shared),
      announcer_(song, audio.shared, audio.ring, {link_, source_, live_, bounce_}) {}

void Session::prepare(double rate_hz, std::uint32_t max_block_frames) {
    if (rate_hz != song_.rate_hz()) source_.forget_capture();
    song_.prepare(rate_hz);
    run_.reset();
    live_.forget_host();
    had_session_ = was_silent_ = false;
    max_block_frames_ = max_block_frames;
    link_.set_hello(hello_of(rate_hz, max_block_frames, song_.settings.resume_token));
}

void Session::step() {
    const std::int64_t now_ns = clock_.now_ns();
    take_records();
    take_messages(now_ns);
    link_.step(now_ns);
    watch_silence();
    bounce_.watch();
    busy_ = source_.work();
    if (link_.open()) tell(now_ns);
    requests_.flush();
    announcer_.step(now_ns, run_ ? &*run_ : nullptr, live_bars());
}

void Session::leave() {
    take_records();  // run() is called no more: what it told last must not stay in the queue
    bounce_.end();
    song_.automation.settle();
    song_.notes.settle();
    source_.take();
    if (link_.has_session()) requests_.tell(protocol::Bye{});
    announcer_.leave();
}

// ---------------------------------------------------------------- records

void Session::take_records() {
    Record record;
    while (audio_.records.try_pop(record)) {
        switch (record.kind) {
            case RecordKind::run:
                take_run(record.run);
                break;
            case RecordKind::curve:
                song_.automation.curve(record.curve);
                break;
            case RecordKind::gesture:
                song_.automation.gesture(record.gesture);
                telling_.gesture(record.gesture);
                break;
            case RecordKind::midi:
                song_.notes.midi(record.midi);
                break;
            case RecordKind::input:
                take_input(record.input);
                break;
        }
    }
}

void Session::take_run(const RunRecord& run) {
    const bool was_playing = run_ && run_->playing;
    const bool left = was_playing &&
        (!run.playing || run.epoch != run_->epoch || run.offline != run_->offline);
    const bool wrapped = was_playing && run.lap != run_->lap && !song_.source;
    if (left || wrapped) source_.take();
    if (run.playing) song_.played();
    song_.timeline.observe(run);
    song_.automation.run(run);
    song_.notes.run(run);
    live_.run(run);
    bounce_.run(run);
    run_ = run;
}

void Session::take_input(const InputRecord& input) {
    input_.resize(std::size_t{2} * input.frames);
    const std::size_t frames = audio_.input.pop(input_.data(), input.frames);
    song_.capture.write(input.sample, input_.data(), static_cast<std::int64_t>(frames));
    if (live_bars() == 0 || !link_.open() || !live_.open()) return;
    for (std::size_t done = 0; done < frames;) {
        const std::size_t count = std::min<std::size_t>(frames - done, kLivePieceFrames);
        protocol::LiveBlock message;
        message.epoch = input.epoch;
        message.lap = input.lap;
        message.sample = input.sample + static_cast<std::int64_t>(done);
        message.frames = static_cast<std::int64_t>(count);
        const auto first = input_.begin() + static_cast<std::ptrdiff_t>(2 * done);
        std::vector<float> samples(first, first + static_cast<std::ptrdiff_t>(2 * count));
        for (float& sample : samples) sample = std::isfinite(sample) ? sample : 0.0F;
        requests_.tell(message, std::move(samples));
        done += count;
    }
}

// ---------------------------------------------------------------- messages

void Session::take_messages(std::int64_t now_ns) {
    Received received;
    for (int left = kMostMessagesAtOnce; left > 0 && wire_.receive(received); --left) {
        if (received.bad_version) {
            link_.take_other_version(now_ns);
            continue;
        }
        try {
            const protocol::EngineMessage message =
                protocol::decode_engine(received.header.data(), received.header.size());
            take_message(message, received.samples, now_ns);
        } catch (const protocol::ProtocolError&) {
            continue;  // of a newer engine: it harms nothing
        }
    }
}

void Session::take_message(const protocol::EngineMessage& message, std::vector<float>& samples,
                           std::int64_t now_ns) {
    if (link_.take(message, now_ns)) begin_session();
    const auto* pulse = std::get_if<protocol::Pulse>(&message);
    const bool hung = pulse != nullptr && pulse->state == protocol::PulseState::hung;
    if (!hung) audio_.shared.signs_of_life.store(++signs_, std::memory_order_relaxed);
    if (const auto* audio = std::get_if<protocol::Audio>(&message)) {
        if (audio->stream == LiveStream::kStream) live_.take(*audio, samples, now_ns);
        if (audio->stream == Bounce::kStream) bounce_.take(*audio, std::move(samples));
    } else if (const auto* done = std::get_if<protocol::RenderDone>(&message)) {
        bounce_.take(*done);
    } else if (const auto* ok = std::get_if<protocol::Ok>(&message)) {
        if (ok->re) requests_.settle(*ok->re, ok, nullptr);
    } else if (const auto* error = std::get_if<protocol::Error>(&message)) {
        take_error(*error);
    } else if (const auto* notice = std::get_if<protocol::Notice>(&message)) {
        song_.details.say(Topic::notice, notice->message);
    } else if (pulse != nullptr) {
        audio_.shared.late_bars.store(static_cast<float>(pulse->late_bars), std::memory_order_relaxed);
    }
}

void Session::take_error(const protocol::Error& error) {
    if (error.re && requests_.settle(*error.re, nullptr, &error)) return;
    const bool expected = error.code == protocol::codes::kUnknownStream ||
        error.code == protocol::codes::kNotGreeted;
    if (!expected) song_.details.say(Topic::engine, error.message);
}

void Session::begin_session() {
    const protocol::Welcome& welcome = *link_.welcome();
    song_.settings.session = welcome.session;
    song_.settings.resume_token = welcome.resume_token;
    link_.set_hello(hello_of(song_.rate_hz(), max_block_frames_, welcome.resume_token));
    const std::string& model = welcome.model.name;
    const bool other = !song_.settings.model.empty() && song_.settings.model != model;
    song_.details.settle(Topic::model);
    if (other) {
        song_.details.say(Topic::model, "The project was made with the model " + song_.settings.model +
                                            "; this engine plays " + model + ".");
    }
    if (song_.settings.model.empty()) song_.settings.model = model;
    song_.details.settle(Topic::notice);
    telling_.begin_session();
    source_.begin_session(welcome.limits.source_frames);
    live_.begin_session();
    bounce_.begin_session();
    map_edits_ = telling_.map_edits();
    if ((had_session_ || playing()) && !bounce_.active()) {
        if (playing()) audio_.shared.enter_on_bar.store(true, std::memory_order_relaxed);
        renew_epoch(clock_.now_ns());
    }
    had_session_ = true;
}

/// An engine that was silent until all sound was used up comes back on a bar line.
void Session::watch_silence() {
    const bool silent = link_.state() == Link::State::silent;
    const bool back = was_silent_ && link_.open();
    was_silent_ = silent;
    if (back && playing() && !bounce_.active() && audio_.ring.frames_ahead(run_->epoch, 1) == 0) {
        audio_.shared.enter_on_bar.store(true, std::memory_order_relaxed);
    }
}

// ---------------------------------------------------------------- telling

void Session::tell(std::int64_t now_ns) {
    if (!bounce_.rendering()) {
        if (bounce_.active()) telling_.tell_all(now_ns);
        telling_.step(now_ns, playing());
        if (live_.suits(live_bars())) source_.tell(live_bars());
        follow_edits(now_ns);
    }
    const LiveStream::Shape shape{live_bars(), whole_value(audio_.shared, Control::buffer_ms)};
    const SampleRange wet = source_.wet();
    const bool wanted = !bounce_.active() && !wet.empty() && source_.plays(live_bars());
    live_.step(now_ns, wanted, shape, wet);
    const bool ready = live_.closed() && telling_.settled() && source_.settled(live_bars()) &&
        requests_.outstanding() == 0;
    bounce_.step(now_ns, ready, wet, live_bars() > 0);
}

/// The audio thread goes on in a new epoch: what was made for the one that is, is not wanted any more.
void Session::renew_epoch(std::int64_t now_ns) {
    renewed_ns_ = now_ns;
    audio_.shared.new_epoch_wanted.store(true, std::memory_order_relaxed);
    live_.map_edited(now_ns);
}

/// Another map makes every window another one. What a host that stands still has ready for its start is
/// made anew where anything is another; while it plays, the engine joins what changes.
void Session::follow_edits(std::int64_t now_ns) {
    if (bounce_.active()) return;
    const bool map = telling_.map_edits() != map_edits_;
    const bool sound = telling_.changes() != changes_ && !playing() && live_.open() &&
        now_ns - renewed_ns_ >= kRenewEveryNs;
    if (playing()) changes_ = telling_.changes();
    if (!map && !sound) return;
    map_edits_ = telling_.map_edits();
    changes_ = telling_.changes();
    if (had_session_) renew_epoch(now_ns);
}

int Session::live_bars() const noexcept {
    constexpr int kInterval = 1;
    const bool interval = whole_value(audio_.shared, Control::mode) == kInterval;
    return interval ? whole_value(audio_.shared, Control::interval_bars) : 0;
}

}  // namespace anacrusis

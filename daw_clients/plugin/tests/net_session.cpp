// The whole network side against an engine of words: what the host's records lead to, and what the user
// is told.
#include <memory>

#include "core/audio_side.hpp"
#include "net/session.hpp"
#include "net/state.hpp"
#include "net/status.hpp"
#include "tests/check.hpp"
#include "tests/net_support.hpp"

using namespace net_support;

namespace {

constexpr std::int64_t kBar = 96'000;
constexpr std::uint32_t kBlock = 512;

/// A host, both sides of the plugin, and an engine that answers everything and sends marked sound on
/// credit.
struct Bench {
    Bench() {
        set_defaults(shared);
        audio.prepare(kRate, kBlock);
        session.prepare(kRate, kBlock);
    }

    void answer() {
        for (; done < engine.sent.size(); ++done) {
            const protocol::ClientMessage message = engine.sent[done].message;
            std::visit([this](const auto& one) { reply(one); }, message);
        }
    }
    void reply(const protocol::Hello& hello) {
        if (!welcoming) return;
        engine.say(welcome_to(hello));
    }
    void reply(const protocol::Transport& transport) {
        place[transport.epoch] = transport.sample - transport.address;
    }
    void reply(const protocol::Credit& credit) {
        if (credit.stream != 1) return;
        std::int64_t& sent = frames[credit.epoch];
        sent = std::max(sent, credit.frames - 100'000);
        while (sent < credit.frames) {
            const std::int64_t count = std::min<std::int64_t>(4'096, credit.frames - sent);
            protocol::Audio block;
            block.stream = 1, block.epoch = credit.epoch, block.address = sent,
                block.sample = place[credit.epoch] + sent;
            block.frames = count, block.channels = 2, block.format = protocol::PayloadFormat::f32;
            engine.say(block, marked(block.sample, count));
            sent += count;
        }
    }
    void reply(const protocol::Ping&) { engine.say(protocol::Pong{}); }
    void reply(const protocol::Bye&) {}
    void reply(const protocol::LiveBlock& block) { live_frames += block.frames; }
    template <class Request>
    void reply(const Request& request) { engine.say(ok_to(request.seq)); }

    void host_block() {
        HostTime host;
        const double ppq = static_cast<double>(frame) * bpm / (60.0 * kRate);
        host.has_frame = host.has_ppq = host.has_tempo = host.has_signature = true;
        host.frame = frame, host.ppq = ppq, host.bpm = bpm, host.playing = playing;
        std::vector<float> in(kBlock);
        for (std::uint32_t i = 0; i < kBlock; ++i) in[i] =
            playing ? 0.25F * std::sin(static_cast<float>(frame + i) / 40.0F) : 0.0F;
        std::vector<float> left(kBlock), right(kBlock);
        const float* const ins[2] = {in.data(), in.data()};
        float* const outs[2] = {left.data(), right.data()};
        audio.run(host, ins, outs, kBlock, nullptr, 0);
        wet = playing && left[100] == static_cast<float>((frame + 100) % 100'000) / 200'000.0F;
        if (playing) frame += kBlock;
    }
    /// A block of the host, then the network thread.
    void block(bool lives = true) {
        host_block();
        for (int i = 0; i < 3; ++i) {
            session.step();
            if (lives) answer();
        }
        clock.advance(kBlock * kSecond / static_cast<std::int64_t>(kRate));
        if (lives && engine.reached && ++blocks % 20 == 0) engine.say(pulse);
    }
    void run(double seconds, bool lives = true) {
        for (auto left = static_cast<int>(seconds * kRate / kBlock); left > 0; --left) block(lives);
    }
    Status status() const { return static_cast<Status>(shared.status.load()); }

    Folder folder;
    HandClock clock;
    ScriptedEngine engine;
    Shared shared;
    AudioSide audio{shared};
    Song song;
    Session session{song, AudioLink{shared, audio.records(), audio.input(), audio.ring()}, engine, clock,
                    folder.path};
    bool welcoming = true, playing = false, wet = false;
    protocol::Pulse pulse;
    std::int64_t frame = 0, live_frames = 0;
    double bpm = 120.0;
    int blocks = 0;
    std::size_t done = 0;
    std::map<std::int64_t, std::int64_t> place, frames;
};

void the_first_pass_listens_and_the_second_plays() {
    Bench bench;
    bench.run(0.2);
    CHECK(bench.status() == Status::looking &&
          bench.song.details.text().find("anacrusis serve") != std::string::npos);
    bench.engine.reach(true);
    bench.run(0.2);
    CHECK(bench.status() == Status::listening && bench.song.details.text().empty());
    bench.playing = true;
    bench.run(5.0);
    CHECK(bench.status() == Status::listening && !bench.wet &&
          bench.engine.count<protocol::OpenStream>() == 0);
    bench.playing = false;
    bench.run(0.5);
    CHECK(bench.status() == Status::connected && bench.engine.count<protocol::SourceUse>() == 1);
    bench.frame = 0;
    bench.run(0.5);
    CHECK(bench.shared.lead_ms.load() > 700.0F);
    bench.playing = true;
    bench.block();
    CHECK(bench.wet);  // whole from the first block on
    bench.run(1.0);
    CHECK(bench.wet && bench.status() == Status::playing);
    bench.frame = 4 * kBar;  // beyond the source
    bench.run(0.5);
    CHECK(!bench.wet);
}

void a_session_is_kept_in_the_state() {
    Bench bench;
    bench.engine.reach(true);
    bench.run(0.2);
    CHECK(state(bench.song, "session") == bench.engine.last<protocol::Hello>().session + "session-1");
    CHECK(state(bench.song, "model") == "house-1");
    bench.song.settings.model = "another";
    bench.engine.reach(false);
    bench.run(0.1);
    bench.engine.reach(true);
    bench.run(0.3);
    CHECK(bench.song.details.text().find("another") != std::string::npos);
}

void sound_comes_back_on_a_bar_line_after_the_engine_was_gone() {
    Bench bench;
    bench.song.settings.source = SourceKind::none;
    bench.song.settings.prompt = "jazz";
    bench.engine.reach(true);
    bench.run(0.5);
    bench.playing = true;
    bench.run(1.0);
    CHECK(bench.wet && bench.status() == Status::playing);
    bench.engine.reach(false);
    bench.run(1.2, false);
    CHECK(!bench.wet && bench.status() == Status::looking);
    const std::size_t prompts = bench.engine.count<protocol::Prompt>();
    bench.engine.reach(true);
    bench.run(0.3);
    CHECK(!bench.wet && bench.engine.count<protocol::Prompt>() == prompts + 1);
    const std::int64_t line = (bench.frame / kBar + 1) * kBar;
    while (bench.frame < line + 2 * kBlock) {
        CHECK(!bench.wet || bench.frame > line);
        bench.block();
    }
    CHECK(bench.wet);
}

void a_silent_engine_is_told_nothing_but_pings() {
    Bench bench;
    bench.song.settings.source = SourceKind::none;
    bench.engine.reach(true);
    bench.run(0.5);
    bench.playing = true;
    bench.run(1.0);
    bench.run(2.0, false);
    const std::size_t sent = bench.engine.sent.size();
    bench.run(3.0, false);
    CHECK(bench.engine.sent.size() - sent <= 4 && bench.engine.count<protocol::Hello>() == 1);
    CHECK(bench.status() == Status::hung && !bench.wet);
    bench.run(3.0);
    CHECK(bench.status() == Status::playing && bench.wet && bench.engine.count<protocol::Hello>() == 1);
}

void a_tempo_that_is_learned_while_playing_is_a_new_epoch() {
    Bench bench;
    bench.song.settings.source = SourceKind::none;
    bench.engine.reach(true);
    bench.run(0.5);
    bench.playing = true;
    bench.run(1.0);
    const auto epoch = bench.engine.last<protocol::Transport>().epoch;
    CHECK(bench.engine.count<protocol::TempoMapMessage>() == 1);
    bench.bpm = 100.0;
    bench.run(1.0);
    CHECK(bench.engine.count<protocol::TempoMapMessage>() == 2);
    CHECK(bench.engine.last<protocol::Transport>().epoch > epoch && bench.wet);
    const auto later = bench.engine.last<protocol::Transport>().epoch;
    bench.run(2.0);
    CHECK(bench.engine.last<protocol::Transport>().epoch == later);
}

void a_knob_turned_at_rest_makes_what_is_ready_anew() {
    Bench bench;
    bench.song.settings.source = SourceKind::none;
    bench.engine.reach(true);
    bench.run(1.0);
    const auto epoch = bench.engine.last<protocol::Transport>().epoch;
    bench.run(1.0);
    CHECK(bench.engine.last<protocol::Transport>().epoch == epoch);
    set(bench.shared, Control::denoise, 0.9F);
    bench.run(1.0);
    CHECK(bench.engine.count<protocol::LaneMessage>() == 1 &&
          bench.engine.last<protocol::Transport>().epoch > epoch);
    bench.playing = true;
    bench.run(0.5);
    const auto playing = bench.engine.last<protocol::Transport>().epoch;
    set(bench.shared, Control::denoise, 0.2F);
    bench.run(1.0);
    CHECK(bench.engine.last<protocol::Transport>().epoch == playing && bench.wet);  // the engine joins it
}

void interval_has_windows_of_one_bar_before_its_source() {
    Bench bench;
    bench.song.settings.source = SourceKind::none;
    bench.engine.reach(true);
    bench.run(0.5);
    set(bench.shared, Control::mode, 1.0F);
    bench.run(0.5);
    const auto order = [&](auto wanted) {
        for (std::size_t i = bench.engine.sent.size(); i-- > 0;) {
            if (std::holds_alternative<decltype(wanted)>(bench.engine.sent[i].message)) return i;
        }
        return std::size_t{0};
    };
    CHECK(order(protocol::CloseStream{}) < order(protocol::SourceUse{}) &&
          order(protocol::SourceUse{}) < order(protocol::OpenStream{}));
    CHECK(bench.engine.last<protocol::OpenStream>().window_bars == 1 &&
          bench.engine.last<protocol::SourceUse>().live_bars == 2);
    CHECK(bench.shared.latency_frames.load() == 2 * kBar);
    bench.playing = true;
    bench.run(1.0);
    CHECK(bench.live_frames == bench.frame);
    set(bench.shared, Control::mode, 0.0F);
    bench.run(0.5);
    CHECK(bench.shared.latency_frames.load() == 0 &&
          bench.engine.last<protocol::OpenStream>().window_bars == 4);
}

void leaving_takes_what_was_captured() {
    Bench bench;
    bench.engine.reach(true);
    bench.playing = true;
    bench.run(3.0);
    CHECK(bench.song.settings.captured.empty());
    bench.session.leave();
    while (bench.session.finish_source()) continue;
    CHECK(is_hash(bench.song.settings.captured) && bench.song.source->start == 0);
    CHECK(bench.engine.count<protocol::Bye>() == 1 && bench.status() == Status::off);
    CHECK(bench.shared.wet_start.load() == bench.shared.wet_end.load());
}

void what_the_last_blocks_told_is_taken_on_leaving() {
    Bench bench;
    bench.engine.reach(true);
    bench.playing = true;
    bench.run(3.0);
    bench.host_block();
    bench.session.leave();
    CHECK(bench.song.capture.newest().end == bench.frame);
}

void broken_messages_are_left() {
    Bench bench;
    bench.song.settings.source = SourceKind::none;
    bench.engine.reach(true);
    bench.run(0.5);
    for (const char* junk : {"", "\xc1", "\x80", "\x81\xa4type\xa4what",
                             "\x81\xa4type\x01"}) bench.engine.inbox.push_back({junk, {}, false});
    bench.engine.say(error_to(123'456, "UNKNOWN_STREAM"));
    bench.run(0.2);
    CHECK(bench.song.details.text().empty());
    protocol::Notice notice;
    notice.code = "ENGINE_SLOW", notice.message = "The engine is too slow here.";
    bench.engine.say(notice);
    bench.engine.say(error_to(123'456, "OUT_OF_RANGE", "No such place."));
    bench.run(0.2);
    CHECK(bench.song.details.text() == "No such place.\nThe engine is too slow here.");
}

void the_status_is_the_most_urgent_truth() {
    Facts facts;
    CHECK(status_of(facts) == Status::looking);
    facts.link = Link::State::open;
    CHECK(status_of(facts) == Status::listening);
    facts.missing = true;
    CHECK(status_of(facts) == Status::no_source);
    facts.busy = true;
    CHECK(status_of(facts) == Status::preparing);
    facts = {};
    facts.link = Link::State::open, facts.has_sound = true;
    CHECK(status_of(facts) == Status::connected);
    facts.playing = true;
    CHECK(status_of(facts) == Status::preparing);
    facts.sounds = true;
    CHECK(status_of(facts) == Status::playing);
    facts.late = true;
    CHECK(status_of(facts) == Status::late);
    facts.bounce = Bounce::Outcome::learned;
    CHECK(status_of(facts) == Status::learned);
    facts.bouncing = true;
    CHECK(status_of(facts) == Status::preparing);
    facts.rendering = true;
    CHECK(status_of(facts) == Status::playing);
    facts.hangs = true;
    CHECK(status_of(facts) == Status::hung);
    facts.bounce = Bounce::Outcome::failed;
    CHECK(status_of(facts) == Status::bounce_failed);
    facts.link = Link::State::refused;
    CHECK(status_of(facts) == Status::refused);
    facts.link = Link::State::wrong_version;
    CHECK(status_of(facts) == Status::wrong_version);
}

}  // namespace

int main() {
    the_first_pass_listens_and_the_second_plays();
    a_session_is_kept_in_the_state();
    sound_comes_back_on_a_bar_line_after_the_engine_was_gone();
    a_silent_engine_is_told_nothing_but_pings();
    a_tempo_that_is_learned_while_playing_is_a_new_epoch();
    a_knob_turned_at_rest_makes_what_is_ready_anew();
    interval_has_windows_of_one_bar_before_its_source();
    leaving_takes_what_was_captured();
    what_the_last_blocks_told_is_taken_on_leaving();
    broken_messages_are_left();
    the_status_is_the_most_urgent_truth();
    return check::finish();
}

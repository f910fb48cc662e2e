// Offline passes: which bars are rendered, where their sound goes, and what becomes of a bounce that fails.
#include "net/bounce.hpp"
#include "tests/check.hpp"
#include "tests/net_support.hpp"

using namespace net_support;

namespace {

constexpr std::int64_t kBar = 96'000;  // 4/4 at 120 bpm

struct Bench {
    Bench() {
        engine.reach(true);
        song.prepare(kRate);
        song.timeline.observe(run_at(0));
    }

    void play(std::int64_t sample, std::uint32_t epoch = 1, std::int64_t address = kNowhere) {
        RunRecord run = run_at(sample, 512, epoch);
        run.offline = true;
        if (address != kNowhere) run.address = address;
        bounce.run(run);
    }
    void begin(std::int64_t sample, std::uint32_t epoch = 1) {
        ring.place(epoch);
        play(sample, epoch, 0);
    }
    void step(bool ready = true) {
        clock.advance(10 * kMs);
        bounce.watch();
        bounce.step(clock.now_ns(), ready, wet, interval);
    }
    void take(const protocol::Render& render) {
        const protocol::Ok ok = ok_to(render.seq);
        requests.settle(render.seq, &ok, nullptr);
    }
    void refuse(const protocol::Render& render, const char* code, std::optional<std::int64_t> last_bar = {}) {
        protocol::Error error = error_to(render.seq, code, "no");
        error.field = "bars";
        error.last_bar = last_bar;
        requests.settle(render.seq, nullptr, &error);
    }
    /// A block of the render that begins at song sample ``start``.
    void block(std::int64_t start, std::int64_t address, std::int64_t frames) {
        protocol::Audio audio;
        audio.stream = 2, audio.channels = 2, audio.format = protocol::PayloadFormat::f32;
        audio.address = address, audio.frames = frames;
        bounce.take(audio, marked(start + address, frames));
    }
    void done(bool cancelled = false) {
        protocol::RenderDone end;
        end.stream = 2, end.cancelled = cancelled;
        bounce.take(end);
    }
    BounceState state(std::uint32_t epoch = 1) const {
        const std::uint64_t word = shared.bounce.load();
        return bounce_epoch(word) == epoch ? bounce_state(word) : BounceState::none;
    }
    protocol::Render asked() const { return engine.last<protocol::Render>(); }

    HandClock clock;
    ScriptedEngine engine;
    Requests requests{engine, clock};
    Song song;
    Shared shared;
    Ring ring;
    Bounce bounce{song, requests, ring.ring, shared};
    SampleRange wet{0, 8 * kBar};
    bool interval = false;
};

void it_waits_until_all_is_told() {
    Bench bench;
    bench.begin(0);
    CHECK(bench.bounce.active() && bench.state() == BounceState::preparing);
    bench.step(false);
    CHECK(bench.engine.sent.empty());
    bench.step();
    CHECK(bench.asked().first_bar == 1 && bench.asked().last_bar == 8 && bench.asked().window_bars == 4);
    CHECK(bench.state() == BounceState::preparing && bench.bounce.rendering());
    bench.take(bench.asked());
    CHECK(bench.state() == BounceState::running);
    CHECK(bench.engine.last<protocol::Credit>().stream == 2 &&
          bench.engine.last<protocol::Credit>().epoch == 0);
    CHECK(bench.engine.last<protocol::Credit>().frames == AudioRing::kCapacityFrames / 2);
}

void sound_lies_at_the_epochs_own_addresses() {
    Bench bench;
    const std::int64_t from = 3 * kBar + 12'345;
    bench.begin(from);
    bench.step();
    CHECK(bench.asked().first_bar == 4);
    bench.take(bench.asked());
    for (std::int64_t at = 0; at < 40'000; at += 4'000) bench.block(3 * kBar, at, 4'000);
    CHECK(bench.ring.read(1, 0, from, 512) == marked(from, 512));
    CHECK(bench.ring.read(1, 512, from + 512, 20'000) == marked(from + 512, 20'000));
    CHECK(bench.engine.last<protocol::Credit>().frames == 12'345 + AudioRing::kCapacityFrames / 2);
}

void credit_keeps_the_ring_half_full() {
    Bench bench;
    bench.wet = kWholeSong;
    bench.begin(0);
    bench.step();
    bench.take(bench.asked());
    std::int64_t sent = 0, read = 0;
    for (int i = 0; i < 200; ++i) {
        const std::int64_t granted = bench.engine.last<protocol::Credit>().frames;
        for (; sent + 4'096 <= granted; sent += 4'096) bench.block(0, sent, 4'096);
        CHECK(granted - read <= AudioRing::kCapacityFrames / 2);
        CHECK(bench.ring.read(1, read, read, 10'000) == marked(read, 10'000));
        read += 10'000;
        bench.play(read);
        bench.step();
    }
}

void a_song_of_more_than_1024_bars_is_rendered_in_ranges_that_overlap() {
    Bench bench;
    bench.wet = {0, 3'000 * kBar};
    bench.begin(0);
    bench.step();
    CHECK(bench.asked().first_bar == 1 && bench.asked().last_bar == 1'024);
    bench.take(bench.asked());
    bench.block(0, 0, 1'000);
    CHECK(!bench.ring.read(1, 0, 0, 1'000).empty());
    const std::int64_t near_end = 1'023 * kBar - 500;
    bench.ring.ring.begin_block(near_end, near_end);
    bench.play(near_end);
    bench.block(0, near_end, 1'000);  // half of it in the last bar, which lacks the join to the next one
    bench.done();
    bench.step();
    CHECK(bench.asked().first_bar == 1'024 && bench.asked().last_bar == 2'047);
    bench.take(bench.asked());
    bench.block(1'023 * kBar, 0, 1'000);
    CHECK(bench.ring.read(1, near_end, near_end, 500) == marked(near_end, 500));
    CHECK(bench.ring.read(1, 1'023 * kBar, 1'023 * kBar, 1'000) == marked(1'023 * kBar, 1'000));
    bench.play(1'023 * kBar + 1'000);
    bench.done();
    bench.step();
    CHECK(bench.asked().first_bar == 2'047 && bench.asked().last_bar == 3'000);
}

void the_engine_says_where_an_unknown_source_ends() {
    Bench bench;
    bench.wet = kWholeSong;
    bench.begin(0);
    bench.step();
    CHECK(bench.asked().last_bar == 1'024);
    bench.refuse(bench.asked(), protocol::codes::kRangePastEnd, 5);
    bench.step();
    CHECK(bench.asked().first_bar == 1 && bench.asked().last_bar == 5 &&
          bench.engine.count<protocol::Render>() == 2);
    CHECK(bench.bounce.clipped(bench.wet).end == 5 * kBar);
    bench.take(bench.asked());
    CHECK(bench.state() == BounceState::running);
}

void a_place_behind_the_sources_end_is_not_waited_for() {
    Bench bench;
    bench.wet = kWholeSong;
    bench.begin(10 * kBar);
    bench.step();
    bench.refuse(bench.asked(), protocol::codes::kRangePastEnd, 5);
    bench.step();
    CHECK(bench.engine.count<protocol::Render>() == 1 && bench.state() == BounceState::running);
    CHECK(bench.bounce.clipped(bench.wet).end <= 10 * kBar);
    Bench known;
    known.begin(9 * kBar);
    known.step();
    CHECK(known.engine.sent.empty() && known.state() == BounceState::running);
}

void a_range_that_is_too_long_is_halved() {
    Bench bench;
    bench.wet = kWholeSong;
    bench.begin(0);
    for (int i = 0; i < 4; ++i) {
        bench.step();
        bench.refuse(bench.asked(), protocol::codes::kLimit);
    }
    bench.step();
    CHECK(bench.asked().last_bar == 64 && bench.bounce.outcome() == Bounce::Outcome::none);
}

void a_pass_without_sound_is_dry() {
    Bench bench;
    bench.wet = {};
    bench.begin(0);
    bench.step();
    CHECK(bench.engine.sent.empty() && bench.state() == BounceState::dry);
    bench.play(512);
    bench.song.automation.memory(0).stand(0, 0.1);
    bench.bounce.run(standing_at(1'024));
    CHECK(bench.bounce.outcome() == Bounce::Outcome::none && !bench.bounce.active());
}

void it_fails_once_and_says_why() {
    for (int way = 0; way < 4; ++way) {
        Bench bench;
        bench.interval = way == 0;
        bench.begin(0);
        bench.step();
        if (way == 1) bench.refuse(bench.asked(), protocol::codes::kInternal);
        if (way == 2) bench.take(bench.asked()), bench.done(true);
        if (way == 3) bench.shared.bounce_timed_out.store(true), bench.bounce.watch();
        CHECK(bench.state() == BounceState::failed && bench.bounce.outcome() == Bounce::Outcome::failed);
        CHECK(!bench.song.details.text().empty());
        const std::size_t sent = bench.engine.sent.size();
        for (int i = 1; i < 100; ++i) bench.play(512 * i), bench.step();
        CHECK(bench.engine.sent.size() == sent);
        bench.bounce.run(standing_at(512 * 100));
        CHECK(!bench.shared.bounce_timed_out.load() && bench.bounce.outcome() == Bounce::Outcome::failed);
        CHECK(bench.state() == BounceState::none);
        bench.bounce.run(run_at(0, 512, 2));
        CHECK(bench.bounce.outcome() == Bounce::Outcome::none);
    }
}

void a_lost_engine_is_asked_again_from_where_the_host_waits() {
    Bench bench;
    bench.begin(0);
    bench.step();
    bench.take(bench.asked());
    bench.block(0, 0, 4'000);
    CHECK(!bench.ring.read(1, 0, 0, 2'048).empty());
    bench.play(3 * kBar);
    bench.requests.clear();
    bench.bounce.begin_session();
    bench.step(false);
    CHECK(bench.engine.count<protocol::Render>() == 1);
    bench.step();
    CHECK(bench.engine.count<protocol::Render>() == 2 && bench.asked().first_bar == 4);
    bench.block(0, 4'000, 4'000);  // of the render before
    bench.take(bench.asked());
    CHECK(bench.state() == BounceState::running);
}

void a_loop_that_wraps_is_rendered_for_again() {
    Bench bench;
    bench.begin(0);
    bench.step();
    bench.take(bench.asked());
    bench.play(2 * kBar);
    bench.step();
    CHECK(bench.engine.count<protocol::Render>() == 1);
    RunRecord wrapped = run_at(kBar);
    wrapped.offline = true, wrapped.lap = 1, wrapped.address = 2 * kBar + 512;
    bench.ring.ring.begin_block(wrapped.address, wrapped.address);
    bench.bounce.run(wrapped);
    bench.step();
    CHECK(bench.engine.count<protocol::Cancel>() == 1);
    CHECK(bench.engine.count<protocol::Render>() == 2 && bench.asked().first_bar == 2);
    bench.take(bench.asked());
    bench.block(kBar, 0, 2'000);
    CHECK(bench.ring.read(1, wrapped.address, kBar, 512) == marked(kBar, 512));
}

void a_block_on_both_sides_of_a_wrap_is_filled_on_both() {
    Bench bench;
    bench.begin(0);
    bench.step();
    bench.take(bench.asked());
    RunRecord before = run_at(2 * kBar - 200, 200), after = run_at(kBar, 312);
    for (RunRecord* run : {&before, &after}) {
        run->offline = run->looping = true;
        run->loop_start = kBar, run->loop_end = 2 * kBar;
    }
    after.address = 2 * kBar, after.lap = 1;
    bench.ring.ring.begin_block(before.address, before.address);
    bench.bounce.run(before);
    bench.bounce.run(after);
    bench.step();
    CHECK(bench.engine.count<protocol::Render>() == 1);
    bench.block(0, 2 * kBar - 1'000, 2'000);  // goes on behind the loop's end
    bench.step();
    CHECK(bench.engine.count<protocol::Render>() == 2 && bench.asked().first_bar == 2);
    bench.take(bench.asked());
    bench.block(kBar, 0, 2'000);
    CHECK(bench.ring.read(1, before.address, before.sample, 200) == marked(before.sample, 200));
    CHECK(bench.ring.read(1, after.address, kBar, 312) == marked(kBar, 312));  // nothing of bar 3 under it
}

void each_offline_epoch_is_a_bounce_of_its_own() {
    Bench bench;
    bench.begin(0, 1);
    bench.step();
    bench.take(bench.asked());
    bench.begin(4 * kBar, 2);
    CHECK(bench.state(2) == BounceState::preparing && bench.engine.count<protocol::Cancel>() == 1);
    bench.step();
    CHECK(bench.asked().first_bar == 5);
    bench.bounce.run(run_at(5 * kBar, 512, 3));  // and in real time again
    CHECK(!bench.bounce.active() && bench.shared.bounce.load() == bounce_word(2, BounceState::none));
    protocol::Ok ok = ok_to(bench.asked().seq);
    bench.requests.settle(bench.asked().seq, &ok, nullptr);  // an answer that comes too late
    CHECK(bench.engine.count<protocol::Cancel>() == 2 && bench.state(2) == BounceState::none);
}

void what_is_learned_on_the_way_is_said_after_it() {
    Bench bench;
    bench.begin(0);
    bench.song.automation.memory(0).stand(0, 0.3);  // known before the render is asked for
    bench.step();
    bench.take(bench.asked());
    bench.bounce.run(standing_at(512));
    CHECK(bench.bounce.outcome() == Bounce::Outcome::none);
    bench.begin(0, 2);
    bench.step();
    bench.take(bench.asked());
    bench.song.automation.memory(0).stand(0, 0.4);
    bench.bounce.end();
    CHECK(bench.bounce.outcome() == Bounce::Outcome::learned && !bench.song.details.text().empty());
}

void a_gap_that_nobody_fills_is_asked_for_once_more_and_then_fails() {
    Bench bench;
    bench.wet = {0, kBar};
    bench.begin(0);
    bench.step();
    for (int i = 0; i < 2; ++i) {
        bench.take(bench.asked());
        bench.block(0, 0, 100);
        bench.done();
        for (int k = 0; k < 105; ++k) bench.step();
    }
    CHECK(bench.engine.count<protocol::Render>() == 2 && bench.state() == BounceState::failed);
}

}  // namespace

int main() {
    it_waits_until_all_is_told();
    sound_lies_at_the_epochs_own_addresses();
    credit_keeps_the_ring_half_full();
    a_song_of_more_than_1024_bars_is_rendered_in_ranges_that_overlap();
    the_engine_says_where_an_unknown_source_ends();
    a_place_behind_the_sources_end_is_not_waited_for();
    a_range_that_is_too_long_is_halved();
    a_pass_without_sound_is_dry();
    it_fails_once_and_says_why();
    a_lost_engine_is_asked_again_from_where_the_host_waits();
    a_loop_that_wraps_is_rendered_for_again();
    a_block_on_both_sides_of_a_wrap_is_filled_on_both();
    each_offline_epoch_is_a_bounce_of_its_own();
    what_is_learned_on_the_way_is_said_after_it();
    a_gap_that_nobody_fills_is_asked_for_once_more_and_then_fails();
    return check::finish();
}

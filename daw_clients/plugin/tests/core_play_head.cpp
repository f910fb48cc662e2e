// Epochs, addresses, laps: what the audio thread makes of a host's words.
#include <vector>

#include "check.hpp"
#include "core/play_head.hpp"
#include "core/run_list.hpp"
#include "core_support.hpp"

using namespace anacrusis;
using core_support::Host;
using core_support::Song;

namespace {

constexpr double kRate = 48'000.0;

struct Follower {
    PlayHead head;
    RunList runs;
    bool fresh = false;

    explicit Follower(double rate = kRate, std::uint32_t max_block = 4096) { head.prepare(rate, max_block); }

    const Run& take(const HostTime& time, std::uint32_t frames, bool wanted = false) {
        fresh = head.begin_block(sane(time), time.offline, wanted);
        runs.take(head, frames);
        return runs.front();
    }
    const Run& take(Host& host, std::uint32_t frames, bool wanted = false) {
        const Run& run = take(host.time(), frames, wanted);
        host.pass(frames);
        return run;
    }
};

/// Whether each frame's sample is the host's own.
bool follows(Follower& follower, Host& host, std::uint32_t frames) {
    follower.take(host.time(), frames);
    const std::vector<std::int64_t> places = host.pass(frames);
    bool right = follower.runs.frames() == frames;
    for (const Run& run : follower.runs) {
        for (std::uint32_t i = 0; i < run.frames; ++i) {
            right = right && places[run.offset + i] == run.sample + (run.playing ? i : 0);
        }
    }
    return right;
}

void a_first_block_begins_an_epoch_with_nothing_left_behind() {
    Follower follower;
    Host host{Song(kRate)};
    host.sample = 1'000'000;
    const Run& run = follower.take(host, 512);
    CHECK(follower.fresh && run.epoch == 1 && run.address == 0 && run.sample == 1'000'000 && !run.playing);
    CHECK(follower.head.left() == kNowhere);
}

void playing_on_keeps_the_epoch_and_counts_addresses() {
    Follower follower;
    Host host{Song(kRate)};
    host.playing = true;
    follower.take(host, 100);
    const Run& run = follower.take(host, 77);
    CHECK(!follower.fresh && run.epoch == 1);
    CHECK(run.address == 100 && run.sample == 100 && run.position == 100);
}

void a_start_after_a_stop_in_the_same_place_keeps_the_epoch() {
    Follower follower;
    Host host{Song(kRate)};
    for (int flaps = 0; flaps < 10; ++flaps) {
        host.playing = flaps % 2 == 0;
        follower.take(host, 64);
    }
    CHECK(!follower.fresh && follower.head.epoch() == 1 && follower.take(host, 1).address == 5 * 64);
}

void a_locate_begins_an_epoch_and_tells_where_the_one_before_was_left() {
    Follower follower;
    Host host{Song(kRate)};
    host.playing = true;
    follower.take(host, 500);
    host.sample = 99'000;
    const Run& run = follower.take(host, 500);
    CHECK(follower.fresh && run.epoch == 2 && run.address == 0 && run.lap == 0 && run.sample == 99'000);
    CHECK(follower.head.left() == 500);
    CHECK(run.position == 500);
}

void a_locate_while_stopped_begins_an_epoch() {
    Follower follower;
    Host host{Song(kRate)};
    follower.take(host, 500);
    host.sample = 24'000;
    CHECK(follower.take(host, 500).epoch == 2);
    host.playing = true;
    CHECK(follower.take(host, 500).epoch == 2 && !follower.fresh);
}

void two_frames_off_are_forgiven_and_three_are_not() {
    for (int off = -3; off <= 3; ++off) {
        Follower follower;
        Host host{Song(kRate)};
        host.playing = true;
        follower.take(host, 500);
        host.sample += off;
        const Run& run = follower.take(host.time(), 500);
        CHECK(follower.fresh == (off == 3 || off == -3));
        CHECK(run.sample == (follower.fresh ? 500 + off : 500));
        CHECK_NEAR(run.ppq, host.song.ppq_at(run.sample), 1e-9);
    }
}

void a_wanted_epoch_begins_where_the_host_is_playing_or_not() {
    for (const bool playing : {false, true}) {
        Follower follower;
        Host host{Song(kRate)};
        host.playing = playing;
        follower.take(host, 300);
        const Run& run = follower.take(host, 300, true);
        CHECK(follower.fresh && run.epoch == 2 && run.address == 0 && run.sample == (playing ? 300 : 0));
        follower.take(host, 300);
        CHECK(!follower.fresh);
    }
}

void each_bounce_is_an_epoch_of_its_own() {
    Follower follower;
    Host host{Song(kRate)};
    host.playing = true;
    follower.take(host, 300);
    host.offline = true;
    CHECK(follower.take(host, 300).epoch == 2);
    CHECK(follower.take(host, 300).epoch == 2);
    host.playing = false;
    CHECK(follower.take(host, 300).epoch == 2);
    host.playing = true;
    CHECK(follower.take(host, 300).epoch == 3);
    host.offline = false;
    CHECK(follower.take(host, 300).epoch == 4);
}

void epochs_count_on_over_prepare_and_skip_multiples_of_65536() {
    Follower follower;
    Host host{Song(kRate)};
    for (int i = 0; i < 65'535; ++i) {
        follower.take(host, 1, true);
    }
    CHECK(follower.head.epoch() == 65'535);
    CHECK(follower.take(host, 1, true).epoch == 65'537);
    follower.head.prepare(kRate, 512);
    CHECK(follower.take(host, 1).epoch == 65'538);
    CHECK(follower.head.left() == kNowhere && follower.head.position() == 0);
}

void a_told_loop_wraps_inside_the_block_to_the_sample() {
    Follower follower;
    Host host{Song(kRate, 97.0, 7, 8)};
    host.playing = true;
    host.loop(24'000, 60'007);
    host.sample = 59'000;
    CHECK(follows(follower, host, 512));
    CHECK(follows(follower, host, 2'000));
    CHECK(follower.runs.size() == 2 && follower.runs.begin()[0].to_wrap && follower.runs.begin()[1].wrapped);
    CHECK(follower.runs.begin()[1].lap == 1 && follower.runs.begin()[1].address == 60'007 - 59'000);
    CHECK_NEAR(follower.runs.begin()[1].ppq, host.song.ppq_at(24'000), 1e-9);
    CHECK(follows(follower, host, 100) && !follower.fresh && follower.head.epoch() == 1);
}

void a_loop_end_at_the_blocks_end_is_decided_by_the_next_block() {
    for (const bool lets_go : {false, true}) {
        Follower follower;
        Host host{Song(kRate)};
        host.playing = true;
        host.loop(0, 1'000);
        host.sample = 500;
        CHECK(follows(follower, host, 500));
        if (lets_go) {
            host.looping = false;
            host.sample = 1'000;
        }
        CHECK(follows(follower, host, 200));
        CHECK(!follower.fresh && follower.runs.front().lap == (lets_go ? 0 : 1));
        CHECK(follower.runs.front().wrapped == !lets_go);
    }
}

void a_loop_shorter_than_a_block_goes_round_many_times() {
    Follower follower;
    Host host{Song(kRate)};
    host.playing = true;
    host.loop(480, 480 + 100);
    host.sample = 490;
    CHECK(follows(follower, host, 4'096));
    CHECK(follower.runs.size() == 42);
    CHECK(follows(follower, host, 16'384) && !follower.fresh);
    CHECK(follower.head.epoch() == 1);
}

void playing_from_beyond_a_loops_end_never_wraps() {
    Follower follower;
    Host host{Song(kRate)};
    host.playing = true;
    host.looping = true;
    host.loop_start = 0;
    host.loop_end = 1'000;
    host.sample = 1'000;
    for (int blocks = 0; blocks < 5; ++blocks) {
        follower.take(host.time(), 700);
        host.sample += 700;
        CHECK(follower.runs.size() == 1 && follower.runs.front().lap == 0);
    }
    CHECK(follower.head.epoch() == 1);
}

void a_loop_with_tempo_changes_inside_is_learned_after_one_pass() {
    Follower follower;
    Song song(kRate, 100.0);
    song.set_tempo_from(30'000, 133.0);
    Host host{song};
    host.playing = true;
    host.loop(10'000, 50'000);
    host.sample = 45'000;
    std::uint32_t epochs = 0;
    for (int blocks = 0; blocks < 400; ++blocks) {
        follower.take(host, 700);
        epochs += blocks > 0 && follower.fresh ? 1 : 0;
    }
    CHECK(epochs == 1);
    CHECK(follows(follower, host, 700));
    CHECK(follower.runs.front().lap > 5);
}

void a_host_that_tells_its_loop_in_ticks_is_learned_after_one_pass() {
    Follower follower;
    Host host{Song(kRate)};
    host.playing = true;
    host.loop(10'000, 20'480);
    host.sample = 10'000;
    const auto ticks = [](double ppq) { return std::round(ppq * 1920.0) / 1920.0; };
    std::uint32_t epochs = 0;
    for (int blocks = 0; blocks < 100; ++blocks) {
        const auto left = static_cast<std::uint32_t>(host.loop_end - host.sample);
        const std::uint32_t frames = std::min(1'024U, left);  // it splits blocks at the loop's end
        HostTime time = host.time();
        time.ppq = ticks(time.ppq);
        time.loop_start_ppq = ticks(time.loop_start_ppq);
        time.loop_end_ppq = ticks(time.loop_end_ppq);
        follower.take(time, frames);
        host.pass(frames);
        epochs += blocks > 0 && follower.fresh ? 1 : 0;
    }
    CHECK(epochs <= 1);
    CHECK(follower.runs.front().lap >= 7);
}

void an_untold_loop_is_a_locate_twice_and_then_a_loop() {
    Follower follower;
    Host host{Song(kRate)};
    host.playing = true;
    host.tells_loop = false;
    host.loop(4'800, 9'600);
    host.sample = 0;
    std::vector<std::uint32_t> epochs, laps;
    for (int blocks = 0; blocks < 100; ++blocks) {
        const auto left = static_cast<std::uint32_t>(host.loop_end - host.sample);
        const std::uint32_t frames = std::min(512U, left);
        follower.take(host, frames);
        epochs.push_back(follower.runs.front().epoch);
    }
    CHECK(epochs.front() == 1 && epochs.back() == 3);
    CHECK(follower.runs.front().loop.valid && follower.runs.front().lap >= 5);
    CHECK_NEAR(follower.runs.front().loop.start_ppq, host.song.ppq_at(4'800), 1e-9);
    CHECK_NEAR(follower.runs.front().loop.end_ppq, host.song.ppq_at(9'600), 1e-9);
    host.looping = false;  // and it goes on past the end, in the same epoch
    while (host.sample < 12'000) {
        const auto left = static_cast<std::uint32_t>(std::max<std::int64_t>(9'600 - host.sample, 0));
        follower.take(host, left > 0 ? std::min(512U, left) : 512U);
    }
    CHECK(follower.head.epoch() == 3 && !follower.runs.front().loop.valid);
}

void a_host_that_goes_on_past_a_told_loop_is_followed() {
    Follower follower;
    Host host{Song(kRate)};
    host.playing = true;
    host.loop(0, 1'000);
    host.sample = 900;
    follower.take(host.time(), 512);
    host.sample = 900 + 512;
    const Run& run = follower.take(host.time(), 512);
    CHECK(follower.fresh && run.sample == 1'412 && run.epoch == 2);
}

void pieces_of_a_block_that_repeat_its_frame_go_on() {
    Follower follower(kRate, 512);
    Host host{Song(kRate)};
    host.playing = true;
    host.sample = 7'000;
    for (int block = 0; block < 4; ++block) {
        const HostTime time = host.time();
        std::int64_t expected = host.sample;
        for (const std::uint32_t piece : {100U, 57U, 300U, 55U}) {
            const Run& run = follower.take(time, piece);
            CHECK(run.epoch == 1 && run.sample == expected);
            CHECK_NEAR(run.ppq, host.song.ppq_at(expected), 1e-9);
            expected += piece;
        }
        host.sample += 512;
    }
}

void a_locate_to_the_same_place_is_one_after_a_whole_block() {
    Follower follower(kRate, 512);
    Host host{Song(kRate)};
    host.playing = true;
    const HostTime time = host.time();
    follower.take(time, 512);
    CHECK(follower.take(time, 512).sample == 0 && follower.fresh);
    CHECK(follower.take(time, 512).sample == 0 && follower.fresh);
}

void a_locate_to_the_same_place_after_a_short_block_is_seen_one_block_later() {
    Follower follower(kRate, 512);
    Host host{Song(kRate)};
    host.playing = true;
    const HostTime time = host.time();
    follower.take(time, 256);
    follower.take(time, 256);
    CHECK(!follower.fresh);
    host.sample = 256;
    CHECK(follower.take(host, 256).sample == 256 && follower.fresh);
}

void frames_before_the_song_are_counted_like_others() {
    Follower follower;
    Host host{Song(kRate)};
    host.playing = true;
    host.sample = -1'024;
    CHECK(follows(follower, host, 1'000));
    CHECK(follows(follower, host, 1'000) && !follower.fresh);
    CHECK(follower.runs.front().sample == -24 && follower.runs.front().address == 1'000);
}

void a_host_without_frames_is_placed_by_its_ppq() {
    Follower follower;
    Host host{Song(kRate, 97.0)};
    host.playing = true;
    host.sample = 480'000;
    for (int blocks = 0; blocks < 50; ++blocks) {
        HostTime time = host.time();
        time.has_frame = false;
        const std::int64_t sample = host.sample;
        CHECK(std::llabs(follower.take(time, 333).sample - sample) <= 2);
        host.pass(333);
    }
    CHECK(follower.head.epoch() == 1);
}

void a_host_without_any_place_goes_on_by_its_own_count() {
    Follower follower;
    HostTime time;
    time.playing = true;
    follower.take(time, 500);
    const Run& run = follower.take(time, 500);
    CHECK(run.sample == 500 && run.epoch == 1 && !run.has_ppq);
}

void an_absent_ppq_leaves_ppq_and_loop_out() {
    Follower follower;
    Host host{Song(kRate)};
    host.playing = true;
    host.loop(0, 4'800);
    HostTime time = host.time();
    time.has_ppq = false;
    const Run& run = follower.take(time, 500);
    CHECK(!run.has_ppq && !run.loop.valid);
}

void a_bar_start_without_ppq_is_counted_from_each_runs_own_first_frame() {
    Follower follower(kRate, 512);
    HostTime time;
    time.playing = time.has_frame = time.has_tempo = time.has_bar_start = true;
    time.frame = 10'000;
    time.bpm = 120.0;
    time.bar_start_ppq = -0.5;
    const Run& first = follower.take(time, 240);
    CHECK(first.has_bar_start && first.bar_start_ppq == -0.5 && !first.has_ppq);
    const Run& second = follower.take(time, 240);  // the same words for the next piece
    CHECK(second.has_bar_start && second.sample == 10'240);
    CHECK_NEAR(second.bar_start_ppq, -0.51, 1e-12);
    time.has_tempo = false;
    CHECK(!follower.take(time, 10).has_bar_start);
}

void an_untold_loop_needs_no_quarter_notes() {
    Follower follower;
    HostTime time;
    time.playing = time.has_frame = true;
    for (int pass = 0; pass < 5; ++pass) {
        for (time.frame = 4'800; time.frame < 9'600; time.frame += 480) {
            follower.take(time, 480);
        }
    }
    const Run& run = follower.runs.front();
    CHECK(run.epoch == 3 && run.lap == 2);
    CHECK(run.loop.valid && run.loop.start == 4'800 && run.loop.end == 9'600);
}

void nonsense_of_a_host_is_left_out() {
    HostTime time;
    time.playing = time.has_frame = time.has_ppq = time.has_tempo = time.has_signature = time.looping = true;
    time.frame = std::numeric_limits<std::int64_t>::min();
    time.ppq = std::nan("");
    time.bpm = -1.0;
    time.numerator = 0;
    time.loop_end_ppq = 4.0;
    const HostTime clean = sane(time);
    CHECK(!clean.playing && !clean.has_frame && !clean.has_ppq && !clean.has_tempo);
    CHECK(!clean.has_signature && !clean.looping);
    Follower follower;
    CHECK(follower.take(time, 512).sample == 0);
    time.frame = 0;
    time.has_frame = true;
    time.loop_start_ppq = -std::numeric_limits<double>::infinity();
    CHECK(!follower.take(time, 512).loop.valid);
}

void random_hosts_are_followed_to_the_frame_at_all_rates() {
    std::mt19937 random(5);
    for (const double rate : {8'000.0, 44'100.0, 48'000.0, 96'000.0, 192'000.0}) {
        Follower follower(rate, 16'384);
        Host host{Song(rate, 60.0 + static_cast<double>(random() % 140), 7, 8)};
        bool right = true;
        for (int blocks = 0; blocks < 3'000; ++blocks) {
            const unsigned dice = random() % 40;
            if (dice == 0) {
                host.sample = static_cast<std::int64_t>(random() % 2'000'000) - 2'000;
            } else if (dice == 1) {
                host.loop(host.sample, host.sample + 64 + static_cast<std::int64_t>(random() % 90'000));
            } else if (dice == 2 && host.looping) {
                host.looping = false;
            } else if (dice < 6) {
                host.playing = !host.playing;
            }
            right = right && follows(follower, host, 1 + random() % 16'384);
        }
        CHECK(right);
        CHECK(follower.head.epoch() < 200);
    }
}

}  // namespace

int main() {
    a_first_block_begins_an_epoch_with_nothing_left_behind();
    playing_on_keeps_the_epoch_and_counts_addresses();
    a_start_after_a_stop_in_the_same_place_keeps_the_epoch();
    a_locate_begins_an_epoch_and_tells_where_the_one_before_was_left();
    a_locate_while_stopped_begins_an_epoch();
    two_frames_off_are_forgiven_and_three_are_not();
    a_wanted_epoch_begins_where_the_host_is_playing_or_not();
    each_bounce_is_an_epoch_of_its_own();
    epochs_count_on_over_prepare_and_skip_multiples_of_65536();
    a_told_loop_wraps_inside_the_block_to_the_sample();
    a_loop_end_at_the_blocks_end_is_decided_by_the_next_block();
    a_loop_shorter_than_a_block_goes_round_many_times();
    playing_from_beyond_a_loops_end_never_wraps();
    a_loop_with_tempo_changes_inside_is_learned_after_one_pass();
    a_host_that_tells_its_loop_in_ticks_is_learned_after_one_pass();
    an_untold_loop_is_a_locate_twice_and_then_a_loop();
    a_host_that_goes_on_past_a_told_loop_is_followed();
    pieces_of_a_block_that_repeat_its_frame_go_on();
    a_locate_to_the_same_place_is_one_after_a_whole_block();
    a_locate_to_the_same_place_after_a_short_block_is_seen_one_block_later();
    frames_before_the_song_are_counted_like_others();
    a_host_without_frames_is_placed_by_its_ppq();
    a_host_without_any_place_goes_on_by_its_own_count();
    an_absent_ppq_leaves_ppq_and_loop_out();
    a_bar_start_without_ppq_is_counted_from_each_runs_own_first_frame();
    an_untold_loop_needs_no_quarter_notes();
    nonsense_of_a_host_is_left_out();
    random_hosts_are_followed_to_the_frame_at_all_rates();
    return check::finish();
}

// How the host's time goes on between the pieces of a block (TimePosition::advanceHost, of our patch on DPF).
#include <DistrhoPlugin.hpp>

#include "tests/check.hpp"

namespace {

using DISTRHO::TimePosition;

constexpr double kRate = 48'000.0;

TimePosition playing_at(std::int64_t frame, double ppq, double bar_start) {
    TimePosition time;
    time.playing = true;
    time.host.hasFrame = time.host.hasPpq = time.host.hasBarStart = true;
    time.host.hasTempo = time.host.hasSignature = true;
    time.host.frame = frame;
    time.host.ppq = ppq;
    time.host.barStartPpq = bar_start;
    time.host.bpm = 120.0;
    return time;
}

void frames_and_quarter_notes_go_on_together() {
    TimePosition time = playing_at(-1024, -1024.0 / 24'000.0, -4.0);
    time.advanceHost(100, kRate);
    CHECK(time.host.frame == -924);
    CHECK_NEAR(time.host.ppq, -924.0 / 24'000.0, 1e-12);
    CHECK(time.host.hasBarStart && time.host.barStartPpq == -4.0);
}

void a_host_that_stands_still_goes_nowhere() {
    TimePosition time = playing_at(48'000, 2.0, 0.0);
    time.playing = false;
    time.advanceHost(512, kRate);
    CHECK(time.host.frame == 48'000 && time.host.ppq == 2.0);
}

void a_bar_line_inside_the_block_begins_the_next_bar() {
    TimePosition time = playing_at(83'900, 83'900.0 / 24'000.0, 0.0);
    time.host.numerator = 7;
    time.host.denominator = 8;
    time.advanceHost(100, kRate);  // 84000 is the line, at 3.5
    CHECK_NEAR(time.host.barStartPpq, 3.5, 1e-12);
    time.advanceHost(512, kRate);
    CHECK_NEAR(time.host.barStartPpq, 3.5, 1e-12);
}

void a_loop_inside_the_block_goes_back() {
    TimePosition time = playing_at(191'900, 191'900.0 / 24'000.0, 4.0);
    time.host.looping = true;
    time.host.loopStartPpq = 4.0;
    time.host.loopEndPpq = 8.0;
    time.advanceHost(150, kRate);
    CHECK(time.host.frame == 96'050);
    CHECK_NEAR(time.host.ppq, 96'050.0 / 24'000.0, 1e-9);
    CHECK(!time.host.hasBarStart);
}

void a_bar_start_elsewhere_is_never_one() {
    for (const double wrong : {8.0, -10.0, 0.0}) {  // after the place, and bars before it
        TimePosition time = playing_at(120'000, 5.0, wrong);
        CHECK(!time.host.isInBar());
        time.advanceHost(480'000, kRate);
        CHECK(!time.host.isInBar());
    }
}

void without_a_tempo_only_frames_are_known() {
    TimePosition time = playing_at(0, 0.0, 0.0);
    time.host.hasTempo = false;
    time.advanceHost(512, kRate);
    CHECK(time.host.frame == 512 && !time.host.hasPpq && !time.host.hasBarStart);
}

}  // namespace

int main() {
    frames_and_quarter_notes_go_on_together();
    a_host_that_stands_still_goes_nowhere();
    a_bar_line_inside_the_block_begins_the_next_bar();
    a_loop_inside_the_block_goes_back();
    a_bar_start_elsewhere_is_never_one();
    without_a_tempo_only_frames_are_known();
    return check::finish();
}

// What LV2 hosts count becomes quarter notes and bar lines; each host's way of counting is written out here.
#include "dpf/lv2_bars.hpp"

#include <cmath>
#include <vector>

#include "net/timeline.hpp"
#include "tests/check.hpp"

namespace {

using anacrusis::HostTime;
using anacrusis::Lv2Bars;
using anacrusis::Lv2Count;

constexpr double kRate = 48000.0, kBpm = 97.3;
constexpr std::uint32_t kBlock = 512;

double ppq_at(std::int64_t frame) { return static_cast<double>(frame) * kBpm / (60.0 * kRate); }

/// A host that plays on at a steady tempo, in bars of ``numerator``/``denominator`` from frame 0.
struct Host {
    std::int64_t frame = 0;
    int numerator = 4, denominator = 4;

    double bar() const { return 4.0 * numerator / denominator; }
    double inside() const { return std::fmod(ppq_at(frame), bar()); }

    HostTime time() const {
        HostTime time;
        time.playing = time.has_frame = time.has_tempo = time.has_signature = true;
        time.frame = frame;
        time.bpm = static_cast<double>(static_cast<float>(kBpm));
        time.numerator = numerator;
        time.denominator = denominator;
        return time;
    }
};

double in_beats(const Host& host) { return host.inside() * host.denominator / 4.0; }
double in_quarters(const Host& host) { return host.inside(); }
double in_ardours_ticks(const Host& host) {
    const double beat = 4.0 / host.denominator, whole = std::floor(host.inside() / beat);
    return whole + std::floor((host.inside() - whole * beat) * 1920.0) / 1920.0;
}

/// Plays ``blocks`` blocks and returns the last one's time.
template <class Way>
HostTime play(Lv2Bars& bars, Host& host, int blocks, Way way, bool tells_beat = false) {
    HostTime time;
    for (int i = 0; i < blocks; ++i, host.frame += kBlock) {
        time = host.time();
        bars.apply({host.frame, true, tells_beat, way(host), ppq_at(host.frame)}, kBlock, time);
    }
    return time;
}

template <class Way>
void check_bar_start(int numerator, int denominator, Way way, double tolerance, bool tells_beat = false) {
    Lv2Bars bars(kRate);
    Host host{1'000'000, numerator, denominator};
    for (int i = 0; i < 40; ++i) {
        const HostTime time = play(bars, host, 10, way, tells_beat);
        Host last = host;
        last.frame -= kBlock;
        CHECK(time.has_bar_start);
        CHECK(time.has_ppq == tells_beat);
        const double off = std::fabs((tells_beat ? time.ppq : 0.0) - time.bar_start_ppq - last.inside());
        CHECK_NEAR(std::fmin(off, last.bar() - off), 0.0, tolerance);
    }
}

void a_place_in_beats_is_one_in_x_8_too() {
    check_bar_start(4, 4, in_beats, 1e-6);
    check_bar_start(7, 8, in_beats, 1e-6);
    check_bar_start(6, 8, in_beats, 1e-6);
}

void ardours_ticks_are_parts_of_a_quarter_note() {
    check_bar_start(3, 4, in_ardours_ticks, 1.0 / 1920.0);
    check_bar_start(7, 8, in_ardours_ticks, 1.0 / 1920.0);
}

void a_place_in_quarter_notes_comes_with_the_songs_quarter_notes() {
    check_bar_start(7, 8, in_quarters, 1e-6, true);
    check_bar_start(5, 4, in_quarters, 1e-6, true);
}

void a_count_that_stands_still_is_no_bar_line() {
    Lv2Bars bars(kRate);
    Host host;
    CHECK(!play(bars, host, 20, [](const Host&) { return 0.0; }).has_bar_start);
    CHECK(!play(bars, host, 500, [](const Host&) { return 0.0; }).has_bar_start);
}

void a_beat_that_goes_on_with_the_frames_is_the_songs() {
    Lv2Bars bars(kRate);
    Host host{480'000, 7, 8};
    const HostTime time = play(bars, host, 1, in_quarters, true);
    CHECK(time.has_ppq);
    CHECK_NEAR(time.ppq, ppq_at(480'000), 1e-9);
    CHECK(play(bars, host, 50, in_quarters, true).has_ppq);
}

void a_beat_that_is_none_of_a_bar_is_believed_at_once() {
    Lv2Bars bars(kRate);
    Host host{480'000, 3, 4};
    HostTime time = host.time();
    bars.apply({host.frame, false, true, 0.0, 17.25}, kBlock, time);  // after changes of tempo
    CHECK(time.has_ppq);
    CHECK(time.ppq == 17.25);
}

void a_beat_within_the_bar_is_not_the_songs() {
    Lv2Bars bars(kRate);
    Host host;
    HostTime time;
    for (int i = 0; i < 200; ++i, host.frame += kBlock) {
        time = host.time();
        bars.apply({host.frame, true, true, in_beats(host), std::floor(in_beats(host))}, kBlock, time);
    }
    CHECK(!time.has_ppq);
    CHECK(time.has_bar_start);
}

void between_two_counts_the_place_goes_on() {
    Lv2Bars bars(kRate);
    Host host{0, 4, 4};
    play(bars, host, 20, in_beats);
    HostTime time = host.time();
    const Lv2Count count{host.frame, true, false, in_beats(host), 0.0};
    bars.apply(count, kBlock, time);
    time.frame += 96'000;
    time.has_bar_start = false;
    bars.apply(count, kBlock, time);
    host.frame += 96'000;
    CHECK(time.has_bar_start);
    CHECK_NEAR(-time.bar_start_ppq, host.inside(), 1e-6);
}

void a_locate_is_no_reason_for_doubt() {
    Lv2Bars bars(kRate);
    Host host{0, 7, 8};
    CHECK(play(bars, host, 20, in_ardours_ticks).has_bar_start);
    host.frame = 2'000'000;
    CHECK(play(bars, host, 1, in_ardours_ticks).has_bar_start);
    host.frame += 3 * kBlock;
    CHECK(play(bars, host, 1, in_ardours_ticks).has_bar_start);
    CHECK(play(bars, host, 20, in_ardours_ticks).has_bar_start);
}

/// What the audio thread tells of a run.
anacrusis::RunRecord record_of(const HostTime& time) {
    anacrusis::RunRecord run{};
    run.frames = kBlock;
    run.playing = time.playing;
    run.sample = time.frame;
    run.has_ppq = time.has_ppq;
    run.ppq = time.has_ppq ? time.ppq : 0.0;
    run.has_bar_start = time.has_bar_start;
    run.bar_start_ppq = time.bar_start_ppq;
    run.has_tempo = run.has_signature = true;
    run.bpm = time.bpm;
    run.numerator = static_cast<std::uint8_t>(time.numerator);
    run.denominator = static_cast<std::uint8_t>(time.denominator);
    return run;
}

void bar_lines_are_learned_from_ardours_ticks_through_changes_of_signature() {
    using anacrusis::MeterBars;
    const std::vector<anacrusis::PlacedSignature> song{{0.0, {4, 4}}, {8.0, {7, 8}}, {18.5, {3, 4}}};
    const MeterBars bars(song);
    const double bpm = 120.0;
    anacrusis::Timeline timeline(kRate);
    Lv2Bars lv2(kRate);
    for (std::int64_t frame = 0; frame < 960'000; frame += kBlock) {
        const double ppq = static_cast<double>(frame) * bpm / (60.0 * kRate);
        const std::int64_t bar = bars.bar_at(ppq);
        const auto signature = bars.signature(bar);
        const double inside = ppq - bars.bar_start(bar), beat = 4.0 / signature.denominator;
        const double whole = std::floor(inside / beat);
        const double ticks = std::floor((inside - whole * beat) * 1920.0) / 1920.0;
        HostTime time;
        time.playing = time.has_frame = time.has_tempo = time.has_signature = true;
        time.frame = frame;
        time.bpm = bpm;
        time.numerator = signature.numerator;
        time.denominator = signature.denominator;
        lv2.apply({frame, true, false, whole + ticks, 0.0}, kBlock, time);
        timeline.observe(record_of(time));
    }
    for (std::int64_t bar = 0; bars.bar_start(bar) < 38.0; ++bar) {
        CHECK_NEAR(timeline.grid().meter().bar_start(bar), bars.bar_start(bar), 1e-9);
        CHECK(timeline.grid().meter().signature(bar) == bars.signature(bar));
    }
}

void the_tempo_is_the_one_typed() {
    CHECK(anacrusis::tempo_as_typed(static_cast<double>(97.3F)) == 97.3);
    CHECK(anacrusis::tempo_as_typed(static_cast<double>(174.27F)) == 174.27);
    CHECK(anacrusis::tempo_as_typed(120.0) == 120.0);
    CHECK(anacrusis::tempo_as_typed(97.30000000001) == 97.30000000001);
}

}  // namespace

int main() {
    a_place_in_beats_is_one_in_x_8_too();
    ardours_ticks_are_parts_of_a_quarter_note();
    a_place_in_quarter_notes_comes_with_the_songs_quarter_notes();
    a_count_that_stands_still_is_no_bar_line();
    a_beat_that_goes_on_with_the_frames_is_the_songs();
    a_beat_that_is_none_of_a_bar_is_believed_at_once();
    a_beat_within_the_bar_is_not_the_songs();
    between_two_counts_the_place_goes_on();
    a_locate_is_no_reason_for_doubt();
    bar_lines_are_learned_from_ardours_ticks_through_changes_of_signature();
    the_tempo_is_the_one_typed();
    return check::finish();
}

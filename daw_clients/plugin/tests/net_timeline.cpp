// The map that is learned from hosts of every kind, against the map that the host has.
#include <cmath>
#include <vector>

#include "net/timeline.hpp"
#include "tests/check.hpp"

using namespace anacrusis;

namespace {

constexpr double kRate = 48'000.0;

/// A host that plays a song whose map it knows.
struct Host {
    BarGrid song;
    bool tells_ppq = true, tells_bars = true;
    double tick = 0.0;  // its ppq is rounded down to these

    double rounded(double ppq) const { return tick > 0.0 ? std::floor(ppq / tick) * tick : ppq; }

    RunRecord run(std::int64_t frame, std::uint32_t frames, bool playing = true) const {
        RunRecord run{};
        const double ppq = song.ppq_of_sample(frame);
        const std::int64_t bar = song.meter().bar_at(ppq);
        const Signature signature = song.meter().signature(bar);
        run.sample = frame, run.frames = frames, run.playing = playing;
        run.has_ppq = tells_ppq, run.ppq = rounded(ppq);
        run.has_bar_start = tells_bars, run.bar_start_ppq = rounded(song.meter().bar_start(bar));
        run.has_tempo = true, run.bpm = song.tempo().bpm(ppq);
        run.has_signature = true;
        run.numerator = static_cast<std::uint8_t>(signature.numerator);
        run.denominator = static_cast<std::uint8_t>(signature.denominator);
        return run;
    }

    /// How often the learned map changed on the way.
    int play(Timeline& timeline, std::int64_t from, std::int64_t to, std::uint32_t block = 512) const {
        int changes = 0;
        for (std::int64_t at = from; at < to; at += block) changes += timeline.observe(run(at, block));
        return changes;
    }
};

Host host(std::vector<TempoStep> tempo, std::vector<PlacedSignature> meter = {{0.0, {}}}) {
    return {BarGrid(TempoSteps(std::move(tempo)), MeterBars(meter), kRate)};
}

/// Every bar line that lies in the stretch is on the host's sample.
void check_lines(const Timeline& timeline, const Host& host, std::int64_t from, std::int64_t to,
                 std::int64_t off = 0) {
    for (std::int64_t bar = host.song.bar_of_sample(from) + 1; host.song.sample(bar) < to; ++bar) {
        const std::int64_t line = host.song.sample(bar);
        const std::int64_t ours = timeline.grid().sample(timeline.grid().bar_of_sample(line + off));
        CHECK_NEAR(static_cast<double>(ours), static_cast<double>(line), static_cast<double>(off));
    }
}

void one_tempo_is_learned_whole_wherever_the_host_begins() {
    for (const double bpm : {20.0, 97.0, 120.0, 133.333333, 999.0}) {
        for (const std::int64_t from : {0, 1, 511, 48'000, 1'000'000, 100'000'000}) {
            Timeline timeline(kRate);
            const Host daw = host({{0.0, bpm}});
            CHECK(daw.play(timeline, from, from + 480'000) <= 1);
            CHECK(timeline.tempo().size() == 1 && timeline.tempo()[0].bpm == bpm);
            CHECK(timeline.shift() == 0.0);
        }
    }
}

void seven_eighths_keep_their_bars() {
    Timeline timeline(kRate);
    const Host daw = host({{0.0, 97.0}}, {{0.0, {7, 8}}});
    daw.play(timeline, 1'000'000, 1'500'000);
    check_lines(timeline, daw, 0, 10'000'000);
}

void a_tempo_change_is_put_on_its_beat() {
    Timeline timeline(kRate);
    const Host daw = host({{0.0, 120.0}, {32.0, 140.0}, {48.0, 60.0}, {49.5, 97.25}});
    daw.play(timeline, 0, 3'000'000);
    CHECK(timeline.tempo().size() == 4);
    for (std::size_t i = 0; i < timeline.tempo().size() && i < 4; ++i) {
        CHECK(timeline.tempo()[i].ppq == daw.song.tempo().steps()[i].ppq);
        CHECK(timeline.tempo()[i].bpm == daw.song.tempo().steps()[i].bpm);
    }
    CHECK(daw.play(timeline, 0, 3'000'000) == 0);  // the second pass has nothing to learn
    CHECK(daw.play(timeline, 77, 3'000'000, 1024) == 0);
}

void a_tempo_change_off_the_beat_is_found_too() {
    Timeline timeline(kRate);
    const Host daw = host({{0.0, 120.0}, {17.123456, 150.0}});
    daw.play(timeline, 0, 2'000'000);
    CHECK(timeline.tempo().size() == 2);
    CHECK_NEAR(timeline.tempo()[1].ppq, 17.123456, 1e-6);
    check_lines(timeline, daw, 0, 2'000'000, 1);
}

void a_ramp_is_followed_to_the_sample() {
    std::vector<TempoStep> ramp{{0.0, 120.0}};
    for (int i = 0; i < 400; ++i) ramp.push_back({16.0 + 0.02 * i, 120.0 - 0.15 * i});
    Timeline timeline(kRate);
    const Host daw = host(ramp);
    daw.play(timeline, 0, 1'000'000);
    check_lines(timeline, daw, 0, 1'000'000, 12);
    for (std::int64_t at = 500'000; at < 1'000'000; at += 512 * 97) {
        CHECK_NEAR(timeline.grid().ppq_of_sample(at), daw.song.ppq_of_sample(at), 3e-4);
    }
}

void places_never_seen_are_filled_and_learned_later() {
    Timeline timeline(kRate);
    const Host daw = host({{0.0, 120.0}, {32.0, 90.0}, {64.0, 140.0}});
    daw.play(timeline, 0, 100'352);
    daw.play(timeline, 2'000'000, 2'100'352);  // beyond both changes
    CHECK_NEAR(timeline.grid().ppq_of_sample(2'050'000), daw.song.ppq_of_sample(2'050'000), 1e-6);
    check_lines(timeline, daw, 2'000'000, 2'100'000);
    daw.play(timeline, 0, 2'100'224);
    check_lines(timeline, daw, 0, 2'100'000);
    CHECK(timeline.tempo().size() == 3);
}

void an_edit_of_the_one_tempo_replaces_it() {
    Timeline timeline(kRate);
    host({{0.0, 120.0}}).play(timeline, 0, 480'000);
    const Host edited = host({{0.0, 100.0}});
    CHECK(timeline.observe(edited.run(480'000, 512, false)));
    CHECK(timeline.tempo().size() == 1 && timeline.tempo()[0].bpm == 100.0);
    const Host again = host({{0.0, 60.0}});
    CHECK(timeline.observe(again.run(0, 512)));
    CHECK(timeline.tempo().size() == 1 && timeline.tempo()[0].bpm == 60.0);
}

void ticks_are_no_tempo_changes() {
    for (const std::int64_t from : {std::int64_t{0}, std::int64_t{1'234'567}}) {
        Timeline timeline(kRate);
        Host daw = host({{0.0, 97.0}});
        daw.tick = 1.0 / 1920.0;
        CHECK(daw.play(timeline, from, from + 2'000'000) <= 1);
        CHECK(timeline.tempo().size() == 1 && timeline.tempo()[0].bpm == 97.0);
        check_lines(timeline, daw, 0, 3'000'000);
    }
}

void ticks_leave_a_tempo_change_on_its_beat() {
    Timeline timeline(kRate);
    Host daw = host({{0.0, 97.0}, {16.0, 120.0}}, {{0.0, {4, 4}}, {16.0, {7, 8}}});
    daw.tick = 1.0 / 1920.0;
    daw.play(timeline, 0, 1'500'000);
    CHECK(timeline.tempo().size() == 2);
    CHECK(timeline.tempo().back().ppq == 16.0);
    check_lines(timeline, daw, 0, 1'500'000);
}

void a_host_without_quarter_notes_is_counted_from_its_frames() {
    Timeline timeline(kRate);
    Host daw = host({{0.0, 97.0}});
    daw.tells_ppq = daw.tells_bars = false;
    daw.play(timeline, 1'000'000, 1'200'000);
    CHECK(timeline.tempo().size() == 1 && timeline.tempo()[0].bpm == 97.0);
    Host changing = host({{0.0, 120.0}, {8.0, 60.0}});
    changing.tells_ppq = changing.tells_bars = false;
    Timeline second(kRate);
    changing.play(second, 0, 480'000);
    CHECK_NEAR(second.grid().ppq_of_sample(480'000), changing.song.ppq_of_sample(480'000), 0.02);
}

void signatures_are_learned_where_they_change() {
    Timeline timeline(kRate);
    const Host daw = host({{0.0, 120.0}}, {{0.0, {4, 4}}, {16.0, {7, 8}}, {33.5, {3, 4}}, {40.0, {5, 4}}});
    daw.play(timeline, 0, 2'000'000);
    check_lines(timeline, daw, 0, 2'000'000);
    CHECK(timeline.meter().size() == 4);
    CHECK(daw.play(timeline, 0, 2'000'000) == 0);
}

void a_frame_that_the_quarter_notes_cannot_have_shifts_them() {
    Timeline timeline(kRate);
    const BarGrid song(TempoSteps({{0.0, 120.0}}), MeterBars(std::vector<PlacedSignature>{{0.0, {3, 4}}}),
                       kRate);
    for (std::int64_t at = 0; at < 300'000; at += 512) {  // the host's song begins at frame 1,000,000
        RunRecord run = Host{song}.run(at, 512);
        run.sample = at + 1'000'000;
        timeline.observe(run);
    }
    CHECK(timeline.shift() != 0.0);
    CHECK(timeline.tempo().size() == 1 && timeline.tempo()[0].bpm == 120.0);
    for (int bar = 0; bar < 4; ++bar) {
        const std::int64_t line = 1'000'000 + song.sample(bar);
        CHECK(timeline.grid().sample(timeline.grid().bar_of_sample(line)) == line);
    }
}

void nonsense_teaches_nothing() {
    Timeline timeline(kRate);
    RunRecord run = host({{0.0, 120.0}}).run(0, 512);
    for (const double bpm : {0.0, -1.0, 19.9, 1000.0, std::nan(""), HUGE_VAL}) {
        run.bpm = bpm;
        CHECK(!timeline.observe(run));
    }
    run.bpm = 120.0;
    run.ppq = std::nan("");
    CHECK(!timeline.observe(run));
    run.ppq = 0.0, run.sample = -1024;
    CHECK(!timeline.observe(run));
    CHECK(timeline.empty());
    run.sample = 0, run.numerator = 0, run.denominator = 3;
    CHECK(timeline.observe(run));
    CHECK(timeline.meter().size() == 1 && timeline.meter()[0].signature == Signature{});
}

void a_map_survives_its_session() {
    Timeline timeline(kRate);
    const Host daw = host({{0.0, 120.0}, {32.0, 90.0}}, {{0.0, {4, 4}}, {16.0, {7, 8}}});
    daw.play(timeline, 0, 1'500'000);
    Timeline later(kRate);
    later.restore(timeline.tempo(), timeline.meter(), timeline.shift());
    CHECK(daw.play(later, 0, 1'500'000) == 0);
    check_lines(later, daw, 0, 1'500'000);
}

}  // namespace

int main() {
    one_tempo_is_learned_whole_wherever_the_host_begins();
    seven_eighths_keep_their_bars();
    a_tempo_change_is_put_on_its_beat();
    a_tempo_change_off_the_beat_is_found_too();
    a_ramp_is_followed_to_the_sample();
    places_never_seen_are_filled_and_learned_later();
    an_edit_of_the_one_tempo_replaces_it();
    ticks_are_no_tempo_changes();
    ticks_leave_a_tempo_change_on_its_beat();
    a_host_without_quarter_notes_is_counted_from_its_frames();
    signatures_are_learned_where_they_change();
    a_frame_that_the_quarter_notes_cannot_have_shifts_them();
    nonsense_teaches_nothing();
    a_map_survives_its_session();
    return check::finish();
}

// Automation as the engine receives it: the host's curves at 25 Hz of song time.
#include <cmath>
#include <functional>
#include <map>
#include <vector>

#include "check.hpp"
#include "core_support.hpp"

using namespace anacrusis;
using core_support::Host;
using core_support::Rig;
using core_support::Song;

namespace {

constexpr Control kRamped = Control::denoise, kStepped = Control::solver;

struct Told {
    std::map<std::int64_t, float> values;  // by curve frame: what holds there
    std::vector<CurveRecord> records;
};

/// Plays ``host`` in blocks of ``frames()``; each block has the curve's value at its first frame.
struct Player {
    explicit Player(Host& its_host, double rate)
        : rig(rate, 16'384), host(its_host), step(std::llround(rate / 25)) {}

    Rig rig;
    Host& host;
    std::int64_t step;
    std::map<int, Told> told;
    std::vector<RunRecord> runs;

    void block(std::uint32_t frames, Control control, float value) {
        core_support::set(*rig.shared, control, value);
        rig.run(host.time(), frames);
        host.pass(frames);
        Record record;
        while (rig.audio->records().try_pop(record)) {
            if (record.kind == RecordKind::curve) {
                told[record.curve.control].records.push_back(record.curve);
                told[record.curve.control].values[record.curve.curve_frame] = record.curve.value;
            } else if (record.kind == RecordKind::run) {
                runs.push_back(record.run);
            }
        }
        std::vector<float> nowhere(2 * frames);
        rig.audio->input().pop(nowhere.data(), frames);
    }

    Told& of(Control control) { return told[index_of(control)]; }

    /// The value that holds at a curve frame.
    float at(Control control, std::int64_t frame) {
        const auto& values = of(control).values;
        const auto after = values.upper_bound(frame);
        return after == values.begin() ? std::nanf("") : std::prev(after)->second;
    }
};

void a_ramp_is_sampled_exactly_whatever_the_blocks() {
    std::mt19937 random(3);
    for (const double rate : {8'000.0, 44'100.0, 48'000.0, 192'000.0}) {
        for (const std::uint32_t size : {1U, 17U, 64U, 511U, 512U, 2'048U, 4'097U, 16'384U, 0U}) {
            Host host{Song(rate)};
            host.playing = true;
            host.sample = 12'345;
            Player player(host, rate);
            const double length = 8.0 * rate;
            const double whole = 4.0 * length;
            const auto ramp = [&](std::int64_t sample) { return static_cast<double>(sample) / whole; };
            const std::int64_t end = host.sample + (size == 1 ? 20'000 : static_cast<std::int64_t>(length));
            std::int64_t last_start = 0;
            while (host.sample < end) {
                last_start = host.sample;
                const std::uint32_t frames = size > 0 ? size : 1 + random() % 16'384;
                player.block(frames, kRamped, static_cast<float>(ramp(host.sample)));
            }
            double worst = 0.0;
            std::int64_t count = 0;
            const std::int64_t first = 12'345 / player.step + 1;
            for (std::int64_t frame = first; frame * player.step < last_start; ++frame, ++count) {
                const double error = player.at(kRamped, frame) - ramp(frame * player.step);
                worst = std::max(worst, std::abs(error));
                CHECK(player.of(kRamped).values.count(frame) == 1);
            }
            CHECK(count > 1);
            CHECK_NEAR(worst, 0.0, 1e-6);
        }
    }
}

void a_step_where_the_host_splits_its_blocks_is_exact_on_both_sides_of_the_piece_before() {
    Host host{Song(48'000.0)};
    host.playing = true;
    Player player(host, 48'000.0);
    const std::int64_t split = 9'600 + 77;
    float value = 0.25F;
    while (host.sample < 40'000) {
        const std::int64_t left = split - host.sample;
        const auto frames = static_cast<std::uint32_t>(left > 0 && left < 512 ? left : 512);
        value = host.sample >= split ? 0.75F : 0.25F;
        player.block(frames, kRamped, value);
    }
    for (std::int64_t frame = 0; frame * 1'920 < 39'000; ++frame) {
        const std::int64_t sample = frame * 1'920, piece = split - split % 512;
        const float told = player.at(kRamped, frame);
        CHECK(told == 0.25F || sample > piece);
        CHECK(told == 0.75F || sample < split);
        CHECK(told >= 0.25F && told <= 0.75F);
    }
}

void a_choice_never_goes_through_what_lies_between() {
    Host host{Song(48'000.0)};
    host.playing = true;
    Player player(host, 48'000.0);
    for (int block = 0; block < 20; ++block) {
        player.block(4'096, kStepped, block < 10 ? 0.0F : 1.0F);
    }
    CHECK(player.of(kStepped).records.size() == 2);
    for (const CurveRecord& record : player.of(kStepped).records) {
        CHECK(record.value == 0.0F || record.value == 1.0F);
    }
    CHECK(player.at(kStepped, (10 * 4'096) / 1'920) == 0.0F);
    CHECK(player.at(kStepped, (10 * 4'096) / 1'920 + 1) == 1.0F);
}

void a_value_that_stays_is_told_once_in_an_epoch_and_all_are() {
    Host host{Song(48'000.0)};
    host.playing = true;
    host.sample = 5'000;
    Player player(host, 48'000.0);
    for (int block = 0; block < 50; ++block) {
        player.block(1'000, kRamped, 0.5F);
    }
    CHECK(player.told.size() == kEngineControlCount);
    for (const auto& [control, told] : player.told) {
        CHECK(told.records.size() == 1 && told.records[0].curve_frame == 2 && told.records[0].epoch == 1);
        CHECK(kControls[control].role == Role::engine);
    }
    host.sample = 500'000;
    player.block(1'000, kRamped, 0.5F);
    for (const auto& [control, told] : player.told) {
        CHECK(told.records.size() == 2 && told.records[1].curve_frame == 260 && told.records[1].epoch == 2);
    }
}

void while_stopped_a_change_is_told_for_the_place_where_the_host_stands() {
    Host host{Song(48'000.0)};
    host.sample = 96'000 + 1'919;
    Player player(host, 48'000.0);
    player.block(512, kRamped, 0.5F);
    player.block(512, kRamped, 0.625F);
    player.block(512, kRamped, 0.625F);
    const auto& records = player.of(kRamped).records;
    CHECK(records.size() == 2 && records[1].curve_frame == 50 && records[1].value == 0.625F);
}

void the_last_block_before_a_stop_is_told_too() {
    Host host{Song(48'000.0)};
    host.playing = true;
    Player player(host, 48'000.0);
    player.block(1'920, kRamped, 0.0F);
    player.block(3'840, kRamped, 0.25F);
    host.playing = false;
    player.block(512, kRamped, 0.75F);
    CHECK_NEAR(player.at(kRamped, 1), 0.25, 1e-7);
    CHECK_NEAR(player.at(kRamped, 2), 0.5, 1e-7);
    CHECK_NEAR(player.at(kRamped, 3), 0.75, 1e-7);
}

void a_locate_is_not_ramped_into() {
    Host host{Song(48'000.0)};
    host.playing = true;
    Player player(host, 48'000.0);
    player.block(9'600, kRamped, 0.25F);
    host.sample = 480'000;
    player.block(9'600, kRamped, 1.0F);
    CHECK(player.at(kRamped, 4) == 0.25F);
    CHECK(player.at(kRamped, 250) == 1.0F);
}

void in_a_loop_each_pass_has_its_own_curve_to_the_wrap() {
    const double rate = 48'000.0;
    Host host{Song(rate)};
    host.playing = true;
    host.loop(0, 96'000);
    Player player(host, rate);
    const auto ramp = [](std::int64_t sample) { return static_cast<double>(sample) / 96'000.0; };
    for (int block = 0; block < 1'000; ++block) {  // 1000 doesn't divide the loop: wraps fall inside blocks
        player.of(kRamped).values.clear();
        const std::int64_t start = host.sample;
        player.block(1'001, kRamped, static_cast<float>(ramp(start)));
        for (const auto& [frame, value] : player.of(kRamped).values) {
            const double error = std::abs(value - ramp(frame * 1'920));
            CHECK(error < 1e-6 || (frame * 1'920 < 1'001 && error <= ramp(1'001)) ||
                  (frame * 1'920 > 95'999 - 1'001 && error <= ramp(1'001)));
        }
    }
    CHECK(player.runs.back().lap == 10 && player.runs.back().epoch == 1);
}

void before_the_song_nothing_is_told_but_where_it_begins() {
    Host host{Song(48'000.0)};
    host.playing = true;
    host.sample = -4'096;
    Player player(host, 48'000.0);
    for (int block = 0; block < 21; ++block) {
        player.block(1'024, kRamped, static_cast<float>(block) / 32.0F);
    }
    for (const CurveRecord& record : player.of(kRamped).records) {
        CHECK(record.curve_frame >= 0);
    }
    CHECK_NEAR(player.at(kRamped, 0), 4.0 / 32.0, 1e-6);
    CHECK_NEAR(player.at(kRamped, 8), (4.0 + 8.0 * 1'920 / 1'024) / 32.0, 1e-6);
}

void values_that_a_full_queue_dropped_are_told_again() {
    Host host{Song(48'000.0)};
    host.playing = true;
    Rig rig(48'000.0);
    core_support::set(*rig.shared, kRamped, 0.125F);
    while (rig.audio->records().free_slots() > 0) {
        rig.run(host.time(), 64);
        host.pass(64);
    }
    core_support::set(*rig.shared, kRamped, 0.875F);
    const std::int64_t left = host.sample;
    for (int block = 0; block < 200; ++block) {  // and two locates that nobody could be told of
        host.sample = block % 100 == 0 ? 960'000 : host.sample;
        rig.run(host.time(), 64);
        host.pass(64);
    }
    CHECK(rig.shared->dropped_records.load() > 0);
    Record record;
    while (rig.audio->records().try_pop(record)) {
    }
    rig.run(host.time(), 64);
    bool run = false, value = false;
    while (rig.audio->records().try_pop(record)) {
        run = run || (record.kind == RecordKind::run && record.run.new_epoch && record.run.epoch == 3 &&
                      record.run.address == 6'400 && record.run.sample == 966'400 && record.run.left == left);
        value = value || (record.kind == RecordKind::curve && record.curve.control == index_of(kRamped) &&
                          record.curve.value == 0.875F && record.curve.epoch == 3);
    }
    CHECK(run && value);
}

void nonsense_values_are_held_off() {
    Host host{Song(48'000.0)};
    host.playing = true;
    Player player(host, 48'000.0);
    player.block(1'920, kRamped, 0.5F);
    for (int block = 0; block < 10; ++block) {
        player.block(1'920, kRamped, std::nanf(""));
    }
    CHECK(player.of(kRamped).records.size() == 1);
    player.block(1'920, kRamped, 1e30F);
    player.block(1'920, kRamped, 1e30F);
    player.block(1'920, kRamped, 1e30F);
    CHECK(player.of(kRamped).records.back().value == 1.0F);
}

}  // namespace

int main() {
    a_ramp_is_sampled_exactly_whatever_the_blocks();
    a_step_where_the_host_splits_its_blocks_is_exact_on_both_sides_of_the_piece_before();
    a_choice_never_goes_through_what_lies_between();
    a_value_that_stays_is_told_once_in_an_epoch_and_all_are();
    while_stopped_a_change_is_told_for_the_place_where_the_host_stands();
    the_last_block_before_a_stop_is_told_too();
    a_locate_is_not_ramped_into();
    in_a_loop_each_pass_has_its_own_curve_to_the_wrap();
    before_the_song_nothing_is_told_but_where_it_begins();
    values_that_a_full_queue_dropped_are_told_again();
    nonsense_values_are_held_off();
    return check::finish();
}

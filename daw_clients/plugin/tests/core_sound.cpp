// What is heard: the engine's sound at the host's own place to the sample, or the track's, to the bit.
#include <limits>
#include <vector>

#include "check.hpp"
#include "core_support.hpp"

using namespace anacrusis;
using namespace core_support;

namespace {

void every_frame_is_right_through_plays_stops_locates_and_loops() {
    std::mt19937 random(11);
    for (const double rate : {8'000.0, 44'100.0, 48'000.0, 96'000.0, 192'000.0}) {
        Rig rig(rate, 16'384);
        Host host{Song(rate, 97.0, 7, 8)};
        Engine engine(*rig.audio, watermarks());
        engine.reach_frames = 60'000;
        Ear ear(rig);
        Heard all;
        std::int64_t playing_frames = 0;
        int starving = 0;
        for (int blocks = 0; blocks < 4'000; ++blocks) {
            const unsigned dice = random() % 60;
            if (dice < 2) {
                host.sample = static_cast<std::int64_t>(random() % 3'000'000);
                host.looping = dice == 0;
                host.loop_start = host.sample - static_cast<std::int64_t>(random() % 3'000);
                host.loop_end = host.sample + 64 + static_cast<std::int64_t>(random() % 60'000);
                ear.cut();
            } else if (dice == 2) {
                host.sample = -1 - 8 * blocks;  // never near the last: that may be the next piece of a block
                host.looping = false;
                ear.cut();
            } else if (dice == 3) {
                host.playing = !host.playing;
                ear.cut();
            } else if (dice == 4 && !host.playing) {
                host.playing = true;
            } else if (dice == 5) {
                starving = static_cast<int>(random() % 20);
            }
            if (random() % 200 == 0) {
                rig.shared->new_epoch_wanted.store(true);
                ear.cut();
            }
            const std::uint32_t frames = 1 + random() % (random() % 3 == 0 ? 16'384 : 2'048);
            rig.run(host.time(), frames);
            const bool playing = host.playing;
            const Heard heard = ear.listen(host.pass(frames), playing);
            add(all, heard);
            playing_frames += playing ? frames : 0;
            CHECK(heard.wrong == 0);
            engine.listen();
            if (--starving < 0) {
                engine.send();
            }
        }
        CHECK(all.wet * 2 > playing_frames && all.dry > 0 && all.fading > 0);
        CHECK(rig.shared->dropped_records.load() == 0);
    }
}

void once_sound_is_there_every_frame_is_wet_through_wraps_inside_blocks() {
    Rig rig(48'000.0, 16'384);
    Host host{Song(48'000.0, 133.0, 7, 8)};
    host.playing = true;
    host.sample = 20'011;
    host.loop(20'011, 20'011 + 7'777);
    Engine engine(*rig.audio, watermarks());
    engine.reach_frames = 60'000;
    std::mt19937 random(2);
    for (int blocks = 0; blocks < 500; ++blocks) {
        const std::uint32_t frames = 1 + random() % 16'384;
        rig.run(host.time(), frames);
        const std::vector<std::int64_t> places = host.pass(frames);
        engine.listen();
        engine.send();
        bool wet = true;
        for (std::uint32_t i = 0; blocks > 2 && i < frames; ++i) {
            wet = wet && rig.wet_at(i, places[i]);
        }
        CHECK(wet);
    }
    CHECK(rig.audio->epochs().newest() == 1);
    CHECK(engine.last.lap > 100);
}

void blocks_that_come_as_the_host_starts_are_heard_whole_from_its_first_frame() {
    Rig rig(48'000.0);
    Host host{Song(48'000.0)};
    host.sample = 96'000;
    Engine engine(*rig.audio, watermarks());
    rig.run(host.time(), 512);
    engine.listen();
    engine.send();
    host.playing = true;
    rig.run(host.time(), 512);
    bool wet = true;
    for (std::uint32_t i = 0; i < 512; ++i) {
        wet = wet && rig.wet_at(i, 96'000 + i);
    }
    CHECK(wet);
}

void nothing_outside_the_range_is_wet_and_all_inside_is() {
    Rig rig(48'000.0);
    Host host{Song(48'000.0)};
    host.sample = 0;
    Engine engine(*rig.audio, watermarks());
    rig.shared->wet_start.store(5'000);
    rig.shared->wet_end.store(9'001);
    rig.run(host.time(), 64);
    engine.listen();
    engine.send();
    host.playing = true;
    rig.run(host.time(), 16'384);
    for (std::uint32_t i = 0; i < 16'384; ++i) {
        if (i < 5'000 || i >= 9'001) {
            CHECK(rig.dry_at(i));
        } else if (i >= 5'000 + rig.fade() && i < 9'001 - rig.fade()) {
            CHECK(rig.wet_at(i, i));
        }
    }
    rig.shared->wet_end.store(5'000);
    host.sample = 5'000;
    rig.run(host.time(), 1'024);
    for (std::uint32_t i = rig.fade(); i < 1'024; ++i) {
        CHECK(rig.dry_at(i));
    }
}

void before_the_songs_start_the_track_is_heard_and_then_the_engine() {
    Rig rig(48'000.0);
    Host host{Song(48'000.0)};
    host.sample = -1'024;
    Engine engine(*rig.audio, watermarks());
    rig.shared->wet_start.store(-kFar);
    rig.run(host.time(), 64);
    engine.listen();
    engine.send();
    host.playing = true;
    rig.run(host.time(), 4'096);
    for (std::uint32_t i = 0; i < 4'096; ++i) {
        CHECK(i < 1'024 ? rig.dry_at(i) : i < 1'024 + rig.fade() || rig.wet_at(i, i - 1'024));
    }
}

void a_loop_that_is_changed_on_the_way_comes_back_right_in_the_same_epoch() {
    Rig rig(48'000.0);
    Host host{Song(48'000.0)};
    host.playing = true;
    host.loop(0, 48'000);
    Engine engine(*rig.audio, watermarks());
    std::int64_t right = 0, wrong = 0, wraps = 0;
    for (int blocks = 0; blocks < 800; ++blocks) {
        if (blocks % 70 == 35) {
            host.loop_end = 40'000 + (blocks * 97) % 9'000;
            host.loop_end = std::max(host.loop_end, host.sample + 6'000);
        }
        rig.run(host.time(), 512);
        const std::vector<std::int64_t> places = host.pass(512);
        wraps += places.back() < places.front() ? 1 : 0;
        engine.listen();
        engine.send();
        for (std::uint32_t i = 0; i < 512 && blocks > 5; ++i) {
            ++(rig.wet_at(i, places[i]) ? right : wrong);
        }
    }
    CHECK(rig.audio->epochs().newest() == 1 && wraps > 5);
    CHECK(right > 390'000 && wrong < 11 * 1'000);  // a splice, or a fade, for each change
}

void an_engine_that_rounds_the_loops_ends_otherwise_is_heard_without_a_gap() {
    for (const std::int64_t off : {-2, -1, 1, 2}) {
        Rig rig(48'000.0);
        Host host{Song(48'000.0)};
        host.playing = true;
        host.loop(1'000, 31'000);
        Engine engine(*rig.audio, watermarks());  // it only listens
        // an engine with a path of its own, whose loop ends off frames later
        std::int64_t address = 0, sample = 0;
        std::vector<float> block(2 * 512, 0.5F);
        bool whole = true;
        for (int blocks = 0; blocks < 500; ++blocks) {
            rig.run(host.time(), 512);
            host.pass(512);
            engine.listen();
            while (address < engine.last.address + 8'192) {
                const std::int64_t left = 31'000 + off - sample;
                const auto frames = static_cast<std::uint32_t>(std::min<std::int64_t>(512, left));
                rig.audio->ring().write(1, address, sample, block.data(), frames);
                address += frames;
                sample += frames;
                sample = sample == 31'000 + off ? 1'000 + off : sample;
            }
            for (std::uint32_t i = 0; blocks > 2 && i < 512; ++i) {
                whole = whole && rig.out[0][i] == 0.5F;
            }
        }
        CHECK(whole);
        CHECK(engine.last.lap > 5 && engine.last.epoch == 1);
    }
}

void in_place_and_crossed_buffers_sound_like_any_others() {
    for (const int manner : {0, 1, 2}) {  // apart, in place, crossed
        Rig plain(48'000.0), other(48'000.0);
        Host host{Song(48'000.0)};
        Engine plain_engine(*plain.audio, watermarks()), other_engine(*other.audio, watermarks());
        std::mt19937 random(7);
        bool same = true;
        for (int blocks = 0; blocks < 300; ++blocks) {
            host.playing = blocks % 50 > 5;
            host.sample = blocks % 90 == 89 ? 77'000 : host.sample;
            const float bypass = blocks % 70 > 60 ? 1.0F : 0.0F;
            set(*plain.shared, Control::bypass, bypass);
            set(*other.shared, Control::bypass, bypass);
            const std::uint32_t frames = 1 + random() % 1'500;
            plain.run(host.time(), frames);
            std::vector<float> left = plain.in[0], right = plain.in[1];
            std::vector<float> more_left(frames), more_right(frames);
            const float* in[2] = {left.data(), right.data()};
            float* out[2] = {more_left.data(), more_right.data()};
            if (manner == 1) {
                out[0] = left.data();
                out[1] = right.data();
            } else if (manner == 2) {
                out[0] = right.data();
                out[1] = left.data();
            }
            other.audio->run(host.time(), in, out, frames, nullptr, 0);
            host.pass(frames);
            plain_engine.listen();
            other_engine.listen();
            plain_engine.send();
            other_engine.send();
            for (std::uint32_t i = 0; i < frames; ++i) {
                same = same && same_bits(out[0][i], plain.out[0][i]) && same_bits(out[1][i], plain.out[1][i]);
            }
        }
        CHECK(same);
    }
}

void an_input_that_is_no_number_passes_and_poisons_nothing() {
    Rig rig(48'000.0);
    Host host{Song(48'000.0)};
    Engine engine(*rig.audio, watermarks());
    bool passed = true, clean = true;
    for (int blocks = 0; blocks < 400; ++blocks) {
        host.playing = blocks % 40 > 10;
        host.sample = blocks % 100 == 99 ? 50'000 : host.sample;
        for (int channel = 0; channel < 2; ++channel) {
            const float value = channel == 0 ? std::numeric_limits<float>::quiet_NaN()
                                             : std::numeric_limits<float>::infinity();
            rig.in[channel].assign(512, blocks < 300 ? value : 0.25F);
        }
        rig.run_as_it_is(host.time(), 512);
        const std::vector<std::int64_t> places = host.pass(512);
        engine.listen();
        engine.send();
        for (std::uint32_t i = 0; i < 512; ++i) {
            const bool wet = host.playing && rig.wet_at(i, places[i]);
            passed = passed && (wet || blocks >= 300 || !std::isfinite(rig.out[0][i]));
            clean = clean && (blocks <= 301 || std::isfinite(rig.out[0][i]));
        }
    }
    CHECK(passed && clean);
}

void a_cut_from_or_into_no_number_leaves_nothing_behind() {
    Rig rig(48'000.0);
    Host host{Song(48'000.0)};
    host.playing = true;
    Engine engine(*rig.audio, watermarks());
    for (int blocks = 0; blocks < 10; ++blocks) {
        rig.run(host.time(), 512);
        host.pass(512);
        engine.listen();
        engine.send();
    }
    host.playing = false;
    const float odd[2] = {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()};
    for (int channel = 0; channel < 2; ++channel) {
        rig.in[channel].assign(8, odd[channel]);
    }
    rig.run_as_it_is(host.time(), 8);
    CHECK(!std::isfinite(rig.out[0][7]) && !std::isfinite(rig.out[1][7]));
    rig.run(host.time(), 64);
    for (std::uint32_t i = 0; i < 64; ++i) {
        CHECK(rig.dry_at(i));
    }
}

void an_epoch_is_never_taken_for_one_65536_before_it() {
    Rig rig(48'000.0);
    Host host{Song(48'000.0)};
    Engine engine(*rig.audio, watermarks());
    rig.run(host.time(), 64);
    engine.listen();
    engine.send();
    const std::uint32_t first = rig.audio->epochs().newest();
    while (rig.audio->epochs().newest() < first + 65'536) {
        rig.shared->new_epoch_wanted.store(true);
        rig.run(host.time(), 1);
    }
    CHECK(rig.audio->epochs().newest() == first + 65'536);
    host.playing = true;
    rig.run(host.time(), 512);
    for (std::uint32_t i = 0; i < 512; ++i) {
        CHECK(rig.dry_at(i));
    }
}

void denormals_and_signed_zeros_pass_as_they_are() {
    Rig rig(48'000.0);
    Host host{Song(48'000.0)};
    const float odd[] = {1e-42F, -1e-44F, -0.0F, 0.0F, 3e38F};
    for (int channel = 0; channel < 2; ++channel) {
        rig.in[channel].assign(std::begin(odd), std::end(odd));
    }
    rig.run_as_it_is(host.time(), 5);
    for (std::uint32_t i = 0; i < 5; ++i) {
        CHECK(rig.dry_at(i));
    }
    volatile float small = 1e-38F;
    CHECK(small * 0.01F != 0.0F);  // and the host's own arithmetic is as it was
}

void no_frames_are_nothing_at_all() {
    Rig rig(48'000.0);
    Host host{Song(48'000.0)};
    host.playing = true;
    rig.shared->new_epoch_wanted.store(true);
    rig.audio->run(host.time(), nullptr, nullptr, 0, nullptr, 0);
    CHECK(rig.audio->records().size() == 0 && rig.shared->new_epoch_wanted.load());
    rig.run(host.time(), 100);
    host.pass(100);
    host.sample = 0;
    HostTime stale = host.time();
    rig.audio->run(stale, nullptr, nullptr, 0, nullptr, 0);
    host.sample = 100;
    rig.run(host.time(), 100);
    CHECK(rig.audio->epochs().newest() == 1);
}

void larger_blocks_than_the_host_promised_are_right() {
    Rig rig(48'000.0, 64);
    Host host{Song(48'000.0)};
    host.playing = true;
    Engine engine(*rig.audio, watermarks());
    engine.reach_frames = 300'000;
    for (const std::uint32_t frames : {64U, 70'000U, 131'072U, 16'385U}) {
        rig.run(host.time(), frames);
        const std::vector<std::int64_t> places = host.pass(frames);
        engine.listen();
        engine.send();
        bool wet = true;
        for (std::uint32_t i = rig.fade() + 65; frames > 64 && i < frames; ++i) {
            wet = wet && rig.wet_at(i, places[i]);
        }
        CHECK(wet);
    }
    CHECK(rig.audio->epochs().newest() == 1);
}

void a_rate_that_the_engine_cannot_have_is_dry_and_tells_nothing() {
    for (const double rate : {0.0, -48'000.0, 7'975.0, 11'025.5, 44'101.0, 400'000.0, std::nan("")}) {
        Rig rig(rate);
        CHECK(!rig.prepared);
        Host host{Song(48'000.0)};
        host.playing = true;
        rig.run(host.time(), 512);
        bool dry = true;
        for (std::uint32_t i = 0; i < 512; ++i) {
            dry = dry && rig.dry_at(i);
        }
        CHECK(dry && rig.audio->records().size() == 0);
    }
    for (const double rate : {8'000.0, 11'025.0, 22'050.0, 44'100.0, 384'000.0}) {
        CHECK(Rig(rate).prepared);
    }
}

void a_host_that_stands_for_hours_goes_on_as_if_it_were_a_moment() {
    Rig rig(48'000.0, 16'384);
    Host host{Song(48'000.0)};
    host.playing = true;
    Engine engine(*rig.audio, watermarks());
    for (int blocks = 0; blocks < 10; ++blocks) {
        rig.run(host.time(), 512);
        host.pass(512);
        engine.listen();
        engine.send();
    }
    host.playing = false;
    for (int blocks = 0; blocks < 20'000; ++blocks) {  // nobody takes the records
        rig.run(host.time(), 16'384);
    }
    CHECK(rig.shared->dropped_records.load() > 10'000);
    host.playing = true;
    rig.run(host.time(), 512);
    bool wet = true;
    for (std::uint32_t i = 0; i < 512; ++i) {
        wet = wet && rig.wet_at(i, 5'120 + i);
    }
    CHECK(wet && rig.audio->epochs().newest() == 1);
}

void flapping_between_play_and_stop_each_block_is_survived() {
    Rig rig(48'000.0);
    Host host{Song(48'000.0)};
    Engine engine(*rig.audio, watermarks());
    bool small = true;
    for (int blocks = 0; blocks < 2'000; ++blocks) {
        host.playing = !host.playing;
        rig.run(host.time(), 100);
        host.pass(100);
        engine.listen();
        engine.send();
        for (std::uint32_t i = 0; i < 100; ++i) {
            small = small && std::abs(rig.out[0][i]) < 4.0F;
        }
    }
    CHECK(small && rig.audio->epochs().newest() == 1 && engine.last.address >= 99'800);
}

void in_interval_mode_silence_stands_in_for_what_is_not_there() {
    Rig rig(48'000.0);
    set(*rig.shared, Control::mode, 1.0F);
    Host host{Song(48'000.0)};
    host.playing = true;
    Engine engine(*rig.audio, watermarks());
    rig.run(host.time(), 512);
    host.pass(512);
    for (const float value : rig.out[0]) {
        CHECK(value == 0.0F);
    }
    engine.listen();
    engine.send();
    for (int blocks = 0; blocks < 4; ++blocks) {
        rig.run(host.time(), 512);
        host.pass(512);
        engine.listen();
        engine.send();
    }
    CHECK(rig.wet_at(511, 5 * 512 - 1));
    set(*rig.shared, Control::bypass, 1.0F);
    for (int blocks = 0; blocks < 2; ++blocks) {
        rig.run(host.time(), 512);
        host.pass(512);
    }
    CHECK(rig.dry_at(0) && rig.dry_at(511));
}

void bypassed_the_ring_is_consumed_all_the_same() {
    Rig rig(48'000.0);
    set(*rig.shared, Control::bypass, 1.0F);
    Host host{Song(48'000.0)};
    host.playing = true;
    Engine engine(*rig.audio, watermarks());
    bool dry = true;
    for (int blocks = 0; blocks < 100; ++blocks) {
        rig.run(host.time(), 512);
        host.pass(512);
        engine.listen();
        engine.send();
        for (std::uint32_t i = 0; i < 512; ++i) {
            dry = dry && rig.dry_at(i);
        }
    }
    CHECK(dry);
    std::int64_t address = 0;
    CHECK(rig.audio->ring().read_address(1, address) && address == 51'200);
    set(*rig.shared, Control::bypass, 0.0F);
    rig.run(host.time(), 1'024);
    CHECK(rig.wet_at(rig.fade(), 51'200 + rig.fade()));
    CHECK(!rig.wet_at(rig.fade() - 20, 51'200 + rig.fade() - 20));
}

void what_was_not_there_is_told_as_a_gap_of_its_run() {
    Rig rig(48'000.0);
    Host host{Song(48'000.0)};
    host.playing = true;
    host.loop(0, 10'000);
    Engine engine(*rig.audio, watermarks());
    engine.keeps_records = true;
    rig.shared->wet_start.store(1'000);
    rig.run(host.time(), 4'096);
    host.pass(4'096);
    engine.listen();
    CHECK(engine.last.gap_start == 1'000 && engine.last.gap_end == 4'096);
    engine.send();
    rig.run(host.time(), 4'096);
    host.pass(4'096);
    engine.listen();
    CHECK(engine.last.gap_start == 4'096 && engine.last.gap_end == 4'096 + 65);
    engine.send();
    engine.records.clear();
    rig.run(host.time(), 4'096);
    host.pass(4'096);
    engine.listen();
    int runs = 0;
    for (const Record& record : engine.records) {
        runs += record.kind == RecordKind::run ? 1 : 0;
        CHECK(record.kind != RecordKind::run || record.run.gap_start == kNowhere);
    }
    CHECK(runs == 2 && engine.last.lap == 1 && engine.last.loop_start == 0 && engine.last.loop_end == 10'000);
}

void records_come_in_order_and_midi_and_input_belong_to_their_runs() {
    Rig rig(48'000.0);
    Host host{Song(48'000.0, 120.0, 7, 8)};
    host.playing = true;
    host.sample = 9'900;
    host.loop(5'000, 10'000);
    const MidiMessage midi[] = {{50, {0x90, 60, 100}, 3}, {100, {0x80, 60, 0}, 3}, {511, {0xC0, 5, 0}, 2},
                                {512, {0x90, 1, 1}, 3}, {9, {0, 0, 0}, 200}};
    rig.in[0].assign(512, 0.5F);
    rig.in[1].assign(512, -0.5F);
    rig.out[0].resize(512);
    rig.out[1].resize(512);
    const float* in[2] = {rig.in[0].data(), rig.in[1].data()};
    float* out[2] = {rig.out[0].data(), rig.out[1].data()};
    rig.audio->touch(index_of(Control::morph), true);
    rig.audio->touch(-1, true);
    rig.audio->touch(kControlCount, true);
    rig.audio->run(host.time(), in, out, 512, midi, 5);
    std::vector<Record> records;
    Record record;
    while (rig.audio->records().try_pop(record)) {
        records.push_back(record);
    }
    std::vector<RecordKind> kinds;
    std::vector<std::int64_t> midi_samples, input_samples;
    for (const Record& one : records) {
        if (kinds.empty() || kinds.back() != one.kind) {
            kinds.push_back(one.kind);
        }
        if (one.kind == RecordKind::midi) {
            midi_samples.push_back(one.midi.sample);
        } else if (one.kind == RecordKind::input) {
            input_samples.push_back(one.input.sample);
            CHECK(one.input.frames == (input_samples.size() == 1 ? 100U : 412U));
            CHECK(one.input.lap == input_samples.size() - 1);
        }
    }
    CHECK((kinds == std::vector<RecordKind>{RecordKind::run, RecordKind::curve, RecordKind::midi,
                                            RecordKind::input, RecordKind::gesture}));
    CHECK((midi_samples == std::vector<std::int64_t>{9'950, 5'000, 5'411}));
    CHECK((input_samples == std::vector<std::int64_t>{9'900, 5'000}));
    CHECK(rig.audio->input().readable_frames() == 512);
    const RunRecord &first = records[0].run, &second = records[1].run;
    CHECK(first.new_epoch && first.epoch == 1 && first.frames == 100 && first.left == kNowhere);
    CHECK(first.has_bar_start && first.numerator == 7 && first.denominator == 8 && first.bpm == 120.0);
    CHECK(!second.new_epoch && second.lap == 1 && second.address == 100 && !second.has_bar_start);
    CHECK_NEAR(second.ppq, host.song.ppq_at(5'000), 1e-9);
    CHECK(records.back().gesture.touched && records.back().gesture.control == index_of(Control::morph));
    rig.audio->touch(index_of(Control::morph), false);
    host.playing = false;
    host.sample = 5'412;
    rig.audio->run(host.time(), in, out, 512, midi, 4);
    int others = 0;
    while (rig.audio->records().try_pop(record)) {
        CHECK(record.kind == RecordKind::run || record.kind == RecordKind::gesture);
        others += record.kind == RecordKind::gesture && !record.gesture.touched ? 1 : 0;
    }
    CHECK(others == 1);
}

}  // namespace

int main() {
    every_frame_is_right_through_plays_stops_locates_and_loops();
    once_sound_is_there_every_frame_is_wet_through_wraps_inside_blocks();
    blocks_that_come_as_the_host_starts_are_heard_whole_from_its_first_frame();
    nothing_outside_the_range_is_wet_and_all_inside_is();
    before_the_songs_start_the_track_is_heard_and_then_the_engine();
    a_loop_that_is_changed_on_the_way_comes_back_right_in_the_same_epoch();
    an_engine_that_rounds_the_loops_ends_otherwise_is_heard_without_a_gap();
    in_place_and_crossed_buffers_sound_like_any_others();
    an_input_that_is_no_number_passes_and_poisons_nothing();
    a_cut_from_or_into_no_number_leaves_nothing_behind();
    an_epoch_is_never_taken_for_one_65536_before_it();
    denormals_and_signed_zeros_pass_as_they_are();
    no_frames_are_nothing_at_all();
    larger_blocks_than_the_host_promised_are_right();
    a_rate_that_the_engine_cannot_have_is_dry_and_tells_nothing();
    a_host_that_stands_for_hours_goes_on_as_if_it_were_a_moment();
    flapping_between_play_and_stop_each_block_is_survived();
    in_interval_mode_silence_stands_in_for_what_is_not_there();
    bypassed_the_ring_is_consumed_all_the_same();
    what_was_not_there_is_told_as_a_gap_of_its_run();
    records_come_in_order_and_midi_and_input_belong_to_their_runs();
    return check::finish();
}

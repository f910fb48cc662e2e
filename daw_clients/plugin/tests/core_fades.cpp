// How sound comes and goes: never a step larger than a raised cosine of 10 ms makes, whole when it should be.
#include <functional>
#include <vector>

#include "check.hpp"
#include "core/bar_lines.hpp"
#include "core_support.hpp"

using namespace anacrusis;
using namespace core_support;

namespace {

constexpr float kWet = 0.75F, kDry = -0.25F;

/// A track of one constant and an engine of another: every step in the output is the plugin's.
struct Flat {
    Rig rig;
    Host host;
    std::vector<float> heard;
    std::function<void()> between = [] {};

    explicit Flat(double rate, Song song) : rig(rate, 16'384), host(std::move(song)) { host.playing = true; }
    explicit Flat(double rate) : Flat(rate, Song(rate)) {}

    void block(std::uint32_t frames) {
        rig.in[0].assign(frames, kDry);
        rig.in[1].assign(frames, kDry);
        rig.run_as_it_is(host.time(), frames);
        host.pass(frames);
        heard.insert(heard.end(), rig.out[0].begin(), rig.out[0].end());
        same = same && rig.out[0] == rig.out[1];
        between();
    }
    void blocks(int count, std::uint32_t frames) {
        for (int i = 0; i < count; ++i) {
            block(frames);
        }
    }
    float largest_step() const {
        float largest = 0.0F;
        for (std::size_t i = 1; i < heard.size(); ++i) {
            largest = std::max(largest, std::abs(heard[i] - heard[i - 1]));
        }
        return largest;
    }
    /// What a raised cosine between the two constants makes at its steepest, and a little for rounding.
    float allowed() const {
        return 3.14159265F / 2.0F / static_cast<float>(rig.fade()) * (kWet - kDry) * 1.001F + 1e-6F;
    }
    std::size_t count(float value) const {
        return static_cast<std::size_t>(std::count(heard.begin(), heard.end(), value));
    }
    bool same = true;
};

auto constant() {
    return [](std::uint32_t, std::int64_t, float* frame) { frame[0] = frame[1] = kWet; };
}

template <typename Sound>
void connect(Flat& flat, Engine<Sound>& engine) {
    flat.between = [&engine] {
        engine.listen();
        engine.send();
    };
}

const double kRates[] = {8'000.0, 44'100.0, 48'000.0, 96'000.0, 192'000.0};
const std::uint32_t kSizes[] = {1, 37, 64, 512, 2'048};

void sound_that_comes_late_fades_in_over_ten_milliseconds() {
    for (const double rate : kRates) {
        for (const std::uint32_t size : kSizes) {
            Flat flat(rate);
            Engine engine(*flat.rig.audio, constant());
            flat.blocks(3, size);
            connect(flat, engine);
            while (flat.heard.size() < 4 * flat.rig.fade() + 5 * size) {
                flat.block(size);
            }
            CHECK(flat.largest_step() <= flat.allowed());
            CHECK(flat.heard.back() == kWet && flat.heard.front() == kDry && flat.same);
            const std::size_t between = flat.heard.size() - flat.count(kWet) - flat.count(kDry);
            // next to its ends the curve is so flat that it rounds to them
            CHECK(between + 12 >= flat.rig.fade() - 1 && between < flat.rig.fade());
        }
    }
}

void a_ring_that_runs_dry_has_faded_when_its_sound_ends() {
    for (const double rate : kRates) {
        for (const std::uint32_t size : kSizes) {
            Flat flat(rate);
            Engine engine(*flat.rig.audio, constant());
            engine.reach_frames = 3'001 + size;
            connect(flat, engine);
            while (flat.heard.empty() || flat.heard.back() != kWet) {
                flat.block(size);
            }
            flat.between = [] {};  // the engine is gone
            while (flat.heard.back() != kDry) {
                flat.block(size);
            }
            flat.block(size);
            CHECK(flat.largest_step() <= flat.allowed());
            std::int64_t read = 0;
            CHECK(flat.rig.audio->ring().read_address(1, read) && read >= engine.last.address);
        }
    }
}

void the_fade_before_the_sounds_end_takes_all_but_the_last_ten_milliseconds() {
    Flat flat(48'000.0);
    Engine engine(*flat.rig.audio, constant());
    flat.host.playing = false;
    flat.block(64);
    engine.listen();
    engine.send(10'000);
    flat.host.playing = true;
    flat.heard.clear();
    flat.blocks(100, 128);
    CHECK(flat.count(kWet) >= 10'000 - 480 && flat.count(kWet) < 10'000 - 460);
    CHECK(flat.heard[9'999] != kDry || flat.heard[9'990] != kDry);
    CHECK(flat.heard[10'000] == kDry && flat.largest_step() <= flat.allowed());
}

void a_locate_is_heard_without_a_step() {
    for (const double rate : kRates) {
        for (const std::uint32_t size : kSizes) {
            Flat flat(rate);
            Engine engine(*flat.rig.audio, constant());
            engine.reach_frames = 20'000;
            connect(flat, engine);
            while (flat.heard.empty() || flat.heard.back() != kWet) {
                flat.block(size);
            }
            for (int locates = 0; locates < 5; ++locates) {
                flat.host.sample += 100'000;
                flat.blocks(3 + locates, size);
            }
            flat.rig.shared->new_epoch_wanted.store(true);
            for (std::uint32_t frames = 0; frames < 4 * flat.rig.fade() + 2 * size; frames += size) {
                flat.block(size);
            }
            CHECK(flat.largest_step() <= 2.0F * flat.allowed());  // the old decays while the new comes in
            CHECK(flat.heard.back() == kWet);
        }
    }
}

void a_stop_is_heard_without_a_step_and_is_over_in_ten_milliseconds() {
    for (const double rate : kRates) {
        for (const std::uint32_t size : kSizes) {
            Flat flat(rate);
            Engine engine(*flat.rig.audio, constant());
            connect(flat, engine);
            while (flat.heard.empty() || flat.heard.back() != kWet) {
                flat.block(size);
            }
            flat.host.playing = false;
            const std::size_t stopped = flat.heard.size();
            for (std::uint32_t frames = 0; frames < 2 * flat.rig.fade(); frames += size) {
                flat.block(size);
            }
            CHECK(flat.largest_step() <= flat.allowed());
            CHECK(flat.heard[stopped] == kWet && flat.heard[stopped + flat.rig.fade()] == kDry);
        }
    }
}

void bypass_fades_both_ways_whatever_the_blocks() {
    for (const double rate : kRates) {
        for (const std::uint32_t size : kSizes) {
            Flat flat(rate);
            Engine engine(*flat.rig.audio, constant());
            connect(flat, engine);
            while (flat.heard.empty() || flat.heard.back() != kWet) {
                flat.block(size);
            }
            for (const float bypass : {1.0F, 0.0F}) {
                set(*flat.rig.shared, Control::bypass, bypass);
                const std::size_t turned = flat.heard.size();
                for (std::uint32_t frames = 0; frames <= flat.rig.fade(); frames += size) {
                    flat.block(size);
                }
                const float after = bypass > 0.5F ? kDry : kWet;
                CHECK(flat.heard[turned + flat.rig.fade() - 1] == after);
                CHECK(flat.heard[turned + flat.rig.fade() / 2] != after);
            }
            for (int flaps = 0; flaps < 50; ++flaps) {
                set(*flat.rig.shared, Control::bypass, flaps % 2 == 0 ? 1.0F : 0.0F);
                flat.block(size);
            }
            CHECK(flat.largest_step() <= flat.allowed());
        }
    }
}

void locates_stops_and_starvation_under_bypass_are_not_heard() {
    Flat flat(48'000.0);
    Engine engine(*flat.rig.audio, constant());
    connect(flat, engine);
    flat.blocks(20, 512);
    set(*flat.rig.shared, Control::bypass, 1.0F);
    flat.blocks(2, 512);
    const std::size_t from = flat.heard.size();
    for (int blocks = 0; blocks < 200; ++blocks) {
        flat.host.playing = blocks % 7 != 0;
        flat.host.sample += blocks % 11 == 0 ? 50'000 : 0;
        flat.block(100);
    }
    CHECK(static_cast<std::size_t>(std::count(flat.heard.begin() + static_cast<std::ptrdiff_t>(from),
                                              flat.heard.end(), kDry)) == flat.heard.size() - from);
}

void an_engine_that_hardly_keeps_up_makes_no_step() {
    for (const std::uint32_t size : {64U, 512U}) {
        std::mt19937 random(9);
        Flat flat(48'000.0);
        Engine engine(*flat.rig.audio, constant());
        flat.between = [&] {
            engine.listen();
            engine.send(random() % (2 * size));
        };
        flat.blocks(4'000, size);
        CHECK(flat.largest_step() <= flat.allowed());
        CHECK(flat.count(kDry) > 0 && flat.count(kDry) < flat.heard.size());
    }
}

void interval_mode_is_entered_and_left_without_a_step() {
    Flat flat(48'000.0);
    for (int turns = 0; turns < 20; ++turns) {
        set(*flat.rig.shared, Control::mode, turns % 2 == 1 ? 1.0F : 0.0F);
        flat.blocks(1 + turns, 128);
    }
    CHECK(flat.largest_step() <= flat.allowed());
    CHECK(flat.heard.back() == 0.0F && flat.heard.front() == kDry);
}

// ---------------------------------------------------------------- coming back on a bar line

struct Return {
    std::int64_t told = 0, first_sound = -1, whole = -1;  // song samples
    float step = 0.0F;
    bool cleared = false;
};

/// Plays from ``start`` with sound there, says "back on a bar line" at ``lost``, and listens.
Return come_back(double rate, Song song, std::int64_t start, std::int64_t lost, std::int64_t end,
                 std::uint32_t size, std::int64_t sound_from = 0) {
    Flat flat(rate, song);
    flat.host.sample = start;
    Engine engine(*flat.rig.audio, constant());
    engine.reach_frames = 100'000;
    flat.block(1);
    while (flat.host.sample < lost) {
        flat.block(size);
    }
    flat.rig.shared->enter_on_bar.store(true);
    flat.rig.shared->new_epoch_wanted.store(true);
    flat.block(1);
    flat.between = [&] {
        engine.listen();
        if (flat.host.sample >= sound_from) {
            engine.send();
        }
    };
    flat.heard.clear();
    const std::int64_t from = flat.host.sample;
    while (flat.host.sample < end) {
        flat.block(size);
    }
    Return back;
    back.told = from;
    for (std::size_t i = 0; i < flat.heard.size(); ++i) {
        const auto sample = from + static_cast<std::int64_t>(i);
        back.first_sound = back.first_sound < 0 && flat.heard[i] != kDry ? sample : back.first_sound;
        back.whole = back.whole < 0 && flat.heard[i] == kWet ? sample : back.whole;
    }
    back.step = flat.largest_step() / flat.allowed();
    back.cleared = !flat.rig.shared->enter_on_bar.load();
    return back;
}

void after_a_reconnect_the_sound_is_whole_on_the_next_bar_line() {
    for (const double rate : kRates) {
        for (const std::uint32_t size : {1U, 64U, 511U, 4'096U, 16'384U}) {
            for (const int denominator : {4, 8}) {
                Song song(rate, 97.0, 7, denominator);
                const double bar = song.bar_quarters() * 60.0 * rate / 97.0;
                const auto lost = static_cast<std::int64_t>(2.3 * bar);
                const auto end = static_cast<std::int64_t>(4.2 * bar) + 2 * size;
                if (size == 1 && rate > 50'000.0) {
                    continue;
                }
                const Return back = come_back(rate, song, lost - 100, lost, end, size);
                const auto fade = static_cast<std::int64_t>(std::lround(0.01 * rate));
                // the sound is there one block later, but for the writer's slack
                const auto there = static_cast<double>(back.told + size + AudioRing::kSlackFrames + fade);
                const auto line = std::llround(std::ceil(there / bar) * bar);
                CHECK(std::llabs(back.whole - line) <= 1);
                CHECK(back.first_sound >= back.whole - fade && back.first_sound < back.whole - fade / 2);
                CHECK(back.step <= 1.0F && back.cleared);
            }
        }
    }
}

void a_bar_line_without_sound_is_passed_over() {
    Song song(48'000.0, 120.0);
    const Return back = come_back(48'000.0, song, 50'000, 60'000, 400'000, 512, 200'000);
    CHECK(back.whole == 288'000 && back.first_sound >= 288'000 - 480 && back.cleared && back.step <= 1.0F);
}

void sound_that_comes_inside_the_fade_before_a_line_waits_for_the_next() {
    Song song(48'000.0, 120.0);
    const Return back = come_back(48'000.0, song, 50'000, 60'000, 400'000, 64, 96'000 - 300);
    CHECK(back.whole == 192'000 && back.step <= 1.0F);
}

void a_bar_line_whose_sound_ends_soon_is_passed_over() {
    Flat flat(48'000.0, Song(48'000.0, 120.0));
    flat.host.sample = 60'000;
    Engine engine(*flat.rig.audio, constant());
    engine.reach_frames = 100'000;
    flat.block(1);
    flat.block(1);
    flat.rig.shared->enter_on_bar.store(true);
    flat.block(64);
    engine.listen();
    engine.send(96'000 + 200 - 60'000);  // a little more than the line
    flat.heard.clear();
    flat.blocks(700, 64);
    CHECK(flat.count(kDry) == flat.heard.size() && flat.rig.shared->enter_on_bar.load());
}

void a_locate_into_sound_that_is_there_already_is_faded_like_any_cut() {
    Mixer mixer;
    mixer.prepare(48'000.0);
    mixer.set(false, false);
    const std::vector<float> in(2'000, kDry), before(2'000, kWet), after(2'000, -kWet);
    std::vector<float> out(2'000);
    Mixer::Piece piece;
    piece.frames = 2'000;
    piece.ahead = Mixer::kEndless;
    for (const auto* sound : {&before, &after}) {
        for (int channel = 0; channel < 2; ++channel) {
            piece.in[channel] = in.data();
            piece.wet[channel] = sound->data();
            piece.out[channel] = out.data();
        }
        mixer.cut();
        mixer.mix(piece);
    }
    float last = kWet, largest = 0.0F;
    for (const float value : out) {
        largest = std::max(largest, std::abs(value - last));
        last = value;
    }
    CHECK(out.back() == -kWet && largest < 2.0F * 2.0F * kWet * 3.1416F / 2.0F / 480.0F);
}

void a_loop_of_one_bar_is_come_back_into_on_its_wrap() {
    Flat flat(48'000.0, Song(48'000.0, 120.0));
    flat.host.loop(96'000, 192'000);
    flat.host.sample = 100'000;
    Engine engine(*flat.rig.audio, constant());
    engine.reach_frames = 100'000;
    flat.blocks(3, 512);
    flat.rig.shared->enter_on_bar.store(true);
    connect(flat, engine);
    flat.heard.clear();
    const std::int64_t from = flat.host.sample;
    flat.blocks(400, 512);
    const auto first = std::find(flat.heard.begin(), flat.heard.end(), kWet) - flat.heard.begin();
    CHECK(from + first == 192'000);
    CHECK(flat.largest_step() <= flat.allowed());
}

void a_host_without_bars_comes_back_at_once() {
    Rig rig(48'000.0);
    Engine engine(*rig.audio, watermarks());
    HostTime time;
    time.playing = time.has_frame = true;
    for (int blocks = 0; blocks < 4; ++blocks, time.frame += 512) {
        rig.run(time, 512);
        if (blocks == 0) {
            rig.shared->enter_on_bar.store(true);
        }
        engine.listen();
        engine.send();
    }
    CHECK(!rig.shared->enter_on_bar.load() && rig.wet_at(511, 4 * 512 - 1));
}

void a_host_that_counts_its_bar_from_where_it_is_comes_back_on_the_line_too() {
    Rig rig(48'000.0);
    Host host{Song(48'000.0, 120.0, 7, 8)};  // a bar is 84000 frames
    host.playing = true;
    host.sample = 60'000;
    Engine engine(*rig.audio, watermarks());
    std::int64_t whole = 0;
    for (int blocks = 0; blocks < 100 && whole == 0; ++blocks) {
        HostTime time = host.time();
        time.bar_start_ppq -= time.ppq;
        time.ppq = 0.0;
        time.has_ppq = false;
        rig.run(time, 512);
        if (blocks == 0) {
            rig.shared->enter_on_bar.store(true);
        }
        const std::vector<std::int64_t> places = host.pass(512);
        for (std::uint32_t i = 0; i < 512 && whole == 0; ++i) {
            whole = rig.wet_at(i, places[i]) ? places[i] : 0;
        }
        engine.listen();
        engine.send();
    }
    CHECK(std::llabs(whole - 84'000) <= 12);  // a gain of 1 but for rounding is as good
    CHECK(!rig.shared->enter_on_bar.load());
}

void a_host_that_starts_to_play_does_not_wait_for_a_bar_line() {
    Flat flat(48'000.0);
    Engine engine(*flat.rig.audio, constant());
    flat.host.playing = false;
    flat.host.sample = 1'000;
    connect(flat, engine);
    flat.rig.shared->enter_on_bar.store(true);
    flat.blocks(3, 512);
    flat.host.playing = true;
    flat.heard.clear();
    flat.block(512);
    CHECK(flat.count(kWet) == 512 && !flat.rig.shared->enter_on_bar.load());
}

void a_host_that_is_told_to_come_back_while_it_sounds_fades_out_first() {
    Flat flat(48'000.0);
    Engine engine(*flat.rig.audio, constant());
    engine.reach_frames = 100'000;
    connect(flat, engine);
    flat.blocks(20, 512);
    flat.rig.shared->enter_on_bar.store(true);
    flat.blocks(20, 512);
    CHECK(flat.heard.back() == kDry && flat.largest_step() <= flat.allowed());
}

void bar_lines_are_counted_from_the_hosts_own_bar() {
    HostTime time;
    time.has_ppq = time.has_tempo = time.has_signature = time.has_bar_start = true;
    time.bpm = 100.0;
    time.numerator = 7;
    time.denominator = 8;
    time.ppq = 10.0;
    time.bar_start_ppq = 9.25;
    const auto first_from = [&](double ppq, std::int64_t least) {
        Run run;
        run.has_ppq = true;
        run.ppq = ppq;
        return BarLines::of(run, time, 48'000.0).first_from(least);
    };
    CHECK(first_from(10.0, 0) == std::llround((9.25 + 3.5 - 10.0) * 28'800.0));
    CHECK(first_from(9.25, 0) == 0 && first_from(9.25, 1) == 100'800);
    CHECK(first_from(9.0, 0) == 7'200 && first_from(5.75, 0) == 0);
}

}  // namespace

int main() {
    sound_that_comes_late_fades_in_over_ten_milliseconds();
    a_ring_that_runs_dry_has_faded_when_its_sound_ends();
    the_fade_before_the_sounds_end_takes_all_but_the_last_ten_milliseconds();
    a_locate_is_heard_without_a_step();
    a_stop_is_heard_without_a_step_and_is_over_in_ten_milliseconds();
    bypass_fades_both_ways_whatever_the_blocks();
    locates_stops_and_starvation_under_bypass_are_not_heard();
    an_engine_that_hardly_keeps_up_makes_no_step();
    interval_mode_is_entered_and_left_without_a_step();
    after_a_reconnect_the_sound_is_whole_on_the_next_bar_line();
    a_bar_line_without_sound_is_passed_over();
    sound_that_comes_inside_the_fade_before_a_line_waits_for_the_next();
    a_bar_line_whose_sound_ends_soon_is_passed_over();
    a_locate_into_sound_that_is_there_already_is_faded_like_any_cut();
    a_loop_of_one_bar_is_come_back_into_on_its_wrap();
    a_host_without_bars_comes_back_at_once();
    a_host_that_counts_its_bar_from_where_it_is_comes_back_on_the_line_too();
    a_host_that_starts_to_play_does_not_wait_for_a_bar_line();
    a_host_that_is_told_to_come_back_while_it_sounds_fades_out_first();
    bar_lines_are_counted_from_the_hosts_own_bar();
    return check::finish();
}

// What is learned in passing: lanes, notes, the track's sound.
#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

#include "net/automation.hpp"
#include "net/capture.hpp"
#include "net/notes_memory.hpp"
#include "tests/check.hpp"

using namespace anacrusis;

namespace {

constexpr double kRate = 48'000.0;
constexpr std::int64_t kFrame = 1'920;  // samples of a curve frame
constexpr int kDenoise = index_of(Control::denoise);
constexpr double kDefault = 0.6;

using Curve = std::function<double(std::int64_t)>;  // a value by sample

/// A host's audio thread: runs, and behind each the curves of the run before it.
class Knob {
public:
    explicit Knob(Automation& automation) : automation_(automation) {}

    void play(const Curve& curve, std::int64_t from, std::int64_t to, std::uint32_t block = 512,
              bool offline = false) {
        ++epoch_;
        told_ = -1.0F;
        RunRecord run{};
        for (std::int64_t at = from; at < to; at += block) {
            run.epoch = epoch_, run.sample = at, run.frames = block, run.playing = true,
                run.offline = offline;
            run.at_ns = ++now_;
            automation_.run(run);
            if (at == from) tell(at / kFrame, static_cast<float>(curve(at)));
            if (at > from) interpolate(curve, at - block, block);
        }
        run.playing = false, run.sample = to;
        for (int i = 0; i < 3; ++i) {
            run.at_ns = ++now_;
            automation_.run(run);
            if (i == 0) interpolate(curve, to - block, block);
            tell(to / kFrame, static_cast<float>(curve(to)));
        }
    }

    void stand(double value, std::int64_t sample, bool arrives) {
        if (arrives) ++epoch_;
        RunRecord run{};
        run.epoch = epoch_, run.sample = sample, run.frames = 512, run.at_ns = ++now_;
        automation_.run(run);
        tell(sample / kFrame, static_cast<float>(value));
    }

private:
    void interpolate(const Curve& curve, std::int64_t start, std::int64_t frames) {
        for (std::int64_t k = (start + kFrame - 1) / kFrame; k * kFrame < start + frames; ++k) {
            const double share = static_cast<double>(k * kFrame - start) / static_cast<double>(frames);
            tell(k, static_cast<float>((1.0 - share) * curve(start) + share * curve(start + frames)));
        }
    }
    void tell(std::int64_t frame, float value) {
        if (value == told_) return;
        told_ = value;
        automation_.curve({static_cast<std::uint16_t>(kDenoise), epoch_, frame, value});
    }

    Automation& automation_;
    std::uint32_t epoch_ = 0;
    float told_ = -1.0F;
    std::int64_t now_ = 1'000'000;
};

/// The engine's lane, made of what is sent to it (bridge_protocol.lanes.SampledLane.replaced, onwards).
class EngineLane {
public:
    void take(LaneMemory& memory) {
        if (memory.dirty_from() == LaneMemory::kClean) return;
        for (const auto& piece : memory.pieces_from(memory.dirty_from())) {
            frames_.erase(frames_.lower_bound(piece.first), frames_.end());
            for (std::size_t i = 0; i < piece.values.size(); ++i) {
                frames_[piece.first + static_cast<std::int64_t>(i)] = piece.values[i];
            }
        }
        memory.clear_dirty();
    }
    const std::map<std::int64_t, double>& frames() const { return frames_; }

private:
    std::map<std::int64_t, double> frames_;
};

double ramp(std::int64_t sample) {
    const double seconds = static_cast<double>(sample) / kRate;
    return seconds < 2.0 ? 0.2 : seconds < 4.0 ? 0.2 + 0.3 * (seconds - 2.0) : 0.8;
}

void check_is_known(const LaneMemory& memory, const Curve& curve, std::int64_t from, std::int64_t to,
                    double off) {
    for (std::int64_t frame = from; frame < to; ++frame) {
        CHECK_NEAR(memory.value_at(frame), curve(frame * kFrame), off);
    }
}

void automation_is_known_after_one_pass() {
    for (const std::uint32_t block : {64U, 511U, 512U, 2'048U, 16'384U}) {
        Automation automation(kRate);
        Knob knob(automation);
        knob.play(ramp, 0, 480'000, block);
        check_is_known(automation.memory(kDenoise), ramp, 0, 250, block > 2'048 ? 0.06 : 0.011);
        const std::uint64_t corrections = automation.corrections();
        automation.memory(kDenoise).clear_dirty();
        knob.play(ramp, 0, 480'000, block);
        CHECK(automation.corrections() == corrections);  // nothing to learn on the second pass
        CHECK(automation.memory(kDenoise).dirty_from() == LaneMemory::kClean);
    }
}

void blocks_that_lie_differently_do_not_forget_what_comes_later() {
    Automation automation(kRate);
    Knob knob(automation);
    const Curve steps = [](std::int64_t sample) {
        return sample < 100'000 ? 0.2 : sample < 300'000 ? 0.9 : 0.4;
    };
    knob.play(steps, 0, 480'000, 1'024);
    knob.play(steps, 333, 150'000, 1'024);  // and not to the end
    CHECK_NEAR(automation.memory(kDenoise).value_at(100), 0.9, 1e-3);
    CHECK_NEAR(automation.memory(kDenoise).value_at(200), 0.4, 1e-3);
}

void a_knob_turned_by_hand_is_not_undone_by_what_was_known() {
    Automation automation(kRate);
    Knob knob(automation);
    knob.play(ramp, 0, 480'000);
    knob.play([](std::int64_t sample) { return sample < 50'000 ? 0.2 : 0.55; }, 0, 60'000);
    check_is_known(automation.memory(kDenoise), [](std::int64_t) { return 0.55; }, 30, 250, 1e-6);
}

void a_knob_that_never_moved_holds_for_the_whole_song() {
    Automation automation(kRate);
    Knob knob(automation);
    const LaneMemory& memory = automation.memory(kDenoise);
    knob.stand(0.6, 0, true);
    CHECK(memory.empty());
    knob.stand(0.3, 96'000, true);
    CHECK(memory.is_constant() && memory.value_at(0) == 0.3 && memory.value_at(1000) == 0.3);
    knob.stand(0.4, 960'000, false);
    CHECK(memory.is_constant() && memory.value_at(0) == 0.4);
    knob.play([](std::int64_t) { return 0.5; }, 480'000, 500'000);
    CHECK(memory.is_constant() && memory.value_at(0) == 0.5);
}

void a_default_that_was_passed_is_remembered_when_the_knob_moves() {
    Automation automation(kRate);
    Knob knob(automation);
    const Curve late = [](std::int64_t sample) { return sample < 240'000 ? kDefault : 0.9; };
    knob.play(late, 0, 480'000);
    check_is_known(automation.memory(kDenoise), late, 0, 124, 1e-6);
    check_is_known(automation.memory(kDenoise), late, 126, 250, 1e-6);
}

void a_place_that_the_host_comes_to_forgets_nothing() {
    Automation automation(kRate);
    Knob knob(automation);
    knob.play(ramp, 0, 480'000);
    knob.stand(0.123, 96'000, true);
    check_is_known(automation.memory(kDenoise), ramp, 0, 250, 0.011);
    knob.stand(0.456, 96'000, false);  // but here it was turned
    CHECK_NEAR(automation.memory(kDenoise).value_at(200), 0.456, 1e-6);
    CHECK_NEAR(automation.memory(kDenoise).value_at(20), 0.2, 1e-6);
}

void a_bounce_begins_with_the_knob_as_it_stands() {
    Automation automation(kRate);
    Knob knob(automation);
    knob.play([](std::int64_t sample) { return sample < 50'000 ? 0.2 : 0.7; }, 0, 100'000);
    RunRecord run{};
    run.epoch = 99, run.frames = 512, run.playing = run.offline = true;
    automation.run(run);
    automation.curve({static_cast<std::uint16_t>(kDenoise), 99, 0, 0.7F});
    CHECK(automation.memory(kDenoise).is_constant() && automation.memory(kDenoise).value_at(0) == 0.7);
}

void a_stop_between_two_frames_is_no_hand() {
    Automation automation(kRate);
    Knob knob(automation);
    const Curve steep = [](std::int64_t sample) { return static_cast<double>(sample) / 500'000.0; };
    knob.play(steep, 0, 401'000);
    const auto known = automation.memory(kDenoise).frames();
    const std::uint64_t corrections = automation.corrections();
    knob.play(steep, 0, 401'000);
    CHECK(automation.memory(kDenoise).frames() == known && automation.corrections() == corrections);
}

void the_engine_has_the_lane_after_every_message() {
    Automation automation(kRate);
    EngineLane engine;
    Knob knob(automation);
    const std::vector<Curve> curves{ramp,
            [](std::int64_t s) { return 0.5 + 0.4 * std::sin(static_cast<double>(s) / 30'000.0); },
                                    [](std::int64_t s) { return s < 200'000 ? 0.1 : 0.9; }, ramp};
    std::int64_t at = 0;
    for (int pass = 0; pass < 12; ++pass) {
        const std::int64_t from = (at * 7'919) % 300'000;
        knob.play(curves[static_cast<std::size_t>(pass) % curves.size()], from, from + 150'000,
                  300 + 97U * static_cast<unsigned>(pass));
        engine.take(automation.memory(kDenoise));
        CHECK(engine.frames() == automation.memory(kDenoise).frames());
        at += 31;
    }
    CHECK(engine.frames().size() > 10);
}

void values_that_take_no_lane_are_told_as_they_are() {
    Automation automation(kRate);
    const int feedback = index_of(Control::feedback);
    CHECK(Automation::is_single(feedback) && !Automation::is_lane(feedback) && Automation::is_lane(kDenoise));
    CHECK(!Automation::is_single(index_of(Control::mode)));
    CHECK(!automation.value(feedback));
    RunRecord run{};
    run.epoch = 1, run.frames = 512, run.playing = true;
    automation.run(run);
    automation.curve({static_cast<std::uint16_t>(feedback), 1, 0, 0.25F});
    CHECK(automation.value(feedback) == 0.25F);
}

// ---------------------------------------------------------------- notes

RunRecord run_at(std::int64_t sample, std::uint32_t frames, std::uint32_t epoch) {
    RunRecord run{};
    run.epoch = epoch, run.sample = sample, run.frames = frames, run.playing = true;
    run.at_ns = (static_cast<std::int64_t>(epoch) << 32) + sample;
    return run;
}

struct Played {
    std::int64_t on, off;
    std::uint8_t pitch;
};

void play_notes(NotesMemory& memory, const std::vector<Played>& notes, std::int64_t from, std::int64_t to,
                std::uint32_t epoch) {
    for (std::int64_t at = from; at < to; at += 512) {
        memory.run(run_at(at, 512, epoch));
        for (const Played& note : notes) {
            const auto in = [&](std::int64_t when) { return when >= at && when < at + 512; };
            if (in(note.on)) memory.midi({note.on, {0x90, note.pitch, 90}, 3});
            if (in(note.off)) memory.midi({note.off, {0x80, note.pitch, 0}, 3});
        }
    }
    RunRecord stop = run_at(to, 512, epoch);
    stop.playing = false;
    memory.run(stop);
    memory.settle();
}

void notes_are_known_after_one_pass_and_replaced_by_another() {
    NotesMemory memory(kRate);
    const std::vector<Played> first{{1'000, 20'000, 60}, {48'000, 60'000, 64}, {70'000, 90'000, 67}};
    play_notes(memory, first, 0, 102'400, 1);
    CHECK(memory.notes().size() == 3);
    CHECK(memory.notes()[0].sample == 1'000 && memory.notes()[0].length == 19'000);
    CHECK(memory.notes()[0].velocity == 90 && memory.notes()[0].channel == 1);
    const std::uint64_t revision = memory.revision();
    play_notes(memory, first, 0, 102'400, 2);
    CHECK(memory.revision() == revision);
    play_notes(memory, {{50'000, 55'000, 65}}, 40'960, 65'536, 3);
    const auto notes = memory.notes();
    CHECK(notes.size() == 3 && notes[1].pitch == 65 && notes[2].pitch == 67);
    CHECK(memory.revision() > revision);
}

void a_note_cut_by_a_stop_keeps_the_length_it_had() {
    NotesMemory memory(kRate);
    play_notes(memory, {{1'000, 80'000, 60}}, 0, 102'400, 1);
    play_notes(memory, {{1'000, 80'000, 60}}, 0, 20'480, 2);
    CHECK(memory.notes().size() == 1 && memory.notes()[0].length == 79'000);
    play_notes(memory, {}, 0, 20'480, 3);
    CHECK(memory.empty());
}

void what_is_no_note_is_left() {
    NotesMemory memory(kRate);
    memory.midi({10, {0x90, 60, 90}, 3});  // before any run
    memory.run(run_at(0, 512, 1));
    for (const unsigned status : {0xB0U, 0xE0U, 0xF8U, 0x00U}) {
        memory.midi({5, {static_cast<std::uint8_t>(status), 60, 90}, 3});
    }
    memory.midi({5, {0x90, 60, 90}, 2});
    memory.midi({-5, {0x90, 60, 90}, 3});
    memory.settle();
    CHECK(memory.empty());
}

// ---------------------------------------------------------------- sound

std::vector<float> sound(std::int64_t frames, float level, std::int64_t phase = 0) {
    std::vector<float> audio;
    for (std::int64_t i = 0; i < frames; ++i) {
        const float value = level * std::sin(static_cast<float>(i + phase) / 50.0F);
        audio.insert(audio.end(), {value, -value});
    }
    return audio;
}

void sound_is_read_as_it_was_played() {
    Capture capture(10'000'000);
    const std::int64_t frames = 3 * Capture::kChunkFrames + 17;
    const std::vector<float> played = sound(frames, 0.5F);
    for (std::int64_t at = 0; at < frames; at += 700) {
        capture.write(1'000 + at, played.data() + 2 * at, std::min<std::int64_t>(700, frames - at));
    }
    CHECK(capture.newest().start == 1'000 && capture.newest().end == 1'000 + frames);
    CHECK(capture.sounds(capture.newest()));
    std::vector<float> read(static_cast<std::size_t>(2 * (frames + 20)), 9.0F);
    capture.read(990, frames + 20, read.data());
    CHECK(std::equal(played.begin(), played.end(), read.begin() + 20));
    CHECK(std::all_of(read.begin(), read.begin() + 20, [](float v) { return v == 0.0F; }));
    CHECK(std::all_of(read.end() - 20, read.end(), [](float v) { return v == 0.0F; }));
}

void the_same_again_changes_nothing() {
    Capture capture(10'000'000);
    capture.write(0, sound(100'000, 0.5F).data(), 100'000);
    const std::uint64_t revision = capture.revision();
    capture.write(1'000, sound(50'000, 0.5F, 1'000).data(), 50'000);
    CHECK(capture.revision() == revision);
    capture.write(1'000, sound(50'000, 0.500001F, 1'000).data(), 50'000);  // less than a 16-bit step
    CHECK(capture.revision() == revision);
    std::vector<float> read(200);
    capture.read(1'000, 100, read.data());
    CHECK(read == std::vector<float>(sound(100, 0.5F, 1'000)));
    capture.write(1'000, sound(50'000, 0.6F, 1'000).data(), 50'000);
    CHECK(capture.revision() > revision);
}

void silence_is_no_sound_and_no_change() {
    Capture capture(10'000'000);
    const std::vector<float> silence(20'000, 0.0F);
    capture.write(0, silence.data(), 10'000);
    CHECK(!capture.sounds(capture.newest()) && capture.revision() == 0);
    CHECK(capture.newest().frames() == 10'000);
    std::vector<float> broken(20, std::nanf(""));
    capture.write(0, broken.data(), 10);
    CHECK(capture.revision() == 0);
}

void only_what_hangs_together_is_taken() {
    Capture capture(10'000'000);
    capture.write(0, sound(1'000, 0.5F).data(), 1'000);
    capture.write(5'000, sound(1'000, 0.5F).data(), 1'000);
    CHECK(capture.newest().start == 5'000);
    capture.write(1'000, sound(4'000, 0.5F).data(), 4'000);
    CHECK(capture.newest().start == 0 && capture.newest().end == 6'000);
    capture.write(-500, sound(600, 0.25F).data(), 600);
    CHECK(capture.newest().start == 0);
    std::vector<float> read(2);
    capture.read(0, 1, read.data());
    CHECK(read[0] == sound(501, 0.25F)[1'000]);
}

void what_is_too_long_loses_its_far_end() {
    const std::int64_t most = 4 * Capture::kChunkFrames;
    Capture capture(most);
    const std::vector<float> piece = sound(8'192, 0.5F);
    for (std::int64_t at = 0; at < 3 * most; at += 8'192) capture.write(at, piece.data(), 8'192);
    CHECK(capture.newest().frames() <= most);
    CHECK(capture.newest().end == 3 * most);
    CHECK(capture.newest().frames() >= most - Capture::kChunkFrames);
}

}  // namespace

int main() {
    automation_is_known_after_one_pass();
    blocks_that_lie_differently_do_not_forget_what_comes_later();
    a_knob_turned_by_hand_is_not_undone_by_what_was_known();
    a_knob_that_never_moved_holds_for_the_whole_song();
    a_default_that_was_passed_is_remembered_when_the_knob_moves();
    a_place_that_the_host_comes_to_forgets_nothing();
    a_bounce_begins_with_the_knob_as_it_stands();
    a_stop_between_two_frames_is_no_hand();
    the_engine_has_the_lane_after_every_message();
    values_that_take_no_lane_are_told_as_they_are();
    notes_are_known_after_one_pass_and_replaced_by_another();
    a_note_cut_by_a_stop_keeps_the_length_it_had();
    what_is_no_note_is_left();
    sound_is_read_as_it_was_played();
    the_same_again_changes_nothing();
    silence_is_no_sound_and_no_change();
    only_what_hangs_together_is_taken();
    what_is_too_long_loses_its_far_end();
    return check::finish();
}

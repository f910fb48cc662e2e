// What the engine is told of the song, and of the host's place: in order, once, no more often than it may be.
#include "net/live_stream.hpp"
#include "net/song_telling.hpp"
#include "net/source_keeper.hpp"
#include "tests/check.hpp"
#include "tests/net_support.hpp"

using namespace net_support;

namespace {

constexpr auto kDenoise = static_cast<std::uint16_t>(index_of(Control::denoise));
constexpr auto kFeedback = static_cast<std::uint16_t>(index_of(Control::feedback));
constexpr auto kSolver = static_cast<std::uint16_t>(index_of(Control::solver));

struct Telling {
    Telling() {
        set_defaults(shared);
        engine.reach(true);
        song.prepare(kRate);
        telling.begin_session();
    }

    void step(std::int64_t ns = 0, bool playing = true) {
        clock.advance(ns);
        telling.step(clock.now_ns(), playing);
    }
    void stand(std::uint16_t control, float value) {
        RunRecord run = standing_at(0);
        run.at_ns = ++at_;
        song.automation.run(run);
        song.automation.curve({control, 1, 0, value});
    }

    HandClock clock;
    ScriptedEngine engine;
    Requests requests{engine, clock};
    Shared shared;
    Song song;
    SongTelling telling{song, requests, shared};
    Answers answers{engine, requests};
    std::int64_t at_ = kSecond;
};

void a_new_song_is_told_by_silence() {
    Telling bench;
    for (std::uint16_t control = 0; control < kControlCount; ++control) {
        bench.stand(control, kControls[control].default_value);
    }
    bench.step();
    CHECK(bench.engine.sent.empty() && bench.telling.settled());
}

void words_are_told_once_and_when_they_change() {
    Telling bench;
    bench.song.settings.prompt = "jazz";
    bench.song.settings.negative = "noise";
    bench.song.settings.seed = 7;
    bench.step();
    bench.step(kSecond);
    CHECK(bench.engine.count<protocol::Prompt>() == 2 && bench.engine.count<protocol::Param>() == 1);
    CHECK(bench.engine.all<protocol::Prompt>()[0].text == "jazz" &&
          bench.engine.all<protocol::Prompt>()[1].slot == protocol::PromptSlot::negative);
    CHECK(bench.engine.last<protocol::Param>().parameter == "seed" &&
          std::get<double>(bench.engine.last<protocol::Param>().value) == 7.0);
    bench.song.settings.prompt.clear();
    bench.song.settings.seed = 0;
    bench.step();
    CHECK(bench.engine.last<protocol::Prompt>().text.empty() && bench.engine.count<protocol::Prompt>() == 3);
    CHECK(std::get<double>(bench.engine.last<protocol::Param>().value) == 0.0);
    bench.telling.begin_session();
    bench.song.settings.prompt = "funk";
    bench.step();
    CHECK(bench.engine.count<protocol::Prompt>() == 5);  // all anew
}

void loras_are_told_by_their_places() {
    Telling bench;
    bench.song.settings.loras = {"", "city-pop", "", ""};
    bench.step();
    bench.step(kSecond);
    CHECK(bench.engine.count<protocol::LoraUse>() == 1);
    CHECK(bench.engine.last<protocol::LoraUse>().place == 2 &&
          bench.engine.last<protocol::LoraUse>().name == "city-pop");
    bench.song.settings.loras = {"voice", "", "", ""};
    bench.step();
    const auto told = bench.engine.all<protocol::LoraUse>();
    CHECK(told.size() == 3 && told[1].place == 1 && told[1].name == "voice" && told[2].place == 2 &&
          told[2].name.empty());
    bench.telling.begin_session();
    bench.step();
    CHECK(bench.engine.count<protocol::LoraUse>() == 4);  // of those there are, anew
}

void knobs_are_told_at_most_every_40_ms_and_the_last_counts() {
    Telling bench;
    for (int i = 1; i <= 100; ++i) {
        bench.stand(kFeedback, static_cast<float>(i) / 100.0F);
        bench.step(kMs);
    }
    bench.step(100 * kMs);
    const auto told = bench.engine.all<protocol::Param>();
    CHECK(told.size() >= 3 && told.size() <= 4);
    CHECK(std::get<double>(told.back().value) == 1.0);
    for (const auto& param : told) {
        CHECK(param.parameter == "feedback" && param.when.kind == protocol::WhenKind::now);
    }
    bench.stand(kSolver, 1.0F);
    set(bench.shared, Control::quantise, 2.0F);
    bench.step(100 * kMs);
    CHECK(std::get<std::string>(bench.engine.last<protocol::Param>().value) == "sde");
    CHECK(bench.engine.last<protocol::Param>().when.kind == protocol::WhenKind::next_bar);
}

void lanes_go_out_from_where_they_changed() {
    Telling bench;
    set(bench.shared, Control::quantise, 1.0F);
    LaneMemory& memory = bench.song.automation.memory(kDenoise);
    for (int i = 0; i < 100; ++i) memory.follow(i, 0.2 + 0.001 * i, static_cast<std::uint64_t>(i), false);
    bench.step();
    auto lanes = bench.engine.all<protocol::LaneMessage>();
    CHECK(lanes.size() == 1 && lanes[0].start == 0.0 && lanes[0].values.size() == 100 &&
          lanes[0].count == 100);
    CHECK(lanes[0].onwards && lanes[0].rate == 25.0 && lanes[0].parameter == "denoise");
    CHECK(lanes[0].when.kind == protocol::WhenKind::next_beat);
    memory.follow(500, 0.9, 1'000, false);  // after a gap
    bench.step(100 * kMs);
    lanes = bench.engine.all<protocol::LaneMessage>();
    CHECK(lanes.size() == 2 && lanes[1].start == 499.0 / 25.0 && lanes[1].values.size() == 2);
    CHECK(lanes[1].revision > lanes[0].revision);
    bench.telling.begin_session();
    bench.step(100 * kMs);
    CHECK(bench.engine.count<protocol::LaneMessage>() == 4);  // two stretches, anew
    memory.clear();
    bench.song.lanes_replaced = true;
    bench.step(100 * kMs);
    CHECK(bench.engine.count<protocol::LaneClear>() == 1 && bench.telling.settled());
}

void a_hand_rules_until_its_lane_is_told() {
    Telling bench;
    bench.stand(kDenoise, 0.3F);
    bench.step();
    CHECK(bench.engine.count<protocol::LaneMessage>() == 1);
    bench.song.automation.gesture({kDenoise, true});
    bench.telling.gesture({kDenoise, true});
    bench.step();
    CHECK(bench.engine.count<protocol::Gesture>() == 1 && bench.engine.last<protocol::Gesture>().touched);
    CHECK(bench.engine.count<protocol::Param>() == 0);  // it has not moved yet
    bench.stand(kDenoise, 0.4F);
    bench.step(50 * kMs);
    bench.stand(kDenoise, 0.5F);
    bench.step(50 * kMs);
    CHECK(bench.engine.count<protocol::Param>() == 2 && bench.engine.count<protocol::LaneMessage>() == 1);
    CHECK(std::get<double>(bench.engine.last<protocol::Param>().value) == 0.5);
    bench.song.automation.gesture({kDenoise, false});
    bench.telling.gesture({kDenoise, false});
    bench.step();
    const std::size_t size = bench.engine.sent.size();
    CHECK(std::holds_alternative<protocol::LaneMessage>(bench.engine.sent[size - 2].message));
    CHECK(bench.engine.last<protocol::LaneMessage>().values.back() == 0.5);
    CHECK(!std::get<protocol::Gesture>(bench.engine.sent[size - 1].message).touched);
    CHECK(bench.telling.settled());
}

void maps_are_told_at_most_twice_a_second_while_the_host_plays() {
    Telling bench;
    bench.song.timeline.observe(run_at(0));
    bench.step();
    CHECK(bench.engine.count<protocol::TempoMapMessage>() == 1 && bench.telling.map_edits() == 0);
    for (int i = 1; i <= 100; ++i) {
        RunRecord run = run_at(i * 512);
        run.bpm = 120.0 + i;
        run.has_ppq = run.has_bar_start = false;
        bench.song.timeline.observe(run);
        bench.step(11 * kMs);
    }
    CHECK(bench.telling.map_edits() >= 2 && bench.telling.map_edits() <= 3);
    bench.step(500 * kMs);
    CHECK(bench.telling.settled());
    const auto map = bench.engine.last<protocol::TempoMapMessage>();
    CHECK(map.tempo.size() == bench.song.timeline.tempo().size() && map.tempo.back().bpm_start == 220.0);
    CHECK(map.meter.size() == 1 && map.meter[0].bar == 1 && !map.meter[0].ppq);
}

void notes_are_told_when_there_are_some_and_taken_back() {
    Telling bench;
    bench.step(kSecond);
    bench.song.notes.restore({});
    bench.step(kSecond);
    CHECK(bench.engine.count<protocol::Notes>() == 0);
    bench.song.notes.restore({{24'000, 12'000, 60, 90, 10}});
    bench.step(kSecond);
    const auto notes = bench.engine.last<protocol::Notes>();
    CHECK(notes.notes.size() == 1 && notes.notes[0].ppq == 1.0 && notes.notes[0].length_ppq == 0.5 &&
          notes.notes[0].channel == 10);
    CHECK(!notes.clear);
    bench.song.notes.restore({});
    bench.step(kSecond);
    CHECK(bench.engine.count<protocol::Notes>() == 2 && bench.engine.last<protocol::Notes>().clear);
}

void what_is_refused_is_told_until_it_is_taken() {
    Telling bench;
    bench.song.settings.negative = "noise";
    bench.step();
    bench.answers.answer([](const protocol::ClientMessage&) { return error_to(0, "CANNOT_HEAR",
        "This model hears no negative prompt."); });
    CHECK(bench.song.details.text() == "negative: This model hears no negative prompt.");
    bench.song.settings.negative.clear();
    bench.step();
    bench.answers.answer();
    CHECK(bench.song.details.text().empty());
}

// ---------------------------------------------------------------- the live stream

struct Live {
    Live() {
        engine.reach(true);
        ring.place(1);
    }
    void step(std::int64_t ns = 0, bool wanted = true, SampleRange wet = kWholeSong) {
        clock.advance(ns);
        live.step(clock.now_ns(), wanted, shape, wet);
        answers.answer(refuse);
    }
    void play(std::int64_t from, std::int64_t to, SampleRange wet = kWholeSong) {
        for (std::int64_t at = from; at < to; at += 512) {
            live.run(run_at(at));
            step(512 * kSecond / static_cast<std::int64_t>(kRate), true, wet);
        }
    }

    HandClock clock;
    ScriptedEngine engine;
    Requests requests{engine, clock};
    Song song;
    Ring ring;
    LiveStream live{song, requests, ring.ring};
    LiveStream::Shape shape{0, 750};
    Answers answers{engine, requests};
    Answers::Refuse refuse;
};

void a_stream_is_opened_before_anything_is_told_of_it() {
    Live bench;
    bench.step();
    CHECK(bench.engine.sent.empty());  // where the host is isn't known
    bench.live.run(standing_at(96'000));
    bench.step();
    CHECK(bench.engine.sent.size() == 1 && bench.engine.last<protocol::OpenStream>().window_bars == 4);
    CHECK(bench.engine.last<protocol::OpenStream>().buffer_frames == 36'000);
    bench.step();
    CHECK(bench.engine.sent.size() == 3 &&
          std::holds_alternative<protocol::Transport>(bench.engine.sent[1].message));
    const auto transport = bench.engine.last<protocol::Transport>();
    CHECK(transport.epoch == 1 && transport.sample == 96'000 && transport.address == 96'000 &&
          !transport.playing);
    CHECK(transport.ppq == 4.0 && transport.bpm == 120.0 && transport.numerator == 4);
    CHECK(bench.engine.last<protocol::Credit>().frames == 96'000 + 36'000);
}

void a_playing_host_is_told_ten_times_a_second_and_granted_in_steps() {
    Live bench;
    bench.play(0, 2'048);
    const std::size_t transports = bench.engine.count<protocol::Transport>(),
        credits = bench.engine.count<protocol::Credit>();
    bench.play(2'048, 2'048 + 48'000);
    CHECK(bench.engine.count<protocol::Transport>() - transports >= 9 &&
          bench.engine.count<protocol::Transport>() - transports <= 10);
    CHECK(bench.engine.count<protocol::Credit>() - credits >= 90 &&
          bench.engine.count<protocol::Credit>() - credits <= 100);
    std::int64_t before = 0;
    for (const auto& credit : bench.engine.all<protocol::Credit>()) {
        CHECK(credit.frames > before && credit.stream == 1 && credit.epoch == 1);
        before = credit.frames;
    }
    CHECK(bench.engine.last<protocol::Transport>().at > 0);
}

void what_changes_is_told_at_once() {
    Live bench;
    bench.play(0, 2'048);
    std::size_t told = bench.engine.count<protocol::Transport>();
    const auto tells = [&](const RunRecord& run) {
        bench.live.run(run);
        bench.step(kMs);
        const bool more = bench.engine.count<protocol::Transport>() == told + 1;
        told = bench.engine.count<protocol::Transport>();
        return more;
    };
    CHECK(!tells(run_at(2'048)));
    CHECK(tells(standing_at(2'560)));
    RunRecord looped = standing_at(2'560);
    looped.looping = true, looped.loop_start = 0, looped.loop_end = 96'000, looped.loop_start_ppq = 0.0,
        looped.loop_end_ppq = 4.0;
    CHECK(tells(looped));
    CHECK(bench.engine.last<protocol::Transport>().looping &&
          bench.engine.last<protocol::Transport>().loop_end_ppq == 4.0);
    bench.ring.place(2);
    RunRecord located = run_at(480'000, 512, 2);
    located.address = 0, located.left = 2'560, located.new_epoch = true;
    CHECK(tells(located));
    CHECK(bench.engine.last<protocol::Transport>().left == 2'560 &&
          bench.engine.last<protocol::Transport>().epoch == 2);
    RunRecord next = run_at(480'512, 512, 2);
    next.address = 512;
    CHECK(!tells(next));
    RunRecord tiny = next;
    tiny.looping = true, tiny.loop_start = 480'000, tiny.loop_end = 480'100;
    CHECK(tells(tiny) && !bench.engine.last<protocol::Transport>().looping);  // it takes none so short
}

void gaps_are_told_with_the_next_report() {
    Live bench;
    bench.play(0, 2'048);
    RunRecord gap = run_at(2'048);
    gap.gap_start = 2'100, gap.gap_end = 2'200;
    bench.live.run(gap);
    gap = run_at(2'560);
    gap.gap_start = 2'560, gap.gap_end = 3'072;
    bench.live.run(gap);
    bench.step(200 * kMs);
    CHECK(bench.engine.last<protocol::Transport>().gap_start == 2'100 &&
          bench.engine.last<protocol::Transport>().gap_end == 3'072);
    bench.live.run(run_at(3'072));
    bench.step(200 * kMs);
    CHECK(!bench.engine.last<protocol::Transport>().gap_start);
}

void nothing_is_asked_for_beyond_what_has_sound() {
    Live bench;
    const SampleRange wet{0, 40'000};
    bench.play(0, 48'000, wet);
    CHECK(bench.engine.last<protocol::Credit>().frames == 40'000);
}

void the_old_place_is_not_told_after_another_map() {
    Live bench;
    bench.play(0, 2'048);
    const std::size_t told = bench.engine.count<protocol::Transport>();
    bench.live.map_edited(bench.clock.now_ns());
    bench.live.run(run_at(2'048));
    bench.step(150 * kMs);
    CHECK(bench.engine.count<protocol::Transport>() == told);
    bench.ring.place(2, 2'560);
    RunRecord renewed = run_at(2'560, 512, 2);
    renewed.address = 0;
    bench.live.run(renewed);
    bench.step(kMs);
    CHECK(bench.engine.count<protocol::Transport>() == told + 1);
}

void another_shape_is_another_stream() {
    Live bench;
    bench.play(0, 2'048);
    CHECK(bench.live.open() && bench.live.suits(0) && !bench.live.suits(2));
    bench.shape = {2, 750};
    bench.step();
    CHECK(bench.engine.count<protocol::CloseStream>() == 1 && bench.live.suits(2));
    bench.step();
    bench.step();
    CHECK(bench.live.open() && bench.engine.last<protocol::OpenStream>().window_bars == 1);
    bench.step(0, false);
    bench.step(0, false);
    CHECK(bench.live.closed() && bench.engine.count<protocol::CloseStream>() == 2);
}

void a_stream_that_is_refused_is_asked_for_once() {
    Live bench;
    bench.refuse = [](const protocol::ClientMessage&) { return error_to(0, "LIMIT", "too many"); };
    bench.play(0, 20'480);
    CHECK(bench.engine.count<protocol::OpenStream>() == 1 &&
          bench.song.details.text().find("too many") != std::string::npos);
    bench.refuse = {};
    bench.live.begin_session();
    bench.play(20'480, 30'720);
    CHECK(bench.live.open());
}

void sound_is_put_where_it_belongs() {
    Live bench;
    bench.play(0, 2'048);
    protocol::Audio audio;
    audio.stream = 1, audio.epoch = 1, audio.channels = 2, audio.format = protocol::PayloadFormat::f32;
    audio.address = audio.sample = 4'000, audio.frames = 100;
    bench.live.take(audio, marked(4'000, 100), 5);
    CHECK(bench.ring.read(1, 4'000, 4'000, 100) == marked(4'000, 100) && bench.live.late_ns() == 0);
    audio.late = true, audio.address = audio.sample = 5'000;
    bench.live.take(audio, marked(5'000, 99), 6);  // not as long as it says
    CHECK(bench.live.late_ns() == 0 && bench.ring.read(1, 5'000, 5'000, 99).empty());
    bench.live.take(audio, marked(5'000, 100), 6);
    CHECK(bench.live.late_ns() == 6);
    audio.address = audio.sample = 6'000, audio.epoch = 7;
    bench.live.take(audio, marked(6'000, 100), 7);
    CHECK(bench.ring.read(1, 6'000, 6'000, 100).empty());
}

}  // namespace

int main() {
    a_new_song_is_told_by_silence();
    words_are_told_once_and_when_they_change();
    loras_are_told_by_their_places();
    knobs_are_told_at_most_every_40_ms_and_the_last_counts();
    lanes_go_out_from_where_they_changed();
    a_hand_rules_until_its_lane_is_told();
    maps_are_told_at_most_twice_a_second_while_the_host_plays();
    notes_are_told_when_there_are_some_and_taken_back();
    what_is_refused_is_told_until_it_is_taken();
    a_stream_is_opened_before_anything_is_told_of_it();
    a_playing_host_is_told_ten_times_a_second_and_granted_in_steps();
    what_changes_is_told_at_once();
    gaps_are_told_with_the_next_report();
    nothing_is_asked_for_beyond_what_has_sound();
    the_old_place_is_not_told_after_another_map();
    another_shape_is_another_stream();
    a_stream_that_is_refused_is_asked_for_once();
    sound_is_put_where_it_belongs();
    return check::finish();
}

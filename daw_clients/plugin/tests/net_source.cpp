// The track's sound on its way: from the capture to disk, to the engine, and back from disk.
#include <cstring>
#include <fstream>

#include "net/source_cache.hpp"
#include "net/source_keeper.hpp"
#include "tests/check.hpp"
#include "tests/net_support.hpp"

using namespace net_support;

namespace {

constexpr std::int64_t kBar = 96'000;

struct Bench {
    explicit Bench(std::string folder) : keeper(song, requests, std::move(folder)) {
        engine.reach(true);
        song.prepare(kRate);
        song.timeline.observe(run_at(0));
        keeper.begin_session(60'000'000);
    }
    void capture(std::int64_t start, std::int64_t frames) {
        song.capture.write(start, marked(start, frames).data(), frames);
    }
    void work() {
        while (keeper.work()) continue;
    }
    /// Tells until nothing more is said; returns the most requests that were open at once.
    std::size_t tell(int live_bars = 0, const Answers::Refuse& refuse = {}) {
        std::size_t most = 0;
        for (int i = 0; i < 100; ++i) {
            keeper.tell(live_bars);
            most = std::max(most, requests.outstanding());
            answers.answer(refuse);
        }
        return most;
    }

    HandClock clock;
    ScriptedEngine engine;
    Requests requests{engine, clock};
    Song song;
    SourceKeeper keeper;
    Answers answers{engine, requests};
};

std::string hash_of(std::int64_t start, std::int64_t silence, std::int64_t frames) {
    std::vector<float> audio(static_cast<std::size_t>(2 * silence), 0.0F);
    const std::vector<float> sound = marked(start + silence, frames);
    audio.insert(audio.end(), sound.begin(), sound.end());
    Sha256 hash;
    hash.add(audio.data(), audio.size() * sizeof(float));
    return hash.hex();
}

void check_all_is_whole(const Folder& folder) {
    for (const auto& entry : std::filesystem::directory_iterator(folder.path)) {
        CHECK(entry.path().extension() == ".wav");
    }
}

void a_captured_pass_is_sent_and_put_on_its_bar_line() {
    const Folder folder;
    Bench bench(folder.path);
    bench.capture(2 * kBar + 5'000, 200'000);
    CHECK(bench.keeper.wet().empty());
    bench.keeper.take();
    bench.work();
    const std::string hash = hash_of(2 * kBar, 5'000, 200'000);
    CHECK(bench.song.settings.captured == hash && bench.song.settings.source_at_ppq == 8.0);
    CHECK(bench.tell() <= 4);
    const auto begin = bench.engine.last<protocol::SourceBegin>();
    CHECK(begin.hash == hash && begin.frames == 205'000 && begin.channels == 2 && begin.rate == 48'000);
    std::vector<float> arrived;
    for (const auto& sent : bench.engine.sent) {
        if (!std::holds_alternative<protocol::SourceBlock>(sent.message)) continue;
        const auto offset = static_cast<std::int64_t>(arrived.size() / 2);
        CHECK(std::get<protocol::SourceBlock>(sent.message).offset == offset);
        arrived.insert(arrived.end(), sent.samples.begin(), sent.samples.end());
    }
    CHECK(arrived.size() == 410'000 && bench.engine.count<protocol::SourceEnd>() == 1);
    Sha256 check;
    check.add(arrived.data(), arrived.size() * sizeof(float));
    CHECK(check.hex() == hash);
    const auto use = bench.engine.last<protocol::SourceUse>();
    CHECK(use.hash == hash && use.at_ppq == 8.0 && use.repeat_bars == 0 && use.live_bars == 0);
    CHECK(bench.keeper.wet().start == 2 * kBar && bench.keeper.wet().end == 2 * kBar + 205'000);
    CHECK(bench.keeper.settled(0) && !bench.keeper.busy());
}

void the_same_again_is_not_sent_again() {
    const Folder folder;
    Bench bench(folder.path);
    bench.capture(0, 200'000);
    bench.keeper.take();
    bench.work();
    bench.tell();
    const std::size_t sent = bench.engine.sent.size();
    bench.capture(50'000, 100'000);
    bench.keeper.take();
    bench.work();
    bench.tell();
    CHECK(bench.engine.sent.size() == sent);
    bench.capture(200'000, 50'000);  // and now it is longer
    bench.keeper.take();
    bench.work();
    bench.tell();
    CHECK(bench.engine.count<protocol::SourceUse>() == 2 && bench.keeper.wet().end == 250'000);
    bench.keeper.begin_session(60'000'000);
    bench.answers.has_sources = true;
    bench.tell();
    CHECK(bench.engine.count<protocol::SourceBegin>() == 3 && bench.engine.count<protocol::SourceEnd>() == 2);
    CHECK(bench.engine.count<protocol::SourceUse>() == 3);
}

void silence_and_scraps_are_no_source() {
    const Folder folder;
    Bench bench(folder.path);
    const std::vector<float> silence(200'000, 0.0F);
    bench.song.capture.write(0, silence.data(), 100'000);
    bench.keeper.take();
    bench.work();
    bench.tell();
    CHECK(bench.engine.sent.empty() && bench.keeper.settled(0) && bench.song.settings.captured.empty());
    Bench scrap(folder.path);
    scrap.capture(0, 1'000);  // less than a latent frame
    scrap.keeper.take();
    scrap.work();
    CHECK(scrap.song.settings.captured.empty());
}

void a_track_that_plays_on_differently_is_taken_at_its_next_stop() {
    const Folder folder;
    Bench bench(folder.path);
    bench.capture(0, 1'000'000);
    bench.keeper.take();
    CHECK(bench.keeper.work());
    bench.capture(1'000'000, 1'000);
    bench.work();
    CHECK(bench.song.settings.captured.empty());
    bench.keeper.take();
    bench.work();
    CHECK(bench.song.settings.captured == hash_of(0, 0, 1'001'000));
    check_all_is_whole(folder);
}

void of_what_is_too_long_the_newest_is_taken_from_a_bar_line_on() {
    const Folder folder;
    Bench bench(folder.path);
    bench.keeper.begin_session(5 * kBar);
    bench.capture(0, 8 * kBar + 100);
    bench.keeper.take();
    bench.work();
    CHECK(bench.song.source && bench.song.source->start == 4 * kBar &&
          bench.song.source->frames == 4 * kBar + 100);
}

void a_project_that_is_opened_again_has_its_sound() {
    const Folder folder;
    std::string hash;
    {
        Bench bench(folder.path);
        bench.capture(kBar, 300'000);
        bench.keeper.take();
        bench.work();
        hash = bench.song.settings.captured;
    }
    Bench later(folder.path);
    later.song.settings.captured = hash;
    later.song.settings.source_at_ppq = 4.0;
    CHECK(!later.keeper.settled(0));
    later.work();
    CHECK(later.song.source && later.song.source->frames == 300'000 && later.song.source->start == kBar);
    std::vector<float> read(2'000);
    later.song.capture.read(kBar + 500, 1'000, read.data());
    CHECK(read == marked(kBar + 500, 1'000));
    later.keeper.take();  // nothing new was played
    CHECK(!later.keeper.busy());
    later.tell();
    CHECK(later.engine.count<protocol::SourceBlock>() == 5 &&
          later.engine.last<protocol::SourceUse>().at_ppq == 4.0);
    CHECK(later.keeper.wet().start == kBar && later.keeper.wet().end == kBar + 300'000);
}

void a_broken_file_is_thrown_away() {
    const Folder folder;
    Bench bench(folder.path);
    bench.capture(0, 300'000);
    bench.keeper.take();
    bench.work();
    const std::string hash = bench.song.settings.captured, file = folder.path + "/" + hash + ".wav";
    {
        std::fstream broken(file, std::ios::in | std::ios::out | std::ios::binary);
        broken.seekp(100'000);
        broken.write("x", 1);
    }
    Bench later(folder.path);
    later.song.settings.captured = hash;
    later.work();
    CHECK(!later.song.source && !std::filesystem::exists(file) && !later.song.details.text().empty());
    CHECK(later.song.capture.newest().empty());
    later.tell(0, [](const protocol::ClientMessage&) { return error_to(0,
        protocol::codes::kUnknownSource); });
    CHECK(later.keeper.missing() && later.keeper.settled(0) && later.keeper.wet().empty());
    CHECK(later.engine.count<protocol::SourceUse>() == 1);  // asked for once: the engine may have it
}

void a_missing_source_is_found_again_by_playing_the_track() {
    const Folder folder;
    Bench bench(folder.path);
    bench.song.settings.captured = hash_of(0, 0, 200'000);
    bench.work();
    bench.tell(0, [](const protocol::ClientMessage&) { return error_to(0,
        protocol::codes::kUnknownSource); });
    CHECK(bench.keeper.missing());
    bench.capture(0, 200'000);  // the very same sound
    bench.keeper.take();
    bench.work();
    bench.tell();
    CHECK(!bench.keeper.missing() && !bench.keeper.wet().empty() &&
          bench.engine.count<protocol::SourceEnd>() == 1);
}

void a_source_that_the_engine_has_is_used_without_its_sound() {
    const Folder folder;
    Bench bench(folder.path);
    bench.song.settings.source = SourceKind::named;
    bench.song.settings.source_hash = hash_of(0, 0, 100);
    bench.song.settings.source_at_ppq = 2.5;
    bench.work();
    bench.tell();
    CHECK(bench.engine.sent.size() == 1 && bench.engine.last<protocol::SourceUse>().at_ppq == 2.5);
    CHECK(bench.keeper.wet().start == 0 && bench.keeper.wet().end == kWholeSong.end);
    bench.song.settings.source = SourceKind::none;
    bench.tell();
    CHECK(bench.engine.last<protocol::SourceUse>().hash.empty() && bench.keeper.wet().end == kWholeSong.end);
    bench.song.settings.source = SourceKind::track;
    bench.tell();
    CHECK(bench.keeper.wet().empty());
}

void live_input_needs_no_sound() {
    const Folder folder;
    Bench bench(folder.path);
    bench.tell(2);
    CHECK(bench.engine.sent.size() == 1 && bench.engine.last<protocol::SourceUse>().live_bars == 2);
    CHECK(bench.keeper.settled(2) && !bench.keeper.settled(0) && bench.keeper.wet().end == kWholeSong.end);
    bench.tell(0);
    CHECK(bench.engine.last<protocol::SourceUse>().live_bars == 0 && bench.keeper.wet().empty());
}

void an_upload_that_fails_is_told() {
    const Folder folder;
    Bench bench(folder.path);
    bench.capture(0, 800'000);
    bench.keeper.take();
    bench.work();
    bench.tell(0, [](const protocol::ClientMessage& message) -> std::optional<protocol::Error> {
        if (std::holds_alternative<protocol::SourceBlock>(message)) return error_to(0, "LIMIT", "too much");
        return std::nullopt;
    });
    CHECK(bench.keeper.missing() && bench.keeper.settled(0) &&
          bench.engine.count<protocol::SourceUse>() == 0);
    CHECK(bench.song.details.text().find("too much") != std::string::npos);
    CHECK(bench.engine.count<protocol::SourceBlock>() <= 8);
}

void a_folder_that_cannot_be_written_costs_only_the_file() {
    Bench bench("/proc/nowhere");
    bench.capture(0, 200'000);
    bench.keeper.take();
    bench.work();
    bench.tell();
    CHECK(bench.engine.count<protocol::SourceEnd>() == 1 && !bench.keeper.wet().empty());
    Bench none("");
    none.capture(0, 200'000);
    none.keeper.take();
    none.work();
    CHECK(none.song.settings.captured == bench.song.settings.captured &&
          !none.song.details.of(Topic::source).empty());
}

void the_source_stays_on_its_samples_when_the_map_is_another_one() {
    const Folder folder;
    Bench bench(folder.path);
    bench.capture(2 * kBar, 200'000);
    bench.keeper.take();
    bench.work();
    bench.tell();
    bench.song.timeline.restore({{0.0, 90.0}}, {{0.0, {4, 4}}}, 0.0);
    bench.tell();
    const auto use = bench.engine.last<protocol::SourceUse>();
    CHECK(bench.engine.count<protocol::SourceUse>() == 2 && use.at_ppq != 8.0);
    CHECK(bench.song.timeline.grid().sample_of_ppq(use.at_ppq) == 2 * kBar);
    CHECK(bench.keeper.wet().start == 2 * kBar);
}

void files_that_were_not_used_for_longest_go_first() {
    const Folder folder;
    const std::vector<float> audio(2'000, 0.5F);
    for (const char* name : {"a", "b", "c", "d"}) {
        auto writer = SourceWriter::begin(folder.path, 44'100.0);
        CHECK(writer.has_value());
        writer->add(audio.data(), 1'000);
        CHECK(writer->finish(name));
    }
    const auto now = std::filesystem::file_time_type::clock::now();
    int age = 0;
    for (const char* name : {"d", "c", "b", "a"}) {
        std::filesystem::last_write_time(folder.path + "/" + name + ".wav", now - std::chrono::hours(++age));
    }
    prune_sources(folder.path, "a", 3 * 8'058);
    const auto is_there =
        [&](const char* name) { return std::filesystem::exists(folder.path + "/" + name + ".wav"); };
    CHECK(is_there("a") && !is_there("b") && is_there("c") && is_there("d"));
    auto reader = SourceReader::open(folder.path, "a");
    CHECK(reader && reader->rate_hz() == 44'100.0 && reader->frames() == 1'000);
    std::vector<float> read(20);
    CHECK(reader->read(990, 10, read.data()) && read[0] == 0.5F && !reader->read(995, 10, read.data()));
    CHECK(!SourceReader::open(folder.path, "../../etc/passwd"));
    {
        auto unfinished = SourceWriter::begin(folder.path, 44'100.0);
        unfinished->add(audio.data(), 10);
    }
    check_all_is_whole(folder);
}

}  // namespace

int main() {
    a_captured_pass_is_sent_and_put_on_its_bar_line();
    the_same_again_is_not_sent_again();
    silence_and_scraps_are_no_source();
    a_track_that_plays_on_differently_is_taken_at_its_next_stop();
    of_what_is_too_long_the_newest_is_taken_from_a_bar_line_on();
    a_project_that_is_opened_again_has_its_sound();
    a_broken_file_is_thrown_away();
    a_missing_source_is_found_again_by_playing_the_track();
    a_source_that_the_engine_has_is_used_without_its_sound();
    live_input_needs_no_sound();
    an_upload_that_fails_is_told();
    a_folder_that_cannot_be_written_costs_only_the_file();
    the_source_stays_on_its_samples_when_the_map_is_another_one();
    files_that_were_not_used_for_longest_go_first();
    return check::finish();
}

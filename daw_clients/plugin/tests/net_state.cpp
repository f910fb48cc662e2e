// State: what is saved comes back, and nothing that a host hands over does harm.
#include <random>
#include <string>

#include "net/song_messages.hpp"
#include "net/state.hpp"
#include "tests/check.hpp"

using namespace anacrusis;

namespace {

constexpr const char* kHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

void fill(Song& song) {
    set_state(song, "endpoint", "tcp://localhost:6000");
    set_state(song, "prompt", "jazz piano, caf\xc3\xa9");
    set_state(song, "prompt_b", "drums");
    set_state(song, "negative", "noise");
    set_state(song, "model", "house-1");
    set_state(song, "loras", "city-pop,, voice_v1.2 ");
    set_state(song, "seed", "4294967295");
    set_state(song, "session", "abc-DEF_123");
    set_state(song, "resume_token", "r");
    set_state(song, "captured", kHash);
    set_state(song, "source_at_ppq", "8.125");
    song.timeline.restore({{0.0, 97.0}, {32.0, 140.5}}, {{0.0, {4, 4}}, {16.0, {7, 8}}, {18.0, {3, 4}}},
                          0.25);
    for (int i = 0; i < 50; ++i) {
        song.automation.memory(index_of(Control::denoise)).follow(i, 0.01 * i, static_cast<std::uint64_t>(i),
                                                                  false);
    }
    song.automation.memory(index_of(Control::output_gain)).stand(7, -12.5);
    song.notes.restore({{1'000, 2'000, 60, 90, 1}, {50'000, 777, 36, 127, 10}});
}

void what_is_saved_comes_back() {
    Song song, later;
    fill(song);
    for (const char* key : kStateKeys) set_state(later, key, state(song, key));
    for (const char* key : kStateKeys) CHECK(state(later, key) == state(song, key));
    CHECK(state(later, "prompt") == "jazz piano, caf\xc3\xa9");
    CHECK(later.settings.seed == 4'294'967'295U && later.timeline.shift() == 0.25);
    CHECK(state(later, "loras") == "city-pop, , voice_v1.2");
    CHECK(later.settings.loras[0] == "city-pop" && later.settings.loras[1].empty() &&
          later.settings.loras[2] == "voice_v1.2" && later.settings.loras[3].empty());
    CHECK(later.timeline.tempo().size() == 2 && later.timeline.meter().size() == 3);
    constexpr int denoise = index_of(Control::denoise);
    CHECK(later.automation.memory(denoise).frames() == song.automation.memory(denoise).frames());
    CHECK(later.notes.notes().size() == 2 && later.notes.notes()[1].sample == 50'000);
    CHECK(later.notes.notes()[1].length == 777 && later.notes.notes()[1].channel == 10);
    CHECK(state(later, "details").empty());
    CHECK(!state(song, "lanes").empty() && !state(song, "tempo_map").empty() &&
          !state(song, "notes").empty());
}

void it_comes_back_in_any_order() {
    Song song, later;
    fill(song);
    for (std::size_t i = kStateKeys.size(); i-- > 0;) {
        set_state(later, kStateKeys[i], state(song, kStateKeys[i]));
    }
    for (const char* key : kStateKeys) CHECK(state(later, key) == state(song, key));
    CHECK(later.notes.notes()[1].sample == 50'000);
}

void a_new_plugin_has_the_defaults() {
    const Song song;
    CHECK(state(song, "endpoint") == "tcp://127.0.0.1:5317");
    CHECK(state(song, "source") == "track");
    CHECK(state(song, "seed") == "0");
    CHECK(state(song, "version") == "1");
    for (const char* key : {"prompt", "loras", "lanes", "notes", "tempo_map", "session", "captured", "nonsense"}) {
        CHECK(state(song, key).empty());
    }
}

void only_this_machine_is_talked_to() {
    Song song;
    for (const char* good : {"tcp://127.0.0.1:1", "tcp://localhost:65535", "tcp://[::1]:5317",
                             "ipc:///tmp/engine"}) {
        set_state(song, "endpoint", good);
        CHECK(state(song, "endpoint") == good && state(song, "details").empty());
    }
    for (const char* bad : {"tcp://10.0.0.1:5317", "tcp://127.0.0.1:0", "tcp://127.0.0.1:65536",
                            "tcp://127.0.0.1:",
                            "tcp://127.0.0.1.evil.example:5317", "tcp://127.0.0.1:5317;tcp://1.2.3.4:1",
                                "tcp://*:5317",
                            "pgm://127.0.0.1:5", "inproc://x", "ipc://", "tcp://localhost:1 ",
                                "http://127.0.0.1:80"}) {
        set_state(song, "endpoint", bad);
        CHECK(state(song, "endpoint") == "ipc:///tmp/engine");
        CHECK(!state(song, "details").empty());
    }
    set_state(song, "endpoint", "");
    CHECK(state(song, "endpoint") == kDefaultEndpoint && state(song, "details").empty());
}

void what_cannot_be_read_changes_nothing_and_is_told() {
    Song song;
    fill(song);
    const std::string long_prompt(2'001, 'x'), most(2'000, 'x');
    const std::pair<const char*, std::string> bad[] = {
        {"prompt", long_prompt}, {"prompt", "\xff\xfe"}, {"prompt", std::string("a\0b", 3)},
            {"prompt_b", "\xc0\xaf"},
        {"negative", "\xed\xa0\x80"}, {"seed", "-1"}, {"seed", "4294967296"}, {"seed", "1.5"}, {"seed", " 1"},
        {"source", "file"}, {"source", std::string(kHash) + "0"}, {"captured", "xyz"},
            {"source_at_ppq", "nan"},
        {"source_at_ppq", "1e7"}, {"source_at_ppq", "here"}, {"session", "a b"},
            {"resume_token", std::string(65, 'a')},
        {"lanes", "!!!"}, {"lanes", "AAAA"}, {"notes", "gA=="}, {"tempo_map", "kA=="}, {"tempo_map", "x"},
        {"ppq_shift", "inf"}, {"lanes", std::string((8U << 20U) + 4, 'A')},
        {"loras", "a/b"}, {"loras", "a,b,c,d,e"}, {"loras", std::string(65, 'a')}, {"loras", "a b"}};
    for (const auto& [key, text] : bad) {
        const std::string before = state(song, key);
        song.details.settle(Topic::state);
        set_state(song, key, text);
        CHECK(state(song, key) == before);
        CHECK(state(song, "details").find(key) != std::string::npos);
    }
    set_state(song, "prompt", most);
    CHECK(state(song, "prompt") == most);
}

void a_map_that_no_song_can_have_is_left_out() {
    Song song;
    for (const std::vector<protocol::TempoEntry>& tempo :
         {std::vector<protocol::TempoEntry>{{1.0, 120.0, 120.0}}, {{0.0, 10.0, 10.0}},
          {{0.0, 120.0, 120.0}, {0.0, 90.0, 90.0}},
          {{0.0, 120.0, 60.0, protocol::TempoLaw::linear_time}, {4.0, 60.0, 60.0}}}) {
        protocol::TempoMapMessage message;
        message.tempo = tempo;
        message.meter = {{1, 4, 4, {}}};
        set_state(song, "tempo_map", message_text(message));
        CHECK(song.timeline.empty());
    }
    protocol::TempoMapMessage message;
    message.tempo = {{0.0, 120.0, 120.0}};
    for (const protocol::MeterEntry& meter : {protocol::MeterEntry{1, 0, 4, {}}, {1, 4, 3, {}},
                                              {1, 65, 4, {}}}) {
        message.meter = {meter};
        set_state(song, "tempo_map", message_text(message));
        CHECK(song.timeline.empty());
    }
    message.meter = {{1, 4, 4, {}}};
    set_state(song, "tempo_map", message_text(message));
    CHECK(!song.timeline.empty());
}

void random_bytes_do_no_harm() {
    std::mt19937 random(5);
    Song song;
    fill(song);
    std::vector<std::string> good;
    for (const char* key : kStateKeys) good.push_back(state(song, key));
    for (int round = 0; round < 20'000; ++round) {
        const std::size_t which = random() % kStateKeys.size();
        std::string text = good[which];
        if (round % 3 == 0) text.assign(random() % 300, '\0');
        for (int hits = 0; hits < 6 && !text.empty(); ++hits) {
            text[random() % text.size()] = static_cast<char>(random());
        }
        set_state(song, kStateKeys[random() % 4 == 0 ? random() % kStateKeys.size() : which], text);
    }
    for (const char* key : kStateKeys) CHECK(state(song, key).size() < (16U << 20U));
    set_state(song, "key of a newer version", "whatever");
    CHECK(is_local_endpoint(state(song, "endpoint")) && is_text(state(song, "prompt"), kLongestPrompt));
}

}  // namespace

int main() {
    what_is_saved_comes_back();
    it_comes_back_in_any_order();
    a_new_plugin_has_the_defaults();
    only_this_machine_is_talked_to();
    what_cannot_be_read_changes_nothing_and_is_told();
    a_map_that_no_song_can_have_is_left_out();
    random_bytes_do_no_harm();
    return check::finish();
}

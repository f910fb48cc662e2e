#include "net/state.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <utility>

#include "net/song_messages.hpp"

namespace anacrusis {
namespace {

constexpr std::size_t kLongestBlob = 8U << 20U;
constexpr std::size_t kLongestNumber = 64;
constexpr double kMostPpq = 1e6;

/// A number that is written whole; locales change nothing.
template <class Number>
std::optional<Number> number_of(std::string_view text) {
    Number number{};
    const char* end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, number);
    if (text.empty() || text.size() > kLongestNumber || read.ec != std::errc() || read.ptr != end) {
        return std::nullopt;
    }
    return number;
}

template <class Number>
std::string text_of(Number number) {
    char text[kLongestNumber];
    const auto written = std::to_chars(text, text + sizeof text, number);
    return {text, written.ptr};
}

bool set_place(std::string_view text, double& place) {
    const std::optional<double> number = text.empty() ? 0.0 : number_of<double>(text);
    if (!number || !std::isfinite(*number) || std::abs(*number) > kMostPpq) return false;
    place = *number;
    return true;
}

bool set_prompt(std::string_view text, std::string& prompt) {
    if (!is_text(text, kLongestPrompt)) return false;
    prompt = text;
    return true;
}

bool set_token(std::string_view text, std::string& token) {
    if (!is_token(text)) return false;
    token = text;
    return true;
}

/// Names place by place, between commas; spaces around them mean nothing.
bool set_loras(std::string_view text, Settings& settings) {
    decltype(settings.loras) loras;
    for (std::size_t place = 0; !text.empty(); ++place) {
        const std::size_t comma = std::min(text.find(','), text.size());
        std::string_view name = text.substr(0, comma);
        text.remove_prefix(std::min(comma + 1, text.size()));
        while (!name.empty() && name.front() == ' ') name.remove_prefix(1);
        while (!name.empty() && name.back() == ' ') name.remove_suffix(1);
        if (place == loras.size() || !is_library_name(name)) return false;
        loras[place] = name;
    }
    settings.loras = std::move(loras);
    return true;
}

std::string loras_text(const Settings& settings) {
    std::string text, commas;
    for (const std::string& name : settings.loras) {
        if (!name.empty()) text += std::exchange(commas, "") + name;
        commas += ", ";
    }
    return text;
}

bool set_endpoint(Song& song, std::string_view text) {
    if (!text.empty() && !is_local_endpoint(text)) {
        song.details.say(Topic::endpoint,
                         "The engine's address must be on this machine: tcp://127.0.0.1:PORT, "
                                          "tcp://localhost:PORT, tcp://[::1]:PORT or ipc://PATH.");
        return true;  // told already
    }
    song.settings.endpoint = text.empty() ? kDefaultEndpoint : text;
    song.details.settle(Topic::endpoint);
    return true;
}

bool set_seed(Song& song, std::string_view text) {
    const std::optional<std::uint32_t> seed = text.empty() ? 0U : number_of<std::uint32_t>(text);
    if (seed) song.settings.seed = *seed;
    return seed.has_value();
}

bool set_source(Song& song, std::string_view text) {
    Settings& settings = song.settings;
    if (text.empty() || text == "track") {
        settings.source = SourceKind::track;
    } else if (text == "none") {
        settings.source = SourceKind::none;
    } else if (is_hash(text)) {
        settings.source = SourceKind::named;
        settings.source_hash = text;
    } else {
        return false;
    }
    if (song.source && song.source->hash != settings.wanted_hash()) song.source.reset();
    return true;
}

bool set_captured(Song& song, std::string_view text) {
    if (!text.empty() && !is_hash(text)) return false;
    song.settings.captured = text;
    if (song.source && song.source->hash != song.settings.wanted_hash()) song.source.reset();
    return true;
}

bool set_map(Song& song, std::string_view text) {
    if (text.empty()) return true;  // the host tells where it is
    const auto message = message_of_text<protocol::TempoMapMessage>(text, kLongestBlob);
    if (!message || !restore_map(song.timeline, *message, song.timeline.shift())) return false;
    song.place_again();
    return true;
}

bool set_shift(Song& song, std::string_view text) {
    double shift = 0.0;
    if (!set_place(text, shift)) return false;
    if (!song.timeline.empty() || shift != 0.0) {
        song.timeline.restore(song.timeline.tempo(), song.timeline.meter(), shift);
    }
    return true;
}

bool set_lanes(Song& song, std::string_view text) {
    std::vector<protocol::LaneMessage> lanes;
    if (!text.empty()) {
        auto read = messages_of_text<protocol::LaneMessage>(text, kLongestBlob);
        if (!read) return false;
        lanes = std::move(*read);
    }
    for (int control = 0; control < kControlCount; ++control) song.automation.memory(control).clear();
    song.lanes_replaced = true;
    bool all = true;
    for (const protocol::LaneMessage& lane : lanes) all = restore_lane(song.automation, lane) && all;
    return all;
}

bool set_notes(Song& song, std::string_view text) {
    if (text.empty()) {
        song.restore_notes({});
        return true;
    }
    auto message = message_of_text<protocol::Notes>(text, kLongestBlob);
    if (message) song.restore_notes(std::move(message->notes));
    return message.has_value();
}

bool is_version(Song& song, std::string_view text) {
    if (text.empty() || text == kStateVersion) return true;
    song.details.say(Topic::state,
                     "The project was saved by another version; what this one knows of it was read.");
    return true;
}

bool take(Song& song, std::string_view key, std::string_view text) {
    Settings& settings = song.settings;
    if (key == "version") return is_version(song, text);
    if (key == "endpoint") return set_endpoint(song, text);
    if (key == "session") return set_token(text, settings.session);
    if (key == "resume_token") return set_token(text, settings.resume_token);
    if (key == "prompt") return set_prompt(text, settings.prompt);
    if (key == "prompt_b") return set_prompt(text, settings.prompt_b);
    if (key == "negative") return set_prompt(text, settings.negative);
    if (key == "model") return set_prompt(text, settings.model);
    if (key == "loras") return set_loras(text, settings);
    if (key == "seed") return set_seed(song, text);
    if (key == "tempo_map") return set_map(song, text);
    if (key == "ppq_shift") return set_shift(song, text);
    if (key == "source") return set_source(song, text);
    if (key == "captured") return set_captured(song, text);
    if (key == "lanes") return set_lanes(song, text);
    if (key == "notes") return set_notes(song, text);
    if (key != "source_at_ppq") return true;
    const bool taken = set_place(text, settings.source_at_ppq);
    if (taken) song.place_again();
    return taken;
}

std::string lanes_text(const Song& song) {
    std::vector<protocol::LaneMessage> lanes;
    for (int control = 0; control < kControlCount; ++control) {
        if (!Automation::is_lane(control)) continue;
        auto of_one = lane_messages(kControls[control].name, song.automation.memory(control), 0);
        lanes.insert(lanes.end(), std::make_move_iterator(of_one.begin()),
                     std::make_move_iterator(of_one.end()));
    }
    return lanes.empty() ? std::string() : messages_text(lanes);
}

std::string source_text(const Settings& settings) {
    if (settings.source == SourceKind::named) return settings.source_hash;
    return settings.source == SourceKind::none ? "none" : "track";
}

}  // namespace

void set_state(Song& song, std::string_view key, std::string_view text) {
    if (take(song, key, text)) {
        song.edited();
        return;
    }
    std::string words = "The text kept as \"";
    words.append(key).append("\" can't be read and was left out.");
    song.details.say(Topic::state, std::move(words));
}

std::string state(const Song& song, std::string_view key) {
    const Settings& settings = song.settings;
    if (key == kDetailsKey) return song.details.text();
    if (key == "version") return kStateVersion;
    if (key == "endpoint") return settings.endpoint;
    if (key == "session") return settings.session;
    if (key == "resume_token") return settings.resume_token;
    if (key == "prompt") return settings.prompt;
    if (key == "prompt_b") return settings.prompt_b;
    if (key == "negative") return settings.negative;
    if (key == "model") return settings.model;
    if (key == "loras") return loras_text(settings);
    if (key == "seed") return text_of(settings.seed);
    if (key == "source") return source_text(settings);
    if (key == "captured") return settings.captured;
    if (key == "source_at_ppq") return text_of(settings.source_at_ppq);
    if (key == "ppq_shift") return text_of(song.timeline.shift());
    if (key == "tempo_map") {
        return song.timeline.empty() ? std::string() : message_text(tempo_map_message(song.timeline, 0));
    }
    if (key == "lanes") return lanes_text(song);
    if (key == "notes") {
        return song.notes.empty() ? std::string()
            : message_text(notes_message(song.notes, song.timeline.grid(), 0));
    }
    return {};
}

}  // namespace anacrusis

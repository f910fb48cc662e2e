#include "net/song_telling.hpp"

#include <algorithm>
#include <cmath>

#include "net/control_values.hpp"
#include "net/song_messages.hpp"

namespace anacrusis {
namespace {

constexpr std::int64_t kMapEveryNs = 500'000'000;
constexpr std::int64_t kKnobsEveryNs = 40'000'000;
constexpr std::int64_t kNotesEveryNs = 200'000'000;

/// A control's value as the protocol has it: of a choice its name.
std::variant<double, std::string> value_of(int control, float value) {
    const ControlSpec& spec = kControls[control];
    if (spec.choice_count == 0) return plain_number(value);
    const int index = std::clamp(static_cast<int>(std::lround(value)), 0, spec.choice_count - 1);
    return std::string(spec.choices[index]);
}

}  // namespace

void SongTelling::begin_session() {
    told_map_ = told_notes_ = 0;
    any_map_ = any_notes_ = false;
    told_words_.clear();
    told_values_.clear();
    touched_ = {};
    has_lane_ = {};
    for (int control = 0; control < kControlCount; ++control) song_.automation.memory(control).clear_dirty();
    song_.lanes_replaced = false;
    map_ns_ = knobs_ns_ = notes_ns_ = 0;
    song_.details.settle(Topic::engine);
}

template <class Message>
void SongTelling::ask(const std::string& name, const Message& message) {
    ++changes_;
    requests_.ask(message, [this, name](const protocol::Ok*, const protocol::Error* error) {
        if (error != nullptr) {
            refused_ = name;
            song_.details.say(Topic::engine, name + ": " + error->message);
        } else if (refused_ == name) {
            song_.details.settle(Topic::engine);
        }
    });
}

void SongTelling::step(std::int64_t now_ns, bool playing) {
    const bool map_is_due = song_.timeline.revision() != told_map_ && !song_.timeline.empty();
    if (map_is_due && (!any_map_ || !playing || now_ns - map_ns_ >= kMapEveryNs)) tell_map(now_ns);
    tell_words();
    tell_loras();
    if (has_knobs() && now_ns - knobs_ns_ >= kKnobsEveryNs) {
        knobs_ns_ = now_ns;
        tell_knobs();
    }
    if (song_.notes.revision() != told_notes_ && now_ns - notes_ns_ >= kNotesEveryNs) {
        notes_ns_ = now_ns;
        tell_notes();
    }
}

void SongTelling::tell_all(std::int64_t now_ns) {
    map_ns_ = knobs_ns_ = notes_ns_ = 0;
    step(now_ns, false);
}

bool SongTelling::settled() const {
    const bool map = song_.timeline.empty() || song_.timeline.revision() == told_map_;
    return map && !has_knobs() && song_.notes.revision() == told_notes_;
}

void SongTelling::tell_map(std::int64_t now_ns) {
    map_ns_ = now_ns;
    map_edits_ += any_map_;
    any_map_ = true;
    told_map_ = song_.timeline.revision();
    requests_.ask(tempo_map_message(song_.timeline, requests_.next_revision()),
                  [this](const protocol::Ok*, const protocol::Error* error) {
                      if (error == nullptr) return;
                      refused_ = "tempo_map";
                      song_.details.say(Topic::engine, "The song's tempo map was refused: " + error->message);
                  });
}

void SongTelling::tell_words() {
    const Settings& settings = song_.settings;
    tell_word("prompt", settings.prompt, protocol::PromptSlot::a);
    tell_word("prompt_b", settings.prompt_b, protocol::PromptSlot::b);
    tell_word("negative", settings.negative, protocol::PromptSlot::negative);
    const std::string seed = std::to_string(settings.seed);
    const auto told = told_words_.find("seed");
    if (told == told_words_.end() ? settings.seed == 0 : told->second == seed) return;
    told_words_["seed"] = seed;
    protocol::Param message;
    message.parameter = "seed";
    message.value = static_cast<double>(settings.seed);
    ask("seed", message);
}

void SongTelling::tell_word(const char* key, const std::string& text, protocol::PromptSlot slot) {
    const auto told = told_words_.find(key);
    if (told == told_words_.end() ? text.empty() : told->second == text) return;
    told_words_[key] = text;
    protocol::Prompt message;
    message.text = text;
    message.slot = slot;
    ask(key, message);
}

void SongTelling::tell_loras() {
    for (std::size_t place = 0; place < kLoraPlaces; ++place) {
        const std::string key = "lora_use " + std::to_string(place + 1);
        const std::string& name = song_.settings.loras[place];
        const auto told = told_words_.find(key);
        if (told == told_words_.end() ? name.empty() : told->second == name) continue;
        told_words_[key] = name;
        protocol::LoraUse message;
        message.place = static_cast<std::int64_t>(place) + 1;
        message.name = name;
        ask(key, message);
    }
}

protocol::When SongTelling::when() const {
    protocol::When when;
    const int choice = whole_value(shared_, Control::quantise);
    if (choice == 1) when.kind = protocol::WhenKind::next_beat;
    if (choice == 2) when.kind = protocol::WhenKind::next_bar;
    return when;
}

void SongTelling::gesture(const GestureRecord& gesture) {
    if (gesture.control < kControlCount) knobs_ns_ = 0;
}

bool SongTelling::single_is_due(int control) const {
    const std::optional<float> value = song_.automation.value(control);
    if (!value) return false;
    const auto told = told_values_.find(control);
    return told == told_values_.end() ? *value != kControls[control].default_value : *value != told->second;
}

bool SongTelling::has_knobs() const {
    if (song_.lanes_replaced) return true;
    for (int control = 0; control < kControlCount; ++control) {
        if (Automation::is_single(control) && single_is_due(control)) return true;
        if (!Automation::is_lane(control)) continue;
        const LaneMemory& memory = song_.automation.memory(control);
        const bool touched = song_.automation.touched(control);
        if (touched != touched_[static_cast<std::size_t>(control)]) return true;
        if (touched ? single_is_due(control) : memory.dirty_from() != LaneMemory::kClean) return true;
        if (!touched && !memory.empty() && !has_lane_[static_cast<std::size_t>(control)]) return true;
    }
    return false;
}

void SongTelling::tell_knobs() {
    for (int control = 0; control < kControlCount; ++control) {
        if (Automation::is_single(control)) tell_single(control);
        if (Automation::is_lane(control)) tell_touch(control);
    }
    song_.lanes_replaced = false;
}

void SongTelling::tell_single(int control) {
    if (!single_is_due(control)) return;
    const float value = *song_.automation.value(control);
    told_values_[control] = value;
    protocol::Param message;
    message.parameter = kControls[control].name;
    message.value = value_of(control, value);
    message.when = when();
    ask(message.parameter, message);
}

/// A control with a lane: while a hand is on it its values rule, and then the lane as it was learned.
void SongTelling::tell_touch(int control) {
    bool& told = touched_[static_cast<std::size_t>(control)];
    const bool touched = song_.automation.touched(control);
    if (!touched) tell_lane(control);
    if (touched != told) {
        told = touched;
        protocol::Gesture message;
        message.parameter = kControls[control].name;
        message.touched = touched;
        ask(message.parameter, message);
        told_values_.erase(control);
        if (touched && song_.automation.value(control)) {
            told_values_[control] = *song_.automation.value(control);
        }
    }
    if (touched) tell_single(control);
}

void SongTelling::tell_lane(int control) {
    LaneMemory& memory = song_.automation.memory(control);
    bool& has_lane = has_lane_[static_cast<std::size_t>(control)];
    std::int64_t from = memory.dirty_from();
    if (song_.lanes_replaced || (!has_lane && !memory.empty())) from = 0;
    if (from == LaneMemory::kClean) return;
    const char* name = kControls[control].name;
    if (has_lane && (song_.lanes_replaced || memory.empty())) {
        protocol::LaneClear clear;
        clear.parameter = name;
        clear.revision = requests_.next_revision();
        clear.when = when();
        ask(name, clear);
        has_lane = false;
    }
    for (protocol::LaneMessage& lane : lane_messages(name, memory, from)) {
        lane.revision = requests_.next_revision();
        lane.when = when();
        ask(name, lane);
        has_lane = true;
    }
    memory.clear_dirty();
}

void SongTelling::tell_notes() {
    told_notes_ = song_.notes.revision();
    if (song_.notes.empty() && !any_notes_) return;
    any_notes_ = true;
    ask("notes", notes_message(song_.notes, song_.timeline.grid(), requests_.next_revision()));
}

}  // namespace anacrusis

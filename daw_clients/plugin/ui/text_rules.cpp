#include "ui/text_rules.hpp"

#include <algorithm>
#include <initializer_list>

#include "ui/value_text.hpp"

namespace anacrusis::ui {
namespace {

constexpr std::size_t kHashDigits = 64;
constexpr long kMaxSeed = 0xFFFFFFFFL;

const char* anything(std::string_view) { return nullptr; }

bool starts_with(std::string_view text, std::string_view start) {
    return text.substr(0, start.size()) == start;
}

const char* endpoint_complaint(std::string_view text) {
    for (const std::string_view start : {"tcp://127.0.0.1:", "tcp://localhost:", "tcp://[::1]:", "ipc://"})
        if (starts_with(text, start) && text.size() > start.size()) return nullptr;
    return "The engine runs on this machine: tcp://127.0.0.1:PORT, tcp://localhost:PORT or ipc://PATH.";
}

const char* seed_complaint(std::string_view text) {
    const auto seed = whole_number(text);
    const bool fits = seed && *seed >= 0 && *seed <= kMaxSeed;
    return fits ? nullptr : "A seed is a whole number from 0 to 4294967295.";
}

bool is_hash(std::string_view text) {
    const auto is_digit = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
    return text.size() == kHashDigits && std::all_of(text.begin(), text.end(), is_digit);
}

const char* source_complaint(std::string_view text) {
    if (text == "track" || text == "none" || is_hash(text)) return nullptr;
    return "Write \"track\" (this track's sound), \"none\", or a source's hash (64 digits 0-9 a-f).";
}

const char* loras_complaint(std::string_view text) {
    const auto is_fine = [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
               c == '-' || c == '.' || c == ',' || c == ' ';
    };
    const bool fits = std::count(text.begin(), text.end(), ',') < 4;
    return fits && std::all_of(text.begin(), text.end(), is_fine)
        ? nullptr
        : "Up to four names of the engine's library, between commas; \"anacrusis lora list\" tells them.";
}

std::string as_is(std::string_view text) { return std::string(text); }

std::string short_source(std::string_view text) {
    if (!is_hash(text)) return std::string(text);
    return std::string(text.substr(0, 8)) + "\u2026" + std::string(text.substr(kHashDigits - 4));
}

}  // namespace

const TextRule kPromptRule{
    "prompt", "Prompt", "What it shall sound like. Enter sends it, Escape leaves it as it was.",
    "what it shall sound like", 2000, anything, as_is};
const TextRule kPromptBRule{
    "prompt_b", "Prompt B", "The other end of \"Prompt blend\".", "the other end of the blend", 2000,
    anything,   as_is};
const TextRule kEndpointRule{
    "endpoint", "Engine", "Where the engine answers; \"anacrusis serve\" tells it when it starts.",
    "tcp://127.0.0.1:5317", 200, endpoint_complaint, as_is};
const TextRule kSeedRule{
    "seed", "Seed", "The same seed, prompts and knobs make the same sound.", "0", 12, seed_complaint, as_is};
const TextRule kSourceRule{
    "source", "Source", "What is transformed: \"track\" (this track's sound), \"none\", or a source's hash.",
    "track", 80, source_complaint, short_source};
const TextRule kLorasRule{
    "loras", "LoRAs", "Up to four names of the engine's library, between commas; the knobs are their strengths.",
    "none", 268, loras_complaint, as_is};

}  // namespace anacrusis::ui

// What may be written in the text fields; the plugin's own side checks again.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace anacrusis::ui {

/// A state key that is edited as text.
struct TextRule {
    const char* key;
    const char* label;
    const char* help;
    const char* placeholder;     // shown where nothing is written
    std::size_t max_points;
    const char* (*complaint)(std::string_view text);  // null: fine; else what it must be
    std::string (*shown)(std::string_view text);      // as it stands in the field when not under edit
};

extern const TextRule kPromptRule, kPromptBRule, kEndpointRule, kSeedRule, kSourceRule, kLorasRule;

}  // namespace anacrusis::ui

// The plugin's state as texts under keys, as hosts keep it. One thread at a time.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "net/song.hpp"

namespace anacrusis {

/// The keys that are saved and restored, in the order in which they are best set: places in the song
/// are read by the map. ``details`` is read only and not saved.
inline constexpr std::array<const char*, 17> kStateKeys = {
    "version", "endpoint", "session",   "resume_token", "prompt", "prompt_b",      "negative", "model",
    "seed",    "ppq_shift", "tempo_map", "source",       "captured", "source_at_ppq", "lanes",    "notes",
    "loras"};
inline constexpr const char* kDetailsKey = "details";
inline constexpr const char* kStateVersion = "1";

/// Takes a text for a key. What can't be read changes nothing and is told in the details; unknown keys,
/// as a newer version may have, are ignored. Any bytes of any length are safe.
void set_state(Song& song, std::string_view key, std::string_view text);

/// The text under a key; empty for an unknown one.
std::string state(const Song& song, std::string_view key);

}  // namespace anacrusis

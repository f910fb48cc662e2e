// What a project keeps of the plugin besides what was learned: texts as the user wrote them. Checked at
// this door. One thread at a time.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace anacrusis {

inline constexpr const char* kDefaultEndpoint = "tcp://127.0.0.1:5317";
inline constexpr std::size_t kLongestPrompt = 2'000;  // Unicode characters
inline constexpr std::size_t kLoraPlaces = 4;

enum class SourceKind { track, none, named };

struct Settings {
    std::string endpoint = kDefaultEndpoint;
    std::string session, resume_token;
    std::string prompt, prompt_b, negative, model;
    std::array<std::string, kLoraPlaces> loras;  // of the engine's library, by name; empty: none
    std::uint32_t seed = 0;
    SourceKind source = SourceKind::track;
    std::string source_hash;  // the named one
    std::string captured;     // what was captured of the track; empty before
    double source_at_ppq = 0.0;

    /// The source that should be heard; empty: none (yet).
    const std::string& wanted_hash() const noexcept {
        static const std::string nothing;
        return source == SourceKind::named ? source_hash : source == SourceKind::track ? captured : nothing;
    }
};

/// Whether ``endpoint`` is on this machine: tcp://127.0.0.1, localhost or [::1] with a port, or ipc://.
bool is_local_endpoint(std::string_view endpoint) noexcept;
/// Valid UTF-8 of at most ``longest`` characters, without zeros.
bool is_text(std::string_view text, std::size_t longest) noexcept;
bool is_hash(std::string_view text) noexcept;
/// 0-9, a-z, A-Z, _ and -, at most 64.
bool is_token(std::string_view text) noexcept;
/// 0-9, a-z, A-Z, _, - and ., at most 64; empty is one too.
bool is_library_name(std::string_view text) noexcept;

}  // namespace anacrusis

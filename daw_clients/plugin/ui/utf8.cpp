#include "ui/utf8.hpp"

namespace anacrusis::ui::utf8 {
namespace {

constexpr std::uint8_t byte_at(std::string_view text, std::size_t at) noexcept {
    return static_cast<std::uint8_t>(text[at]);
}

constexpr bool continues(std::uint8_t byte) noexcept { return (byte & 0xC0U) == 0x80U; }

// The second byte's range shuts out overlong forms, surrogates and what lies beyond U+10FFFF.
bool second_fits(std::uint8_t first, std::uint8_t second) noexcept {
    switch (first) {
    case 0xE0: return second >= 0xA0;
    case 0xED: return second < 0xA0;
    case 0xF0: return second >= 0x90;
    case 0xF4: return second < 0x90;
    default: return true;
    }
}

constexpr std::size_t length_of(std::uint8_t first) noexcept {
    if (first < 0x80) return 1;
    if (first >= 0xC2 && first < 0xE0) return 2;
    if (first >= 0xE0 && first < 0xF0) return 3;
    if (first >= 0xF0 && first < 0xF5) return 4;
    return 0;
}

}  // namespace

std::size_t length_at(std::string_view text, std::size_t at) noexcept {
    if (at >= text.size()) return 0;
    const std::size_t length = length_of(byte_at(text, at));
    if (length == 0 || at + length > text.size()) return 0;
    for (std::size_t i = 1; i < length; ++i)
        if (!continues(byte_at(text, at + i))) return 0;
    if (length > 1 && !second_fits(byte_at(text, at), byte_at(text, at + 1))) return 0;
    return length;
}

std::size_t next(std::string_view text, std::size_t at) noexcept {
    if (at >= text.size()) return text.size();
    do ++at;
    while (at < text.size() && continues(byte_at(text, at)));
    return at;
}

std::size_t previous(std::string_view text, std::size_t at) noexcept {
    if (at == 0) return 0;
    do --at;
    while (at > 0 && continues(byte_at(text, at)));
    return at;
}

std::size_t count(std::string_view text) noexcept {
    std::size_t points = 0;
    for (const char c : text)
        if (!continues(static_cast<std::uint8_t>(c))) ++points;
    return points;
}

std::string clean(std::string_view text, std::size_t max_points) {
    std::string out;
    std::size_t points = 0;
    for (std::size_t at = 0; at < text.size() && points < max_points;) {
        const std::size_t length = length_at(text, at);
        if (length == 0) {
            ++at;
            continue;
        }
        const std::uint8_t first = byte_at(text, at);
        const bool blank = first == '\n' || first == '\r' || first == '\t';
        const bool c1 = first == 0xC2 && byte_at(text, at + 1) < 0xA0;
        if (blank)
            out += ' ', ++points;
        else if (first >= 0x20 && first != 0x7F && !c1)
            out.append(text.substr(at, length)), ++points;
        at += length;
    }
    return out;
}

std::string encode(std::uint32_t point) {
    const auto tail = [point](unsigned shift) {
        return static_cast<char>(0x80U | ((point >> shift) & 0x3FU));
    };
    if (point == 0 || point > 0x10FFFF || (point >= 0xD800 && point < 0xE000)) return {};
    if (point < 0x80) return {static_cast<char>(point)};
    if (point < 0x800) return {static_cast<char>(0xC0U | (point >> 6U)), tail(0)};
    if (point < 0x10000) return {static_cast<char>(0xE0U | (point >> 12U)), tail(6), tail(0)};
    return {static_cast<char>(0xF0U | (point >> 18U)), tail(12), tail(6), tail(0)};
}

}  // namespace anacrusis::ui::utf8

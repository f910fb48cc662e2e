#include "net/base64.hpp"

#include <array>

namespace anacrusis {
namespace {

constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::array<std::int8_t, 256> digit_values() {
    std::array<std::int8_t, 256> values{};
    for (auto& value : values) value = -1;
    for (std::size_t i = 0; i < kDigits.size(); ++i) {
        values[static_cast<unsigned char>(kDigits[i])] = static_cast<std::int8_t>(i);
    }
    return values;
}
constexpr auto kValues = digit_values();

char digit(std::uint32_t bits, unsigned shift) { return kDigits[(bits >> shift) & 63U]; }

}  // namespace

std::string base64_encode(const Bytes& bytes) {
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const std::size_t left = bytes.size() - i;
        std::uint32_t bits = static_cast<std::uint32_t>(bytes[i]) << 16U;
        if (left > 1) bits |= static_cast<std::uint32_t>(bytes[i + 1]) << 8U;
        if (left > 2) bits |= bytes[i + 2];
        text += digit(bits, 18);
        text += digit(bits, 12);
        text += left > 1 ? digit(bits, 6) : '=';
        text += left > 2 ? digit(bits, 0) : '=';
    }
    return text;
}

std::optional<Bytes> base64_decode(std::string_view text) {
    if (text.size() % 4 != 0) return std::nullopt;
    std::size_t padding = 0;
    while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
    Bytes bytes;
    bytes.reserve(text.size() / 4 * 3);
    const std::size_t digits = text.size() - padding;
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const int value = i < digits ? kValues[static_cast<unsigned char>(text[i])] : 0;
        if (value < 0) return std::nullopt;
        bits = (bits << 6U) | static_cast<std::uint32_t>(value);
        if (i % 4 != 3) continue;
        for (unsigned shift = 24; shift > 0; shift -= 8) {
            bytes.push_back(static_cast<std::uint8_t>(bits >> (shift - 8)));
        }
        bits = 0;
    }
    bytes.resize(bytes.size() - padding);
    return bytes;
}

}  // namespace anacrusis

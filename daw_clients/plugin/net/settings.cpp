#include "net/settings.hpp"

#include <algorithm>
#include <cstddef>

namespace anacrusis {
namespace {

constexpr std::size_t kLongestPath = 100;  // what a socket's path may have

bool starts_with(std::string_view text, std::string_view start) noexcept {
    return text.substr(0, start.size()) == start;
}

bool is_port(std::string_view text) noexcept {
    if (text.empty() || text.size() > 5) return false;
    int port = 0;
    for (const char digit : text) {
        if (digit < '0' || digit > '9') return false;
        port = port * 10 + (digit - '0');
    }
    return port >= 1 && port <= 65'535;
}

/// The bytes of the character that begins here; 0 where it is none.
std::size_t character_size(std::string_view text) noexcept {
    const auto octet = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned lead = octet(0);
    if (lead < 0x80) return lead == 0 ? 0 : 1;
    const std::size_t size = lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 0;
    if (size == 0 || size > text.size()) return 0;
    const unsigned second = octet(1);
    const unsigned low = lead == 0xE0 ? 0xA0U : lead == 0xF0 ? 0x90U : 0x80U;
    const unsigned high = lead == 0xED ? 0x9FU : lead == 0xF4 ? 0x8FU : 0xBFU;
    if (second < low || second > high) return 0;
    for (std::size_t i = 2; i < size; ++i) {
        if ((octet(i) & 0xC0U) != 0x80U) return 0;
    }
    return size;
}

}  // namespace

bool is_local_endpoint(std::string_view endpoint) noexcept {
    for (const std::string_view host : {"tcp://127.0.0.1:", "tcp://localhost:", "tcp://[::1]:"}) {
        if (starts_with(endpoint, host)) return is_port(endpoint.substr(host.size()));
    }
    constexpr std::string_view ipc = "ipc://";
    return starts_with(endpoint, ipc) && endpoint.size() > ipc.size() && endpoint.size() <= kLongestPath &&
           is_text(endpoint, kLongestPath);
}

bool is_text(std::string_view text, std::size_t longest) noexcept {
    std::size_t count = 0;
    for (std::size_t at = 0; at < text.size(); ++count) {
        const std::size_t size = character_size(text.substr(at));
        if (size == 0 || count == longest) return false;
        at += size;
    }
    return true;
}

bool is_hash(std::string_view text) noexcept {
    return text.size() == 64 && std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
           });
}

bool is_token(std::string_view text) noexcept {
    return is_library_name(text) && text.find('.') == std::string_view::npos;
}

bool is_library_name(std::string_view text) noexcept {
    return text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                   c == '_' || c == '-' || c == '.';
           });
}

}  // namespace anacrusis

// UTF-8 by code points. Pure functions, any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace anacrusis::ui::utf8 {

/// Length in bytes (1..4) of the well-formed code point at ``at``; 0 where there is none.
std::size_t length_at(std::string_view text, std::size_t at) noexcept;

/// The boundary after (before) ``at`` in well-formed text; stays at the end (start).
std::size_t next(std::string_view text, std::size_t at) noexcept;
std::size_t previous(std::string_view text, std::size_t at) noexcept;

/// Number of code points of well-formed text.
std::size_t count(std::string_view text) noexcept;

/// ``text`` as one line of at most ``max_points`` code points: malformed bytes and control characters
/// are left out, line ends and tabs become spaces. The result is always well-formed.
std::string clean(std::string_view text, std::size_t max_points);

/// A code point as UTF-8; empty for what is none.
std::string encode(std::uint32_t point);

}  // namespace anacrusis::ui::utf8

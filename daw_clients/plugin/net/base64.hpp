// Bytes as text and back (RFC 4648), for state that hosts keep as text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace anacrusis {

using Bytes = std::vector<std::uint8_t>;

/// With padding, without line breaks. Any thread; allocates.
std::string base64_encode(const Bytes& bytes);

/// Nothing where the text is not base64 with its padding. Any thread; allocates.
std::optional<Bytes> base64_decode(std::string_view text);

}  // namespace anacrusis

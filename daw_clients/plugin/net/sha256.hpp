// SHA-256 (FIPS 180-4), piece by piece. One thread at a time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace anacrusis {

class Sha256 {
public:
    Sha256() noexcept;
    void add(const void* data, std::size_t size) noexcept;
    /// The digest of all that was added, as 64 hex digits; afterwards nothing more is to be added.
    std::string hex();

private:
    void block(const std::uint8_t* bytes) noexcept;

    std::array<std::uint32_t, 8> state_;
    std::array<std::uint8_t, 64> rest_{};
    std::size_t rest_size_ = 0;
    std::uint64_t total_ = 0;
};

}  // namespace anacrusis

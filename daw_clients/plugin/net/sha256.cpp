#include "net/sha256.hpp"

#include <algorithm>
#include <cstring>

namespace anacrusis {
namespace {

constexpr std::array<std::uint32_t, 64> kRound = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

constexpr std::uint32_t turned(std::uint32_t x, unsigned by) noexcept {
    return (x >> by) | (x << (32U - by));
}

std::uint32_t big_endian(const std::uint8_t* bytes) noexcept {
    return (std::uint32_t{bytes[0]} << 24U) | (std::uint32_t{bytes[1]} << 16U) |
           (std::uint32_t{bytes[2]} << 8U) | std::uint32_t{bytes[3]};
}

}  // namespace

Sha256::Sha256() noexcept
    : state_{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab,
             0x5be0cd19} {}

void Sha256::block(const std::uint8_t* bytes) noexcept {
    std::array<std::uint32_t, 64> w;
    for (std::size_t i = 0; i < 16; ++i) w[i] = big_endian(bytes + 4 * i);
    for (std::size_t i = 16; i < 64; ++i) {
        const std::uint32_t a = turned(w[i - 15], 7) ^ turned(w[i - 15], 18) ^ (w[i - 15] >> 3U);
        const std::uint32_t b = turned(w[i - 2], 17) ^ turned(w[i - 2], 19) ^ (w[i - 2] >> 10U);
        w[i] = w[i - 16] + a + w[i - 7] + b;
    }
    auto [a, b, c, d, e, f, g, h] = state_;
    for (std::size_t i = 0; i < 64; ++i) {
        const std::uint32_t sum1 = turned(e, 6) ^ turned(e, 11) ^ turned(e, 25);
        const std::uint32_t one = h + sum1 + ((e & f) ^ (~e & g)) + kRound[i] + w[i];
        const std::uint32_t sum0 = turned(a, 2) ^ turned(a, 13) ^ turned(a, 22);
        const std::uint32_t two = sum0 + ((a & b) ^ (a & c) ^ (b & c));
        h = g, g = f, f = e, e = d + one, d = c, c = b, b = a, a = one + two;
    }
    const std::array<std::uint32_t, 8> added{a, b, c, d, e, f, g, h};
    for (std::size_t i = 0; i < 8; ++i) state_[i] += added[i];
}

void Sha256::add(const void* data, std::size_t size) noexcept {
    const auto* bytes = static_cast<const std::uint8_t*>(data);
    total_ += size;
    if (rest_size_ > 0) {
        const std::size_t taken = std::min(size, rest_.size() - rest_size_);
        std::memcpy(rest_.data() + rest_size_, bytes, taken);
        rest_size_ += taken, bytes += taken, size -= taken;
        if (rest_size_ < rest_.size()) return;
        block(rest_.data());
        rest_size_ = 0;
    }
    for (; size >= 64; bytes += 64, size -= 64) block(bytes);
    if (size > 0) std::memcpy(rest_.data(), bytes, size);
    rest_size_ = size;
}

std::string Sha256::hex() {
    const std::uint64_t bits = total_ * 8;
    std::array<std::uint8_t, 72> tail{};
    tail[0] = 0x80;
    const std::size_t zeros = (rest_size_ < 56 ? 56 : 120) - rest_size_;
    for (unsigned i = 0; i < 8; ++i) tail[zeros + i] = static_cast<std::uint8_t>(bits >> (56U - 8U * i));
    add(tail.data(), zeros + 8);
    static constexpr char digits[] = "0123456789abcdef";
    std::string text;
    for (const std::uint32_t word : state_) {
        for (unsigned shift = 32; shift > 0; shift -= 4) text += digits[(word >> (shift - 4U)) & 15U];
    }
    return text;
}

}  // namespace anacrusis

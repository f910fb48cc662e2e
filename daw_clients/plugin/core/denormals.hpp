// Denormal numbers cost a hundred times as much as others; nobody hears them.
#pragma once

#if defined(__SSE2__)
#include <xmmintrin.h>
#elif defined(__aarch64__)
#include <cstdint>
#endif

namespace anacrusis {

/// While it lives, this thread's arithmetic takes denormals as 0 and makes none; then the thread's own
/// setting is back. Copies keep their bits. Any thread; real-time safe.
class NoDenormals {
public:
    NoDenormals(const NoDenormals&) = delete;
    NoDenormals& operator=(const NoDenormals&) = delete;

#if defined(__SSE2__)
    NoDenormals() noexcept : before_(_mm_getcsr()) { _mm_setcsr(before_ | 0x8040U); }  // FTZ, DAZ
    ~NoDenormals() { _mm_setcsr(before_); }

private:
    unsigned int before_;
#elif defined(__aarch64__)
    NoDenormals() noexcept {
        asm volatile("mrs %0, fpcr" : "=r"(before_));
        asm volatile("msr fpcr, %0" : : "r"(before_ | (std::uint64_t{1} << 24U)));  // FZ
    }
    ~NoDenormals() { asm volatile("msr fpcr, %0" : : "r"(before_)); }

private:
    std::uint64_t before_;
#else
    NoDenormals() noexcept = default;
#endif
};

}  // namespace anacrusis

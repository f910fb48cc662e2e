#include "net/clock.hpp"

#include <ctime>

namespace anacrusis {
namespace {

constexpr std::int64_t kSecondNs = 1'000'000'000;

std::int64_t read_ns(clockid_t which) noexcept {
    timespec time{};
    clock_gettime(which, &time);
    return static_cast<std::int64_t>(time.tv_sec) * kSecondNs + time.tv_nsec;
}

}  // namespace

std::int64_t SystemClock::now_ns() const noexcept { return read_ns(CLOCK_MONOTONIC); }

std::int64_t SystemClock::unix_ms() const noexcept { return read_ns(CLOCK_REALTIME) / 1'000'000; }

}  // namespace anacrusis

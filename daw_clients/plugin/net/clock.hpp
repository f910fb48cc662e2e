// Time as the network thread sees it; tests pass one that they move by hand.
#pragma once

#include <cstdint>

namespace anacrusis {

/// Any thread. The monotonic clock is that of RunRecord::at_ns and of the engine on this machine.
class Clock {
public:
    virtual ~Clock() = default;
    virtual std::int64_t now_ns() const noexcept = 0;
    /// Milliseconds of the wall clock: for numbers that shall be above those of an earlier run.
    virtual std::int64_t unix_ms() const noexcept = 0;
};

/// CLOCK_MONOTONIC and CLOCK_REALTIME.
class SystemClock final : public Clock {
public:
    std::int64_t now_ns() const noexcept override;
    std::int64_t unix_ms() const noexcept override;
};

}  // namespace anacrusis

// How long a bounce waits for an engine that gives no sign of life. Audio thread alone; real-time safe.
#pragma once

#include <cstdint>

namespace anacrusis {

/// Adds up the time spent waiting since the last sign of life; what lies between two waits doesn't count.
class Patience {
public:
    /// A bounce begins.
    void renew() noexcept { silent_ns_ = 0; }

    /// A wait begins.
    void begin(std::int64_t now_ns) noexcept { seen_ns_ = now_ns; }

    /// Whether it is used up: ``limit_ns`` of waiting without ``signs`` having moved. To be asked all the
    /// time while waiting.
    bool used_up(std::int64_t now_ns, std::uint32_t signs, std::int64_t limit_ns) noexcept {
        silent_ns_ = signs == signs_ ? silent_ns_ + (now_ns - seen_ns_) : 0;
        signs_ = signs;
        seen_ns_ = now_ns;
        return silent_ns_ >= limit_ns;
    }

private:
    std::int64_t silent_ns_ = 0, seen_ns_ = 0;
    std::uint32_t signs_ = 0;
};

}  // namespace anacrusis

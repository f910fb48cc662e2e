// Where in a block the ring has sound. Audio thread alone; real-time safe.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace anacrusis {

/// Frames of a run, counted from its first: ``[begin, end)``.
struct Part {
    std::uint32_t begin, end;
};

/// Stretches of a block's frames, in order, apart. Where a block has more of them than kMost (the engine
/// never sends such), the last ones are left out.
class Spans {
public:
    struct Span {
        std::uint32_t begin, end;
    };

    void clear() noexcept { count_ = 0; }

    /// Adds ``[begin, end)``, which begins at or after the last one's end.
    void add(std::uint32_t begin, std::uint32_t end) noexcept {
        if (begin == end) {
            return;
        }
        if (count_ > 0 && spans_[count_ - 1].end == begin) {
            spans_[count_ - 1].end = end;
        } else if (count_ < kMost) {
            spans_[count_++] = {begin, end};
        }
    }

    /// The one that holds ``frame`` or is the next after it; ``[none, none)`` where there is no more.
    Span at_or_after(std::uint32_t frame, std::uint32_t none) const noexcept {
        for (std::size_t i = 0; i < count_; ++i) {
            if (spans_[i].end > frame) {
                return spans_[i];
            }
        }
        return {none, none};
    }

    /// Whether all of ``[begin, end)`` is there.
    bool hold(std::uint32_t begin, std::uint32_t end) const noexcept {
        const Span span = at_or_after(begin, end);
        return begin >= end || (span.begin <= begin && span.end >= end);
    }

    /// From the first to the last frame of a part (of a run that begins at ``offset``) that isn't there.
    Part gap_of(std::uint32_t offset, Part part) const noexcept {
        Part gap{part.end, part.begin};
        for (std::uint32_t at = part.begin; at < part.end;) {
            const Span span = at_or_after(offset + at, offset + part.end);
            if (span.begin > offset + at) {
                gap.begin = std::min(gap.begin, at);
                gap.end = std::min(part.end, span.begin - offset);
            }
            at = span.end - offset;
        }
        return gap;
    }

private:
    static constexpr std::size_t kMost = 64;
    std::array<Span, kMost> spans_{};
    std::size_t count_ = 0;
};

}  // namespace anacrusis

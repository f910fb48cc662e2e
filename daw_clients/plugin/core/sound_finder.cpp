#include "core/sound_finder.hpp"

#include <algorithm>

namespace anacrusis {
namespace {

constexpr std::uint32_t kLooseFrames = static_cast<std::uint32_t>(AudioRing::kToleranceFrames);

/// Up to where the frames from ``from`` on are compared in one way, and in which.
struct Stretch {
    std::uint32_t end;
    std::int64_t tolerance;
};

Stretch stretch_of(const Run& run, std::uint32_t from) noexcept {
    const std::uint32_t head = run.wrapped ? std::min(kLooseFrames, run.frames) : 0;
    const std::uint32_t tail = run.to_wrap ? run.frames - std::min(kLooseFrames, run.frames) : run.frames;
    if (from < head) {
        return {head, AudioRing::kAnySample};
    }
    if (from < tail) {
        return {tail, AudioRing::kToleranceFrames};
    }
    return {run.frames, AudioRing::kAnySample};
}

}  // namespace

Part due_part(const Run& run, const WetRange& range) noexcept {
    if (!run.playing || !range.known()) {
        return {0, 0};
    }
    const std::int64_t frames = run.frames;
    const std::int64_t start = std::max<std::int64_t>(0, range.start);
    const std::int64_t begin = std::clamp<std::int64_t>(start - run.sample, 0, frames);
    const std::int64_t end = range.end <= run.sample ? 0 : std::min(range.end - run.sample, frames);
    return {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(std::max(begin, end))};
}

bool SoundFinder::find(const RunList& runs, const WetRange& range, Spans& spans) const noexcept {
    spans.clear();
    bool complete = true;
    for (const Run& run : runs) {
        const Part due = due_part(run, range);
        for (std::uint32_t at = due.begin; at < due.end;) {
            const std::uint32_t there = count(run, {at, due.end}, true);
            spans.add(run.offset + at, run.offset + at + there);
            at += there;
            complete = complete && at == due.end;
            at += count(run, {at, due.end}, false);
        }
    }
    return complete;
}

std::uint32_t SoundFinder::count_after(PlayHead head, const WetRange& range,
                                       std::uint32_t limit) const noexcept {
    std::uint32_t found = 0;
    while (found < limit) {
        const Run run = head.next(limit - found);
        const Part due = due_part(run, range);
        const std::uint32_t there = due.begin == 0 ? count(run, due, true) : 0;
        found += there;
        if (there < run.frames) {
            break;
        }
    }
    return found;
}

std::uint32_t SoundFinder::read(const Run& run, std::uint32_t from, std::uint32_t end, float* left,
                                float* right) const noexcept {
    for (std::uint32_t at = from; at < end;) {
        const Stretch stretch = stretch_of(run, at);
        const std::uint32_t wanted = std::min(stretch.end, end) - at;
        const std::uint32_t got = ring_.read(run.epoch, run.position + at, run.sample + at, wanted,
                                             stretch.tolerance, left + (at - from), right + (at - from));
        at += got;
        if (got < wanted) {
            return at - from;
        }
    }
    return end - from;
}

/// How many frames of a part, from its first on, are there (or are not).
std::uint32_t SoundFinder::count(const Run& run, Part part, bool there) const noexcept {
    for (std::uint32_t at = part.begin; at < part.end;) {
        const Stretch stretch = stretch_of(run, at);
        const std::uint32_t limit = std::min(stretch.end, part.end) - at;
        const std::int64_t position = run.position + at, sample = run.sample + at;
        const std::uint32_t counted =
            there ? ring_.count_there(run.epoch, position, sample, limit, stretch.tolerance)
                  : ring_.count_missing(run.epoch, position, sample, limit, stretch.tolerance);
        at += counted;
        if (counted < limit) {
            return at - part.begin;
        }
    }
    return part.end - part.begin;
}

}  // namespace anacrusis

#include "net/capture.hpp"

#include <algorithm>
#include <cmath>

namespace anacrusis {
namespace {

constexpr float kSameStep = 1.0F / 32768.0F;

std::int64_t chunk_of(std::int64_t sample) noexcept { return sample / Capture::kChunkFrames; }

float sane(float value) noexcept { return std::isfinite(value) ? value : 0.0F; }

}  // namespace

void Capture::write(std::int64_t sample, const float* interleaved, std::int64_t frames) {
    if (sample < 0) {
        const std::int64_t dropped = std::min(-sample, frames);
        sample += dropped, interleaved += 2 * dropped, frames -= dropped;
    }
    if (frames <= 0) return;
    bool changed = false;
    for (std::int64_t done = 0; done < frames;) {
        const std::int64_t at = sample + done;
        const std::int64_t chunk_end = (chunk_of(at) + 1) * kChunkFrames;
        const bool is_new = !is_covered(at);
        const std::int64_t end = covered_until(at, std::min(sample + frames, chunk_end));
        changed = write_in_chunk(at, interleaved + 2 * done, end - at, is_new) || changed;
        done = end - sample;
    }
    cover({sample, sample + frames});
    newest_ = sample + frames - 1;
    revision_ += changed;
    if (covered_frames_ > most_frames_) shrink();
}

/// A stretch that was captured before from its first frame to its last, or nowhere; true where it is
/// heard to be another one.
bool Capture::write_in_chunk(std::int64_t sample, const float* interleaved, std::int64_t frames,
                             bool is_new) {
    const float* end = interleaved + 2 * frames;
    const bool silent = std::all_of(interleaved, end, [](float value) { return sane(value) == 0.0F; });
    Chunk& chunk = chunks_[chunk_of(sample)];
    if (silent && (is_new || !chunk.sounds)) return false;
    if (chunk.audio.empty()) chunk.audio.assign(2 * kChunkFrames, 0.0F);
    float* kept = chunk.audio.data() + 2 * (sample % kChunkFrames);
    bool changed = is_new;
    for (std::int64_t i = 0; i < 2 * frames && !changed; ++i) {
        changed = std::abs(kept[i] - sane(interleaved[i])) > kSameStep;
    }
    if (!changed) return false;
    std::transform(interleaved, end, kept, sane);
    chunk.sounds = chunk.sounds || !silent;
    return true;
}

bool Capture::is_covered(std::int64_t sample) const noexcept {
    const auto after = covered_.upper_bound(sample);
    return after != covered_.begin() && std::prev(after)->second > sample;
}

/// Up to where all is captured as ``sample`` is, or all isn't; ``end`` at most.
std::int64_t Capture::covered_until(std::int64_t sample, std::int64_t end) const noexcept {
    const auto after = covered_.upper_bound(sample);
    if (after != covered_.begin() && std::prev(after)->second > sample) {
        return std::min(end, std::prev(after)->second);
    }
    return after == covered_.end() ? end : std::min(end, after->first);
}

void Capture::cover(SampleRange range) {
    auto at = covered_.upper_bound(range.start);
    if (at != covered_.begin() && std::prev(at)->second >= range.start) --at;
    while (at != covered_.end() && at->first <= range.end) {
        range = {std::min(range.start, at->first), std::max(range.end, at->second)};
        covered_frames_ -= at->second - at->first;
        at = covered_.erase(at);
    }
    covered_.emplace(range.start, range.end);
    covered_frames_ += range.frames();
}

void Capture::uncover(SampleRange range) {
    auto at = covered_.upper_bound(range.start);
    if (at != covered_.begin()) --at;
    while (at != covered_.end() && at->first < range.end) {
        const SampleRange old{at->first, at->second};
        at = covered_.erase(at);
        covered_frames_ -= old.frames();
        const SampleRange left{old.start, std::min(old.end, range.start)};
        const SampleRange right{std::max(old.start, range.end), old.end};
        for (const SampleRange& rest : {left, right}) {
            if (rest.empty()) continue;
            covered_.emplace(rest.start, rest.end);
            covered_frames_ += rest.frames();
        }
    }
}

void Capture::shrink() {
    while (covered_frames_ > most_frames_ && chunks_.size() > 1) {
        const std::int64_t here = chunk_of(newest_);
        const std::int64_t first = chunks_.begin()->first, last = chunks_.rbegin()->first;
        const std::int64_t gone = here - first > last - here ? first : last;
        chunks_.erase(gone);
        uncover({gone * kChunkFrames, (gone + 1) * kChunkFrames});
    }
}

SampleRange Capture::newest() const noexcept {
    const auto after = covered_.upper_bound(newest_);
    if (after == covered_.begin()) return {};
    const auto& [start, end] = *std::prev(after);
    return end > newest_ ? SampleRange{start, end} : SampleRange{};
}

bool Capture::sounds(SampleRange range) const noexcept {
    const auto end = chunks_.upper_bound(chunk_of(std::max<std::int64_t>(range.end - 1, 0)));
    return std::any_of(chunks_.lower_bound(chunk_of(range.start)), end,
                       [](const auto& entry) { return entry.second.sounds; });
}

void Capture::read(std::int64_t sample, std::int64_t frames, float* interleaved) const noexcept {
    for (std::int64_t done = 0; done < frames;) {
        const std::int64_t at = sample + done;
        const std::int64_t into = ((at % kChunkFrames) + kChunkFrames) % kChunkFrames;
        const std::int64_t count = std::min(frames - done, kChunkFrames - into);
        const auto found = at < 0 ? chunks_.end() : chunks_.find(chunk_of(at));
        float* to = interleaved + 2 * done;
        if (found == chunks_.end() || found->second.audio.empty()) {
            std::fill_n(to, 2 * count, 0.0F);
        } else {
            std::copy_n(found->second.audio.data() + 2 * into, 2 * count, to);
        }
        done += count;
    }
}

void Capture::clear() {
    chunks_.clear();
    covered_.clear();
    covered_frames_ = newest_ = 0;
    ++revision_;
}

}  // namespace anacrusis

#include "core/audio_ring.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>

namespace anacrusis {
namespace {

constexpr std::int64_t kSampleBias = std::int64_t{1} << 39U;  // negative samples keep out of the round
constexpr unsigned kSampleBits = 40;
constexpr unsigned kOwnerShift = kSampleBits;  // what lies above: epoch and round

std::size_t row_of(std::int64_t position) noexcept {
    return static_cast<std::size_t>(position & (AudioRing::kCapacityFrames - 1));
}

std::int64_t rows_to_the_end(std::int64_t position) noexcept {
    return AudioRing::kCapacityFrames - static_cast<std::int64_t>(row_of(position));
}

std::uint64_t packed(float left, float right) noexcept {
    std::uint32_t bits[2];
    std::memcpy(&bits[0], &left, sizeof left);
    std::memcpy(&bits[1], &right, sizeof right);
    return (static_cast<std::uint64_t>(bits[1]) << 32U) | bits[0];
}

void unpack(std::uint64_t frame, float& left, float& right) noexcept {
    const std::uint32_t bits[2] = {static_cast<std::uint32_t>(frame),
                                   static_cast<std::uint32_t>(frame >> 32U)};
    std::memcpy(&left, &bits[0], sizeof left);
    std::memcpy(&right, &bits[1], sizeof right);
}

float finite(float value) noexcept { return std::isfinite(value) ? value : 0.0F; }

bool near_enough(std::int64_t sample, std::uint32_t frames) noexcept {
    return sample > -AudioRing::kFarthestSample && sample < AudioRing::kFarthestSample - frames;
}

bool matches(std::uint64_t tag, std::uint64_t wanted, std::uint64_t tolerance) noexcept {
    return tag - wanted + tolerance <= 2 * tolerance && (tag >> kOwnerShift) == (wanted >> kOwnerShift);
}

}  // namespace

void AudioRing::prepare(double rate_hz) {
    const auto rows = static_cast<std::size_t>(kCapacityFrames);
    tags_ = std::make_unique<std::atomic<std::uint64_t>[]>(rows);
    frames_ = std::make_unique<std::atomic<std::uint64_t>[]>(rows);
    for (std::size_t row = 0; row < rows; ++row) {
        tags_[row].store(0, std::memory_order_relaxed);
        frames_[row].store(0, std::memory_order_relaxed);
    }
    splice_frames_ = std::llround(kSpliceSeconds * rate_hz);
    splice_ = {};
    swept_ = 0;
    start_.store(0, std::memory_order_relaxed);
    floor_.store(0, std::memory_order_release);
}

std::uint64_t AudioRing::tag_of(std::uint32_t epoch, std::int64_t position, std::int64_t sample) noexcept {
    const auto round = static_cast<std::uint64_t>(position / kCapacityFrames) & 0xFFU;
    const auto biased = static_cast<std::uint64_t>(sample + kSampleBias);
    return (static_cast<std::uint64_t>(epoch & 0xFFFFU) << 48U) | (round << kOwnerShift) | biased;
}

// ---------------------------------------------------------------- the writer

AudioRing::Written AudioRing::write(std::uint32_t epoch, std::int64_t address, std::int64_t sample,
                                    const float* interleaved, std::uint32_t frames) noexcept {
    Written written;
    std::int64_t base = 0;
    if (tags_ == nullptr || !near_enough(sample, frames) || !near_enough(address, frames)) {
        return written;
    }
    for (std::int64_t done = 0; done < frames;) {
        if (!epochs_.base_of(epoch, base)) {
            written.stale = true;
            break;
        }
        const std::int64_t position = base + address + done;
        const std::int64_t start = start_.load(std::memory_order_acquire);
        const std::int64_t floor = std::max(start, floor_.load(std::memory_order_acquire));
        if (position < floor) {
            const auto skipped = std::min<std::int64_t>(frames - done, floor - position);
            written.late += static_cast<std::uint32_t>(skipped);
            done += skipped;
            continue;
        }
        const std::int64_t room = start + kCapacityFrames - position;
        if (room <= 0) {
            written.beyond = static_cast<std::uint32_t>(frames - done);
            break;
        }
        const std::int64_t chunk = std::min({room, kChunkFrames, frames - done});
        written.taken += write_chunk(epoch, position, sample + done, interleaved + 2 * done,
                                     static_cast<std::uint32_t>(chunk));
        done += chunk;
    }
    return written;
}

std::uint32_t AudioRing::write_chunk(std::uint32_t epoch, std::int64_t position, std::int64_t sample,
                                     const float* interleaved, std::uint32_t frames) noexcept {
    if (splice_.epoch != epoch || splice_.next != position) {
        const std::uint32_t replaced = of_epoch(epoch, position, static_cast<std::uint32_t>(splice_frames_));
        splice_ = {epoch, position, position, position + replaced};
    }
    for (std::uint32_t i = 0; i < frames; ++i) {
        const std::int64_t at = position + i;
        float left = finite(interleaved[2 * i]), right = finite(interleaved[2 * i + 1]);
        std::atomic<std::uint64_t>& tag = tags_[row_of(at)];
        std::atomic<std::uint64_t>& frame = frames_[row_of(at)];
        if (at < splice_.end) {
            const auto phase = static_cast<double>(at - splice_.start) /
                               static_cast<double>(splice_.end - splice_.start);
            const auto leaves = static_cast<float>(0.5 + 0.5 * std::cos(3.14159265358979323846 * phase));
            float old_left = 0.0F, old_right = 0.0F;
            unpack(frame.load(std::memory_order_relaxed), old_left, old_right);
            left += (old_left - left) * leaves;
            right += (old_right - right) * leaves;
        }
        // A reader that sees the new frame sees that the old tag is gone: it looks at the tag again.
        tag.store(0, std::memory_order_relaxed);
        frame.store(packed(left, right), std::memory_order_release);
        tag.store(tag_of(epoch, at, sample + i), std::memory_order_release);
    }
    splice_.next = position + frames;
    return frames;
}

std::uint32_t AudioRing::of_epoch(std::uint32_t epoch, std::int64_t position,
                                  std::uint32_t limit) const noexcept {
    return count_there(epoch, position, 0, limit, kAnySample);
}

bool AudioRing::read_address(std::uint32_t epoch, std::int64_t& address) const noexcept {
    std::int64_t base = 0;
    if (!epochs_.base_of(epoch, base)) {
        return false;
    }
    address = start_.load(std::memory_order_acquire) - base;
    return true;
}

bool AudioRing::room_until(std::uint32_t epoch, std::int64_t& address) const noexcept {
    const bool known = read_address(epoch, address);
    address += known ? kCapacityFrames : 0;
    return known;
}

std::uint32_t AudioRing::frames_ahead(std::uint32_t epoch, std::uint32_t limit) const noexcept {
    const std::int64_t start = start_.load(std::memory_order_acquire);
    const auto most = static_cast<std::uint32_t>(std::min<std::int64_t>(limit, kCapacityFrames));
    return tags_ == nullptr ? 0 : of_epoch(epoch, start, most);
}

// ---------------------------------------------------------------- the reader

void AudioRing::begin_block(std::int64_t start, std::int64_t floor) noexcept {
    floor_.store(floor, std::memory_order_release);
    start_.store(start, std::memory_order_release);
}

template <bool there>
std::uint32_t AudioRing::count(std::uint32_t epoch, std::int64_t position, std::int64_t sample,
                               std::uint32_t limit, std::int64_t tolerance) const noexcept {
    if (!near_enough(sample, limit)) {
        return there ? 0 : limit;
    }
    const auto slack = static_cast<std::uint64_t>(tolerance);
    for (std::uint32_t done = 0; done < limit;) {
        const std::int64_t at = position + done;
        const std::atomic<std::uint64_t>* tags = &tags_[row_of(at)];
        const std::uint64_t wanted = tag_of(epoch, at, sample + done);
        const std::int64_t in_memory = rows_to_the_end(at);
        const auto piece = static_cast<std::uint32_t>(std::min<std::int64_t>(limit - done, in_memory));
        for (std::uint32_t i = 0; i < piece; ++i) {
            if (matches(tags[i].load(std::memory_order_acquire), wanted + i, slack) != there) {
                return done + i;
            }
        }
        done += piece;
    }
    return limit;
}

std::uint32_t AudioRing::count_there(std::uint32_t epoch, std::int64_t position, std::int64_t sample,
                                     std::uint32_t limit, std::int64_t tolerance) const noexcept {
    return count<true>(epoch, position, sample, limit, tolerance);
}

std::uint32_t AudioRing::count_missing(std::uint32_t epoch, std::int64_t position, std::int64_t sample,
                                       std::uint32_t limit, std::int64_t tolerance) const noexcept {
    return count<false>(epoch, position, sample, limit, tolerance);
}

std::uint32_t AudioRing::read(std::uint32_t epoch, std::int64_t position, std::int64_t sample,
                              std::uint32_t frames, std::int64_t tolerance, float* left,
                              float* right) const noexcept {
    const auto slack = static_cast<std::uint64_t>(tolerance);
    std::uint64_t wanted = tag_of(epoch, position, sample);
    for (std::uint32_t i = 0; i < frames; ++i, ++wanted) {
        const std::size_t row = row_of(position + i);
        if (row == 0) {
            wanted = tag_of(epoch, position + i, sample + i);  // the ring's next round
        }
        const std::uint64_t tag = tags_[row].load(std::memory_order_acquire);
        if (!matches(tag, wanted, slack)) {
            return i;
        }
        unpack(frames_[row].load(std::memory_order_acquire), left[i], right[i]);
        if (tags_[row].load(std::memory_order_relaxed) != tag) {
            return i;  // it is being replaced
        }
    }
    return frames;
}

void AudioRing::end_block(std::int64_t end) noexcept {
    for (std::int64_t at = start_.load(std::memory_order_relaxed); at < end; ++at) {
        tags_[row_of(at)].store(0, std::memory_order_relaxed);
    }
    start_.store(end, std::memory_order_release);
}

void AudioRing::sweep() noexcept {
    for (std::int64_t i = 0; i < kSweepFrames; ++i) {
        std::atomic<std::uint64_t>& tag = tags_[row_of(swept_ + i)];
        std::uint64_t old = tag.load(std::memory_order_relaxed);
        if (old != 0) {
            tag.compare_exchange_strong(old, 0, std::memory_order_relaxed);
        }
    }
    swept_ += kSweepFrames;
}

}  // namespace anacrusis

// What the track plays, on its way to the network thread. One thread pushes, one pops; no locks.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace anacrusis {

/// Stereo frames in order, as they came from the host: bit for bit, NaN too.
class InputRing {
public:
    static constexpr std::size_t kCapacityFrames = std::size_t{1} << 18U;

    /// Empties it. Main thread, while neither of the two threads is at it; allocates.
    void prepare() {
        frames_ = std::make_unique<Frame[]>(kCapacityFrames);
        pushed_.store(0, std::memory_order_relaxed);
        popped_.store(0, std::memory_order_relaxed);
    }

    /// How many frames can be pushed at least. Audio thread; real-time safe.
    std::size_t free_frames() const noexcept {
        const std::size_t popped = popped_.load(std::memory_order_acquire);
        return frames_ == nullptr ? 0 : kCapacityFrames - (pushed_.load(std::memory_order_relaxed) - popped);
    }

    /// Adds all the frames, or none where there isn't room (false). Audio thread; real-time safe.
    bool push(const float* left, const float* right, std::size_t frames) noexcept {
        if (free_frames() < frames) {
            return false;
        }
        const std::size_t at = pushed_.load(std::memory_order_relaxed);
        for (std::size_t done = 0; done < frames;) {
            const std::size_t row = (at + done) % kCapacityFrames;
            const std::size_t count = std::min(frames - done, kCapacityFrames - row);
            for (std::size_t i = 0; i < count; ++i) {
                frames_[row + i] = {left[done + i], right[done + i]};
            }
            done += count;
        }
        pushed_.store(at + frames, std::memory_order_release);
        return true;
    }

    /// How many frames can be popped at least. Network thread; real-time safe.
    std::size_t readable_frames() const noexcept {
        const std::size_t popped = popped_.load(std::memory_order_relaxed);
        return pushed_.load(std::memory_order_acquire) - popped;
    }

    /// Moves up to ``frames`` frames out, interleaved (left, right); returns how many. Network thread;
    /// real-time safe. The frames of an InputRecord are there when the record is.
    std::size_t pop(float* interleaved, std::size_t frames) noexcept {
        const std::size_t count = std::min(frames, readable_frames());
        const std::size_t at = popped_.load(std::memory_order_relaxed);
        for (std::size_t i = 0; i < count; ++i) {
            const Frame& frame = frames_[(at + i) % kCapacityFrames];
            interleaved[2 * i] = frame.left;
            interleaved[2 * i + 1] = frame.right;
        }
        popped_.store(at + count, std::memory_order_release);
        return count;
    }

private:
    struct Frame {
        float left, right;
    };
    std::unique_ptr<Frame[]> frames_;
    alignas(64) std::atomic<std::size_t> pushed_{0};
    alignas(64) std::atomic<std::size_t> popped_{0};
};

}  // namespace anacrusis

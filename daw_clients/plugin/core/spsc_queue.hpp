// A queue between exactly two threads: one pushes, one pops. Neither ever waits or takes a lock.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <type_traits>

namespace anacrusis {

/// Items in the order in which they were pushed. Memory is taken in prepare() alone.
template <typename Item>
class SpscQueue {
    static_assert(std::is_trivially_copyable_v<Item>, "items are copied by both threads");

public:
    /// Room for ``capacity`` items (rounded up to a power of two), empty. Main thread, while neither of
    /// the two threads is at it; allocates.
    void prepare(std::size_t capacity) {
        std::size_t size = 1;
        while (size < capacity) {
            size *= 2;
        }
        items_ = std::make_unique<Item[]>(size);
        mask_ = size - 1;
        pushed_.store(0, std::memory_order_relaxed);
        popped_.store(0, std::memory_order_relaxed);
        popped_seen_ = pushed_seen_ = 0;
    }

    /// Adds an item; false where the queue is full (nothing is added then). The pushing thread;
    /// real-time safe.
    bool try_push(const Item& item) noexcept {
        const std::size_t at = pushed_.load(std::memory_order_relaxed);
        if (at - popped_seen_ > mask_) {
            popped_seen_ = popped_.load(std::memory_order_acquire);
        }
        if (items_ == nullptr || at - popped_seen_ > mask_) {
            return false;
        }
        items_[at & mask_] = item;
        pushed_.store(at + 1, std::memory_order_release);
        return true;
    }

    /// At least so many pushes will succeed. The pushing thread; real-time safe.
    std::size_t free_slots() const noexcept {
        const std::size_t popped = popped_.load(std::memory_order_acquire);
        return items_ == nullptr ? 0 : mask_ + 1 - (pushed_.load(std::memory_order_relaxed) - popped);
    }

    /// Takes the oldest item; false where there is none. The popping thread; real-time safe.
    bool try_pop(Item& item) noexcept {
        const std::size_t at = popped_.load(std::memory_order_relaxed);
        if (at == pushed_seen_) {
            pushed_seen_ = pushed_.load(std::memory_order_acquire);
            if (at == pushed_seen_) {
                return false;
            }
        }
        item = items_[at & mask_];
        popped_.store(at + 1, std::memory_order_release);
        return true;
    }

    /// How many items there are, as seen now. Any thread; real-time safe.
    std::size_t size() const noexcept {
        const std::size_t popped = popped_.load(std::memory_order_acquire);
        return pushed_.load(std::memory_order_acquire) - popped;
    }

private:
    std::unique_ptr<Item[]> items_;
    std::size_t mask_ = 0;
    alignas(64) std::atomic<std::size_t> pushed_{0};
    std::size_t popped_seen_ = 0;  // the pushing thread's
    alignas(64) std::atomic<std::size_t> popped_{0};
    std::size_t pushed_seen_ = 0;  // the popping thread's
};

}  // namespace anacrusis

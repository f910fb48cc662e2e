// Counts what no audio thread may do: memory, locks, system calls. Linked into a program (with exported
// symbols), counted_calls.cpp stands before the C library for all that the program loads too.
#pragma once

#include <cstdint>

namespace counted {

struct Calls {
    std::uint64_t allocations = 0;  // malloc, calloc, realloc, free, memalign and their kin, new, delete
    std::uint64_t locks = 0;        // mutexes, conditions, rwlocks, semaphores, spinlocks
    std::uint64_t syscalls = 0;     // files, sockets, polls, sleeps, and all that goes through syscall()

    std::uint64_t all() const noexcept { return allocations + locks + syscalls; }
};

/// This thread's, made while a Watch of its own lived.
Calls calls() noexcept;
void forget_calls() noexcept;

/// While it lives, this thread's calls are counted.
class Watch {
public:
    Watch() noexcept;
    ~Watch();
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;
};

}  // namespace counted

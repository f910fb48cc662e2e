#include "counted_calls.hpp"

#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <cstdlib>
#include <new>

namespace {

thread_local bool watched = false;
thread_local counted::Calls counts;

void allocation() noexcept { counts.allocations += watched ? 1 : 0; }
void lock() noexcept { counts.locks += watched ? 1 : 0; }
void system_call() noexcept { counts.syscalls += watched ? 1 : 0; }

/// The C library's own function. Conditions have two versions there; the newer one is meant.
template <typename Function>
Function* next(Function*, const char* name) noexcept {
    const bool was_watched = watched;
    watched = false;  // the search is ours
    void* found = dlvsym(RTLD_NEXT, name, "GLIBC_2.3.2");
    found = found != nullptr ? found : dlsym(RTLD_NEXT, name);
    if (found == nullptr) {
        std::abort();
    }
    watched = was_watched;
    return reinterpret_cast<Function*>(found);
}

}  // namespace

namespace counted {

Calls calls() noexcept { return counts; }
void forget_calls() noexcept { counts = {}; }
Watch::Watch() noexcept { watched = true; }
Watch::~Watch() { watched = false; }

}  // namespace counted

// ---------------------------------------------------------------- memory

extern "C" {

void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);
void __libc_free(void*);

void* malloc(std::size_t size) {
    allocation();
    return __libc_malloc(size);
}
void* calloc(std::size_t count, std::size_t size) {
    allocation();
    return __libc_calloc(count, size);
}
void* realloc(void* old, std::size_t size) {
    allocation();
    return __libc_realloc(old, size);
}
void free(void* memory) {
    allocation();
    __libc_free(memory);
}
void* memalign(std::size_t alignment, std::size_t size) {
    allocation();
    return __libc_memalign(alignment, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) {
    allocation();
    return __libc_memalign(alignment, size);
}
int posix_memalign(void** memory, std::size_t alignment, std::size_t size) {
    allocation();
    *memory = __libc_memalign(alignment, size);
    return *memory == nullptr ? ENOMEM : 0;
}

}  // extern "C"

void* operator new(std::size_t size) {
    if (void* memory = malloc(size > 0 ? size : 1)) {
        return memory;
    }
    throw std::bad_alloc();
}
void* operator new[](std::size_t size) { return operator new(size); }
void* operator new(std::size_t size, std::align_val_t alignment) {
    if (void* memory = memalign(static_cast<std::size_t>(alignment), size)) {
        return memory;
    }
    throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { free(memory); }
void operator delete[](void* memory) noexcept { free(memory); }
void operator delete(void* memory, std::size_t) noexcept { free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { free(memory); }

// ---------------------------------------------------------------- locks and system calls

// A function that counts and goes on to the C library's.
#define COUNTED(kind, result, name, parameters, arguments)      \
    result name parameters {                                    \
        kind();                                                 \
        static auto* const real = next(&name, #name);           \
        return real arguments;                                  \
    }

extern "C" {

COUNTED(lock, int, pthread_mutex_lock, (pthread_mutex_t * m) noexcept, (m))
COUNTED(lock, int, pthread_mutex_trylock, (pthread_mutex_t * m) noexcept, (m))
COUNTED(lock, int, pthread_mutex_timedlock, (pthread_mutex_t * m, const timespec* t) noexcept, (m, t))
COUNTED(lock, int, pthread_mutex_unlock, (pthread_mutex_t * m) noexcept, (m))
COUNTED(lock, int, pthread_cond_wait, (pthread_cond_t * c, pthread_mutex_t* m), (c, m))
COUNTED(lock, int, pthread_cond_timedwait, (pthread_cond_t * c, pthread_mutex_t* m, const timespec* t),
        (c, m, t))
COUNTED(lock, int, pthread_cond_signal, (pthread_cond_t * c) noexcept, (c))
COUNTED(lock, int, pthread_cond_broadcast, (pthread_cond_t * c) noexcept, (c))
COUNTED(lock, int, pthread_rwlock_rdlock, (pthread_rwlock_t * l) noexcept, (l))
COUNTED(lock, int, pthread_rwlock_tryrdlock, (pthread_rwlock_t * l) noexcept, (l))
COUNTED(lock, int, pthread_rwlock_wrlock, (pthread_rwlock_t * l) noexcept, (l))
COUNTED(lock, int, pthread_rwlock_trywrlock, (pthread_rwlock_t * l) noexcept, (l))
COUNTED(lock, int, pthread_rwlock_unlock, (pthread_rwlock_t * l) noexcept, (l))
COUNTED(lock, int, pthread_spin_lock, (pthread_spinlock_t * l) noexcept, (l))
COUNTED(lock, int, sem_wait, (sem_t * s), (s))
COUNTED(lock, int, sem_trywait, (sem_t * s) noexcept, (s))
COUNTED(lock, int, sem_timedwait, (sem_t * s, const timespec* t), (s, t))
COUNTED(lock, int, sem_post, (sem_t * s) noexcept, (s))

COUNTED(system_call, ssize_t, read, (int f, void* b, std::size_t n), (f, b, n))
COUNTED(system_call, ssize_t, write, (int f, const void* b, std::size_t n), (f, b, n))
COUNTED(system_call, int, close, (int f), (f))
COUNTED(system_call, int, socket, (int d, int t, int p) noexcept, (d, t, p))
COUNTED(system_call, int, connect, (int f, const sockaddr* a, socklen_t n), (f, a, n))
COUNTED(system_call, ssize_t, send, (int f, const void* b, std::size_t n, int g), (f, b, n, g))
COUNTED(system_call, ssize_t, recv, (int f, void* b, std::size_t n, int g), (f, b, n, g))
COUNTED(system_call, ssize_t, sendmsg, (int f, const msghdr* m, int g), (f, m, g))
COUNTED(system_call, ssize_t, recvmsg, (int f, msghdr* m, int g), (f, m, g))
COUNTED(system_call, int, poll, (pollfd * f, nfds_t n, int t), (f, n, t))
COUNTED(system_call, int, select, (int n, fd_set* r, fd_set* w, fd_set* e, timeval* t), (n, r, w, e, t))
COUNTED(system_call, int, epoll_wait, (int e, epoll_event* v, int n, int t), (e, v, n, t))
COUNTED(system_call, void*, mmap, (void* a, std::size_t n, int p, int g, int f, off_t o) noexcept,
        (a, n, p, g, f, o))
COUNTED(system_call, int, munmap, (void* a, std::size_t n) noexcept, (a, n))
COUNTED(system_call, int, sched_yield, () noexcept, ())
COUNTED(system_call, int, usleep, (useconds_t t), (t))
COUNTED(system_call, int, nanosleep, (const timespec* t, timespec* r), (t, r))
COUNTED(system_call, int, clock_nanosleep, (clockid_t c, int g, const timespec* t, timespec* r), (c, g, t, r))

int open(const char* path, int flags, ...) {
    system_call();
    std::va_list more;
    va_start(more, flags);
    const auto mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(more, mode_t) : mode_t{0};
    va_end(more);
    static auto* const real = next(&open, "open");
    return real(path, flags, mode);
}

int openat(int folder, const char* path, int flags, ...) {
    system_call();
    std::va_list more;
    va_start(more, flags);
    const auto mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(more, mode_t) : mode_t{0};
    va_end(more);
    static auto* const real = next(&openat, "openat");
    return real(folder, path, flags, mode);
}

long syscall(long number, ...) noexcept {
    system_call();
    std::va_list more;
    va_start(more, number);
    long arguments[6];
    for (long& argument : arguments) {
        argument = va_arg(more, long);
    }
    va_end(more);
    static auto* const real = next(&syscall, "syscall");
    return real(number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5]);
}

}  // extern "C"

// The tests' own tiny harness: CHECK counts and tells where, main() ends with ``return check::finish();``.
#pragma once

#include <cmath>
#include <cstdio>

namespace check {

inline int passed = 0, failed = 0;

inline void note(bool held, const char* words, const char* file, int line) {
    ++(held ? passed : failed);
    if (!held) std::fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, words);
}

inline void note_near(double got, double wanted, double tolerance, const char* words, const char* file,
                      int line) {
    const bool held = std::abs(got - wanted) <= tolerance;
    note(held, words, file, line);
    if (!held) std::fprintf(stderr, "    %.17g is not %.17g\n", got, wanted);
}

/// Prints the countable line; the exit status of a program that has checked something, all of which held.
inline int finish() {
    std::printf("%d checks passed\n", passed);
    if (failed > 0) std::printf("%d checks FAILED\n", failed);
    return failed == 0 && passed > 0 ? 0 : 1;
}

}  // namespace check

#define CHECK(condition) ::check::note(static_cast<bool>(condition), #condition, __FILE__, __LINE__)
#define CHECK_NEAR(got, wanted, tolerance) \
    ::check::note_near((got), (wanted), (tolerance), #got " near " #wanted, __FILE__, __LINE__)

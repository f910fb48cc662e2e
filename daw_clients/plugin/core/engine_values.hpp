// The engine's controls among all controls. Compile-time tables; any thread.
#pragma once

#include <array>
#include <cstddef>

#include "core/contract.hpp"

namespace anacrusis {

constexpr std::size_t count_engine_controls() noexcept {
    std::size_t count = 0;
    for (const ControlSpec& control : kControls) {
        count += control.role == Role::engine ? 1 : 0;
    }
    return count;
}

inline constexpr std::size_t kEngineControlCount = count_engine_controls();

constexpr std::array<int, kEngineControlCount> list_engine_controls() noexcept {
    std::array<int, kEngineControlCount> indexes{};
    std::size_t found = 0;
    for (int control = 0; control < kControlCount; ++control) {
        if (kControls[control].role == Role::engine) {
            indexes[found++] = control;
        }
    }
    return indexes;
}

/// Their indexes into kControls.
inline constexpr std::array<int, kEngineControlCount> kEngineControls = list_engine_controls();

/// Their values at one moment, in that order.
using EngineValues = std::array<float, kEngineControlCount>;

/// Whose value moves in steps: between two choices there is none.
constexpr bool moves_in_steps(const ControlSpec& control) noexcept {
    return control.law == Law::choice || control.law == Law::integer;
}

}  // namespace anacrusis

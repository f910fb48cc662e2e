// Controls as the network thread reads them. Any thread; real-time safe.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "core/contract.hpp"

namespace anacrusis {

/// A control that is a choice or a whole number, held to its range.
inline int whole_value(const Shared& shared, Control control) noexcept {
    const ControlSpec& spec = kControls[index_of(control)];
    const auto index = static_cast<std::size_t>(index_of(control));
    const float value = shared.values[index].load(std::memory_order_relaxed);
    if (!std::isfinite(value)) return static_cast<int>(spec.default_value);
    return static_cast<int>(std::lround(std::clamp(value, spec.minimum, spec.maximum)));
}

}  // namespace anacrusis

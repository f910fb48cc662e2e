// From the plugin's window to the plugin it belongs to.
#pragma once

#include "core/instance.hpp"

namespace anacrusis {

/// The instance behind ``UI::getPluginInstancePointer()``, never null there; it outlives the window.
/// Main thread. What may be called on it from there is said in core/instance.hpp.
Instance& instance_of(void* plugin_instance_pointer) noexcept;

}  // namespace anacrusis

// What the window reads from the plugin it belongs to, past the host: hosts push no text from a plugin
// to its window, and some push no values either.
#pragma once

#include <memory>
#include <string>

namespace anacrusis::ui {

/// The UI's thread only.
class PluginSide {
public:
    virtual ~PluginSide() = default;
    /// A state key's text, or "details": the plugin's words on its status. May wait some ms for a lock.
    virtual std::string state(const char* key) = 0;
    virtual float value(int control) const noexcept = 0;
};

/// ``instance_pointer`` is DPF's UI::getPluginInstancePointer(); null, and so is the answer, where the
/// window is not in the plugin's process.
std::unique_ptr<PluginSide> plugin_side(void* instance_pointer);

}  // namespace anacrusis::ui

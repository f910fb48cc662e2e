// Keeps a panel up to date with the plugin it is the window of.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "generated/plugin_controls.hpp"
#include "ui/panel.hpp"
#include "ui/plugin_side.hpp"

namespace anacrusis::ui {

/// Of the values it tells what changed on the plugin's side since it was read last: only that, so that one
/// on its way there through the host is not taken back meanwhile. Words go there past the host (DPF's patch)
/// and are told as they are. The UI's thread only.
class PluginReader {
public:
    /// Without a side it does nothing.
    explicit PluginReader(std::unique_ptr<PluginSide> side) noexcept;

    /// To be called often; reads values ten times a second, words less often but with every new status.
    void idle(Panel& panel, std::int64_t now_ms);

private:
    static constexpr std::int64_t kValuesMs = 100;
    static constexpr std::int64_t kWordsMs = 400;

    void read_values(Panel& panel);
    void read_words(Panel& panel);
    float status() const noexcept { return values_[index_of(Control::status)]; }

    std::unique_ptr<PluginSide> side_;
    std::int64_t values_at_ms_ = -kValuesMs, words_at_ms_ = -kWordsMs;
    std::array<float, kControlCount> values_{};
};

}  // namespace anacrusis::ui

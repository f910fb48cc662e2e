// The controls' values as the window shows them, and the hand on them.
#pragma once

#include <array>
#include <cstdint>

#include "generated/plugin_controls.hpp"
#include "ui/panel_host.hpp"

namespace anacrusis::ui {

constexpr const ControlSpec& spec_of(int control) noexcept { return kControls[control]; }

/// ``value`` within the control's range, whole where the control is; not a number: its default.
float fitting(int control, double value) noexcept;

/// Place of a value in its control's range, 0..1, and back.
double to_place(int control, float value) noexcept;
float from_place(int control, double place) noexcept;

/// The UI's thread only. Values are always within their range. Every change made here is told to the
/// host inside a gesture; engine controls tell the plugin's own side with the state key ``touch``
/// ("<name> 1", "<name> 0"), as not every format hands gestures through.
class Controls {
public:
    explicit Controls(PanelHost& host);

    float value(int control) const noexcept { return values_[static_cast<std::size_t>(control)]; }
    int choice(int control) const noexcept { return static_cast<int>(value(control)); }
    /// Whether the host has ever told this control's value.
    bool is_told(int control) const noexcept { return told_[static_cast<std::size_t>(control)]; }

    /// The host's word; under a hand, and where it is not a number, it changes nothing.
    /// True: something changed.
    bool hear(int control, float value) noexcept;

    void grab(int control);
    void turn(int control, double value);
    void let_go(int control);

    /// A change at once, as a gesture of its own.
    void set(int control, double value);
    /// A step of a wheel: the gesture ends by itself in idle(), 400 ms after the last one.
    void nudge(int control, double value, std::int64_t now_ms);
    void idle(std::int64_t now_ms);
    void let_go_all();

private:
    static constexpr std::int64_t kNudgeMs = 400;
    static constexpr std::int64_t kHeld = -1;  // until let_go()

    struct Hand {
        bool on = false;
        std::int64_t until_ms = kHeld;
    };

    void tell_touch(int control, bool touched);

    PanelHost& host_;
    std::array<float, kControlCount> values_{};
    std::array<bool, kControlCount> told_{};
    std::array<Hand, kControlCount> hands_{};
};

}  // namespace anacrusis::ui

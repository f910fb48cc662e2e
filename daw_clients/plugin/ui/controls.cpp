#include "ui/controls.hpp"

#include <algorithm>
#include <cmath>
#include <string>

namespace anacrusis::ui {
namespace {

constexpr bool is_whole(int control) noexcept {
    return spec_of(control).law == Law::integer || spec_of(control).law == Law::choice;
}

constexpr bool is_control(int control) noexcept { return control >= 0 && control < kControlCount; }

constexpr double low_of(int control) noexcept { return static_cast<double>(spec_of(control).minimum); }
constexpr double high_of(int control) noexcept { return static_cast<double>(spec_of(control).maximum); }

constexpr bool every_range_is_one() noexcept {
    for (int i = 0; i < kControlCount; ++i)
        if (!(low_of(i) < high_of(i))) return false;
    return true;
}
static_assert(every_range_is_one(), "a control that can't move");

}  // namespace

float fitting(int control, double value) noexcept {
    if (std::isnan(value)) return spec_of(control).default_value;
    const double held = std::clamp(value, low_of(control), high_of(control));
    return static_cast<float>(is_whole(control) ? std::round(held) : held);
}

double to_place(int control, float value) noexcept {
    const double held = static_cast<double>(fitting(control, static_cast<double>(value)));
    return (held - low_of(control)) / (high_of(control) - low_of(control));
}

float from_place(int control, double place) noexcept {
    const double range = high_of(control) - low_of(control);
    return fitting(control, low_of(control) + std::clamp(place, 0.0, 1.0) * range);
}

Controls::Controls(PanelHost& host) : host_(host) {
    for (int i = 0; i < kControlCount; ++i) values_[static_cast<std::size_t>(i)] = spec_of(i).default_value;
}

bool Controls::hear(int control, float value) noexcept {
    if (!is_control(control) || std::isnan(value)) return false;
    const auto at = static_cast<std::size_t>(control);
    const float fits = fitting(control, static_cast<double>(value));
    const bool changed = !told_[at] || (fits < values_[at] || fits > values_[at]);
    told_[at] = true;
    if (hands_[at].on || !changed) return false;
    values_[at] = fits;
    return true;
}

void Controls::grab(int control) {
    Hand& hand = hands_[static_cast<std::size_t>(control)];
    hand.until_ms = kHeld;
    if (hand.on) return;
    hand.on = true;
    host_.gesture(control, true);
    tell_touch(control, true);
}

void Controls::turn(int control, double value) {
    float& held = values_[static_cast<std::size_t>(control)];
    const float fits = fitting(control, value);
    if (!(fits < held) && !(fits > held)) return;
    held = fits;
    host_.set_value(control, fits);
}

void Controls::let_go(int control) {
    Hand& hand = hands_[static_cast<std::size_t>(control)];
    if (!hand.on) return;
    hand = Hand{};
    tell_touch(control, false);
    host_.gesture(control, false);
}

void Controls::set(int control, double value) {
    const float fits = fitting(control, value);
    if (!(fits < this->value(control)) && !(fits > this->value(control))) return;
    grab(control);
    turn(control, value);
    let_go(control);
}

void Controls::nudge(int control, double value, std::int64_t now_ms) {
    grab(control);
    turn(control, value);
    hands_[static_cast<std::size_t>(control)].until_ms = now_ms + kNudgeMs;
}

void Controls::idle(std::int64_t now_ms) {
    for (int i = 0; i < kControlCount; ++i) {
        const Hand& hand = hands_[static_cast<std::size_t>(i)];
        if (hand.on && hand.until_ms != kHeld && now_ms >= hand.until_ms) let_go(i);
    }
}

void Controls::let_go_all() {
    for (int i = 0; i < kControlCount; ++i) let_go(i);
}

void Controls::tell_touch(int control, bool touched) {
    const ControlSpec& spec = spec_of(control);
    if (spec.role != Role::engine) return;
    host_.set_text("touch", std::string(spec.name) + (touched ? " 1" : " 0"));
}

}  // namespace anacrusis::ui

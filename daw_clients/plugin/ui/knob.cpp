#include "ui/knob.hpp"

#include <algorithm>
#include <cmath>

#include "ui/value_text.hpp"

namespace anacrusis::ui {
namespace {

constexpr double kPi = 3.14159265358979323846;
constexpr double kDragLength = 180.0;  // for the whole range
constexpr double kWheelStep = 0.02;    // of the range
constexpr double kFine = 0.1;

double angle_at(double place) noexcept { return (0.75 + 1.5 * std::clamp(place, 0.0, 1.0)) * kPi; }

Point on_circle(Point centre, double radius, double angle) noexcept {
    return {centre.x + radius * std::cos(angle), centre.y + radius * std::sin(angle)};
}

/// Where the arc begins: a loudness is read from 0 dB, all else from its minimum.
double origin_of(int control) noexcept {
    return spec_of(control).law == Law::decibel ? to_place(control, 0.0f) : 0.0;
}

}  // namespace

void Knob::draw(Canvas& canvas, Look look) const {
    const Colour words = look.dimmed ? kFaint : kText;
    const Font label{diameter_ > 40.0 ? 12.5 : 11.0, false};
    const Point middle = box().centre();
    canvas.text({middle.x, box().y + 11.0}, spec_of(control_).label, label, look.dimmed ? kFaint : kMuted,
                Align::centre);
    draw_dial(canvas, look);
    canvas.text({middle.x, box().bottom() - 2.0}, value_text(control_, controls_.value(control_)),
                {diameter_ > 40.0 ? 13.0 : 11.0, true}, words, Align::centre);
}

void Knob::draw_dial(Canvas& canvas, Look look) const {
    const double radius = diameter_ / 2.0, thick = diameter_ > 40.0 ? 5.0 : 3.5;
    const Point centre{box().centre().x, box().y + (diameter_ > 40.0 ? 22.0 : 19.0) + radius};
    const double place = to_place(control_, controls_.value(control_));
    const double from = std::min(place, origin_of(control_)), to = std::max(place, origin_of(control_));
    const Colour lit = look.dimmed ? kFaint : kAccent;
    canvas.arc(centre, radius, angle_at(0.0), angle_at(1.0), kLine, thick);
    if (to - from > 0.001) canvas.arc(centre, radius, angle_at(from), angle_at(to), lit, thick);
    canvas.disc(centre, radius - thick - 1.5, look.hovered || held_ ? rgb(0x363c46) : kRaised);
    const double needle = angle_at(place);
    canvas.line(on_circle(centre, radius * 0.30, needle), on_circle(centre, radius - thick - 4.0, needle),
                look.dimmed ? kMuted : kText, diameter_ > 40.0 ? 2.6 : 2.0);
}

void Knob::press(const Press& press) {
    if (press.twice) return controls_.set(control_, static_cast<double>(spec_of(control_).default_value));
    held_ = true;
    last_y_ = press.at.y;
    place_ = to_place(control_, controls_.value(control_));
    controls_.grab(control_);
}

void Knob::drag(Point to, Mods mods) {
    if (!held_) return;
    const double by = (last_y_ - to.y) / kDragLength * (mods.shift ? kFine : 1.0);
    last_y_ = to.y;
    place_ = std::clamp(place_ + by, 0.0, 1.0);
    controls_.turn(control_, static_cast<double>(from_place(control_, place_)));
}

void Knob::release() {
    held_ = false;
    controls_.let_go(control_);
}

bool Knob::scroll(double steps, Mods mods, std::int64_t now_ms) {
    if (held_) return true;
    const double by = steps * kWheelStep * (mods.shift ? kFine : 1.0);
    const double place = to_place(control_, controls_.value(control_)) + by;
    controls_.nudge(control_, static_cast<double>(from_place(control_, place)), now_ms);
    return true;
}

}  // namespace anacrusis::ui

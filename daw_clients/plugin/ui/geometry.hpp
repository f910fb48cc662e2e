// Points and boxes of the window, in units of its base size (see panel.hpp): one unit is one pixel at
// scale 1.
#pragma once

namespace anacrusis::ui {

struct Point {
    double x = 0.0, y = 0.0;
};

struct Rect {
    double x = 0.0, y = 0.0, w = 0.0, h = 0.0;

    constexpr double right() const noexcept { return x + w; }
    constexpr double bottom() const noexcept { return y + h; }
    constexpr Point centre() const noexcept { return {x + w / 2.0, y + h / 2.0}; }
    constexpr bool contains(Point p) const noexcept {
        return p.x >= x && p.x < right() && p.y >= y && p.y < bottom();
    }
    constexpr Rect inset(double by) const noexcept { return {x + by, y + by, w - 2.0 * by, h - 2.0 * by}; }
};

}  // namespace anacrusis::ui

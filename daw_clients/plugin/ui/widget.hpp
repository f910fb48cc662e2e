// A part of the panel: where it is, how it is drawn, what a hand does to it.
#pragma once

#include <cstdint>
#include <string>

#include "ui/canvas.hpp"
#include "ui/geometry.hpp"

namespace anacrusis::ui {

struct Mods {
    bool shift = false, control = false, alt = false;
};

struct Press {
    Point at;
    Mods mods;
    std::int64_t now_ms = 0;
    bool twice = false;  // the second of a double click
};

struct Look {
    bool hovered = false;
    bool dimmed = false;  // as things stand it is not heard
};

/// The UI's thread only.
class Widget {
public:
    explicit Widget(Rect box) noexcept : box_(box) {}
    virtual ~Widget() = default;
    Widget(const Widget&) = delete;
    Widget& operator=(const Widget&) = delete;

    const Rect& box() const noexcept { return box_; }
    virtual void draw(Canvas& canvas, Look look) const = 0;

    virtual void press(const Press&) {}
    /// Between press() and release() wherever the pointer goes.
    virtual void drag(Point, Mods) {}
    virtual void release() {}
    /// ``steps`` of a wheel, up is positive. False: not for this widget.
    virtual bool scroll(double /*steps*/, Mods, std::int64_t /*now_ms*/) { return false; }

    virtual std::string help() const { return {}; }
    /// The control it shows; -1: none.
    virtual int control() const noexcept { return -1; }

private:
    Rect box_;
};

}  // namespace anacrusis::ui

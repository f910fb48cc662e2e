// A knob: drag up or down (shift: fine), wheel, double click for the default.
#pragma once

#include "ui/controls.hpp"
#include "ui/widget.hpp"

namespace anacrusis::ui {

class Knob : public Widget {
public:
    Knob(Rect box, Controls& controls, int control, double diameter) noexcept
        : Widget(box), controls_(controls), control_(control), diameter_(diameter) {}

    void draw(Canvas& canvas, Look look) const override;
    void press(const Press& press) override;
    void drag(Point to, Mods mods) override;
    void release() override;
    bool scroll(double steps, Mods mods, std::int64_t now_ms) override;
    std::string help() const override { return spec_of(control_).help; }
    int control() const noexcept override { return control_; }

private:
    void draw_dial(Canvas& canvas, Look look) const;

    Controls& controls_;
    int control_;
    double diameter_;
    double last_y_ = 0.0, place_ = 0.0;  // of the drag; the place is not rounded
    bool held_ = false;
};

}  // namespace anacrusis::ui

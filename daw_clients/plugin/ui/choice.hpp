// A choice: its words, and the list that opens on a click. And a switch of two states.
#pragma once

#include <functional>
#include <utility>

#include "ui/controls.hpp"
#include "ui/widget.hpp"

namespace anacrusis::ui {

class Choice : public Widget {
public:
    using Open = std::function<void(int control, Rect under)>;
    Choice(Rect box, Controls& controls, int control, Open open)
        : Widget(box), controls_(controls), control_(control), open_(std::move(open)) {}

    void draw(Canvas& canvas, Look look) const override;
    void press(const Press& press) override;
    std::string help() const override { return spec_of(control_).help; }
    int control() const noexcept override { return control_; }

private:
    Controls& controls_;
    int control_;
    Open open_;
};

/// The open list of a choice. It lies over everything else.
class ChoiceList {
public:
    /// ``under`` is the choice's box; the list opens on the side where ``height`` has room.
    ChoiceList(int control, Rect under, double height) noexcept;

    int control() const noexcept { return control_; }
    void draw(Canvas& canvas, int chosen) const;
    /// The choice at a point; -1: none.
    int choice_at(Point at) const noexcept;
    /// True: another row lies under the pointer now.
    bool hover(Point at) noexcept;

private:
    int control_;
    Rect box_;
    int hovered_ = -1;
};

class Toggle : public Widget {
public:
    Toggle(Rect box, Controls& controls, int control) noexcept
        : Widget(box), controls_(controls), control_(control) {}

    void draw(Canvas& canvas, Look look) const override;
    void press(const Press& press) override;
    std::string help() const override { return spec_of(control_).help; }
    int control() const noexcept override { return control_; }

private:
    Controls& controls_;
    int control_;
};

}  // namespace anacrusis::ui

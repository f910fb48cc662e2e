#include "ui/choice.hpp"

#include <algorithm>

#include "ui/value_text.hpp"

namespace anacrusis::ui {
namespace {

constexpr double kLabelHeight = 16.0;
constexpr double kRowHeight = 24.0;

}  // namespace

void Choice::draw(Canvas& canvas, Look look) const {
    const Rect well{box().x, box().y + kLabelHeight, box().w, box().h - kLabelHeight};
    canvas.text({box().x + 1.0, box().y + 10.0}, spec_of(control_).label, kSmallFont,
                look.dimmed ? kFaint : kMuted);
    canvas.fill(well, look.hovered ? rgb(0x363c46) : kRaised, 5.0);
    canvas.text_within({well.x + 8.0, well.centre().y + 4.5}, well.w - 26.0,
                       value_text(control_, controls_.value(control_)), kLabelFont,
                       look.dimmed ? kMuted : kText);
    const Point tip{well.right() - 11.0, well.centre().y + 2.0};
    canvas.line({tip.x - 3.5, tip.y - 3.5}, tip, kMuted, 1.5);
    canvas.line({tip.x + 3.5, tip.y - 3.5}, tip, kMuted, 1.5);
}

void Choice::press(const Press&) { open_(control_, box()); }

ChoiceList::ChoiceList(int control, Rect under, double height) noexcept : control_(control) {
    const double tall = kRowHeight * spec_of(control).choice_count + 6.0;
    const bool below = under.bottom() + tall <= height;
    const double y = below ? under.bottom() + 2.0 : under.y + kLabelHeight - tall - 2.0;
    box_ = {under.x, std::max(0.0, y), under.w, tall};
}

void ChoiceList::draw(Canvas& canvas, int chosen) const {
    canvas.fill({box_.x + 1.0, box_.y + 3.0, box_.w, box_.h}, rgb(0x000000, 0.35), 6.0);
    canvas.fill(box_, kRaised, 6.0);
    canvas.frame(box_, kLine, 6.0);
    for (int i = 0; i < spec_of(control_).choice_count; ++i) {
        const Rect row{box_.x + 3.0, box_.y + 3.0 + i * kRowHeight, box_.w - 6.0, kRowHeight};
        if (i == hovered_) canvas.fill(row, rgb(0x3d444f), 4.0);
        const Point at{row.x + 6.0, row.centre().y + 4.5};
        const Colour colour = i == chosen ? kAccent : kText;
        canvas.text_within(at, row.w - 8.0, choice_text(control_, i), kLabelFont, colour);
    }
}

int ChoiceList::choice_at(Point at) const noexcept {
    if (!box_.contains(at)) return -1;
    const int row = static_cast<int>((at.y - box_.y - 3.0) / kRowHeight);
    return std::clamp(row, 0, spec_of(control_).choice_count - 1);
}

bool ChoiceList::hover(Point at) noexcept {
    const int row = choice_at(at);
    if (row == hovered_) return false;
    hovered_ = row;
    return true;
}

void Toggle::draw(Canvas& canvas, Look look) const {
    const bool on = controls_.choice(control_) != 0;
    canvas.fill(box(), on ? kAmber : look.hovered ? rgb(0x363c46) : kRaised, box().h / 2.0);
    canvas.text({box().centre().x, box().centre().y + 4.5}, spec_of(control_).label, kValueFont,
                on ? kBackground : kText, Align::centre);
}

void Toggle::press(const Press&) { controls_.set(control_, controls_.choice(control_) != 0 ? 0.0 : 1.0); }

}  // namespace anacrusis::ui

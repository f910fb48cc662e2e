#include "ui/field.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace anacrusis::ui {
namespace {

constexpr double kLineHeight = 18.0;
constexpr double kPadding = 8.0;
constexpr double kLabelAbove = 16.0;

}  // namespace

Field::Field(Rect box, FieldSpec spec, const Fonts& fonts)
    : Widget(box), spec_(std::move(spec)), fonts_(fonts) {}

std::string Field::help() const { return complaint_ != nullptr ? complaint_ : spec_.help; }

Rect Field::well() const noexcept {
    if (!spec_.label_above) return box();
    return {box().x, box().y + kLabelAbove, box().w, box().h - kLabelAbove};
}

Rect Field::page() const noexcept {
    const Rect frame = well();
    const double tall = kLineHeight * static_cast<double>(spec_.lines);
    return {frame.x + kPadding, frame.centre().y - tall / 2.0, frame.w - 2.0 * kPadding, tall};
}

TextLayout Field::layout() const {
    const Measure measure = [this](std::string_view text) { return fonts_.positions(text, kTextFont); };
    return TextLayout(edit_->text(), measure, spec_.lines > 1 ? page().w : kNoWrap);
}

std::size_t Field::last_top(const TextLayout& lines) const noexcept {
    return lines.lines().size() > spec_.lines ? lines.lines().size() - spec_.lines : 0;
}

void Field::begin() {
    edit_.emplace(spec_.max_points);
    edit_->set(spec_.text());
    begun_ = edit_->text();
    complaint_ = nullptr;
    caret_on_ = true;
    scroll_x_ = 0.0;
    top_line_ = 0;
    if (spec_.control >= 0) edit_->select_all();
    keep_caret_in_view();
}

bool Field::commit() {
    if (!edit_) return true;
    const std::string written = edit_->text();
    if (written != begun_) {
        complaint_ = spec_.complaint(written);
        if (complaint_ != nullptr) return false;
        spec_.commit(written);
    }
    cancel();
    return true;
}

void Field::cancel() noexcept {
    edit_.reset();
    complaint_ = nullptr;
}

bool Field::changed(bool yes) {
    if (yes) complaint_ = nullptr;
    caret_on_ = true;
    keep_caret_in_view();
    return yes;
}

bool Field::insert(std::string_view text) { return changed(edit_->insert(text)); }

bool Field::cut() { return changed(edit_->has_selection() && edit_->erase_before(false)); }

bool Field::key(Key key, Mods mods) {
    switch (key) {
    case Key::left: edit_->left(mods.shift, mods.control); break;
    case Key::right: edit_->right(mods.shift, mods.control); break;
    case Key::up: move_line(-1, mods.shift); break;
    case Key::down: move_line(1, mods.shift); break;
    case Key::home: edit_->home(mods.shift); break;
    case Key::end: edit_->end(mods.shift); break;
    case Key::backspace: return changed(edit_->erase_before(mods.control));
    case Key::erase: return changed(edit_->erase_after(mods.control));
    default: return false;
    }
    changed(false);
    return true;
}

void Field::move_line(int by, bool extend) {
    const TextLayout lines = layout();
    const Caret caret = lines.caret(edit_->cursor());
    if (by < 0 && caret.line == 0) return edit_->home(extend);
    if (by > 0 && caret.line + 1 == lines.lines().size()) return edit_->end(extend);
    const std::size_t line = by < 0 ? caret.line - 1 : caret.line + 1;
    edit_->move_to(lines.offset_at(line, caret.x), extend);
}

void Field::keep_caret_in_view() {
    const TextLayout lines = layout();
    const Caret caret = lines.caret(edit_->cursor());
    if (spec_.lines > 1) {
        if (caret.line < top_line_) top_line_ = caret.line;
        if (caret.line >= top_line_ + spec_.lines) top_line_ = caret.line - spec_.lines + 1;
        top_line_ = std::min(top_line_, last_top(lines));
        return;
    }
    const double room = page().w - 2.0;
    const double end = lines.caret(edit_->text().size()).x;
    scroll_x_ = std::clamp(scroll_x_, caret.x - room, caret.x);
    scroll_x_ = std::clamp(scroll_x_, 0.0, std::max(0.0, end - room));
}

std::size_t Field::offset_at(Point at) const {
    const double row = std::floor((at.y - page().y) / kLineHeight);
    const double line = std::max(0.0, row + static_cast<double>(top_line_));
    const std::size_t which = spec_.lines > 1 ? static_cast<std::size_t>(line) : 0;
    return layout().offset_at(which, at.x - page().x + scroll_x_);
}

void Field::press(const Press& press) {
    if (!edit_) return;
    if (press.twice)
        edit_->select_word(offset_at(press.at));
    else
        edit_->move_to(offset_at(press.at), press.mods.shift);
    changed(false);
}

void Field::drag(Point to, Mods) {
    if (!edit_) return;
    edit_->move_to(offset_at(to), true);
    changed(false);
}

bool Field::scroll(double steps, Mods mods, std::int64_t now_ms) {
    if (edit_ && spec_.lines > 1) {
        if (steps > 0.0 && top_line_ > 0) --top_line_;
        if (steps < 0.0) top_line_ = std::min(top_line_ + 1, last_top(layout()));
        return true;
    }
    if (edit_ || !spec_.step) return false;
    spec_.step(steps, mods, now_ms);
    return true;
}

void Field::draw(Canvas& canvas, Look look) const {
    const Rect frame = well();
    const Colour label = look.dimmed ? kFaint : kMuted;
    if (spec_.label_above)
        canvas.text({box().x + 1.0, box().y + 10.0}, spec_.label, kSmallFont, label);
    else
        canvas.text({box().x - 10.0, page().y + 13.5}, spec_.label, kLabelFont, label, Align::right);
    canvas.fill(frame, kWell, 5.0);
    const Colour edge = complaint_ != nullptr ? kRed : edit_ ? kAccent : look.hovered ? kFaint : kLine;
    canvas.frame(frame, edge, 5.0, edit_ ? 1.5 : 1.0);
    canvas.clip({page().x, frame.y, page().w, frame.h});
    if (edit_)
        draw_edit(canvas);
    else
        draw_still(canvas, look);
    canvas.unclip();
}

void Field::draw_edit(Canvas& canvas) const {
    const TextLayout lines = layout();
    draw_selection(canvas, lines);
    const std::string_view text = edit_->text();
    const std::size_t shown_end = std::min(lines.lines().size(), top_line_ + spec_.lines);
    for (std::size_t i = top_line_; i < shown_end; ++i) {
        const TextLine line = lines.lines()[i];
        const double y = page().y + kLineHeight * static_cast<double>(i - top_line_) + 13.5;
        const std::string_view words = text.substr(line.begin, line.end - line.begin);
        canvas.text({page().x - scroll_x_, y}, words, kTextFont, kText);
    }
    const Caret caret = lines.caret(edit_->cursor());
    if (!caret_on_ || caret.line < top_line_ || caret.line >= shown_end) return;
    const double y = page().y + kLineHeight * static_cast<double>(caret.line - top_line_);
    canvas.fill({page().x - scroll_x_ + caret.x, y + 1.0, 1.5, kLineHeight - 2.0}, kAccent);
}

void Field::draw_selection(Canvas& canvas, const TextLayout& lines) const {
    if (!edit_->has_selection()) return;
    for (std::size_t i = top_line_; i < std::min(lines.lines().size(), top_line_ + spec_.lines); ++i) {
        const TextLine line = lines.lines()[i];
        const std::size_t begin = std::max(line.begin, edit_->selection_begin());
        const std::size_t end = std::min(line.end, edit_->selection_end());
        if (begin >= end) continue;
        const double from = lines.caret(begin).x;
        // Where the selection runs on, the row is marked to its edge.
        const Caret last = lines.caret(end);
        const double to = last.line == i ? last.x : page().w;
        const double y = page().y + kLineHeight * static_cast<double>(i - top_line_);
        canvas.fill({page().x - scroll_x_ + from, y, to - from, kLineHeight}, kSelection);
    }
}

void Field::draw_still(Canvas& canvas, Look look) const {
    const std::string shown = spec_.shown();
    const Colour colour = shown.empty() ? kFaint : look.dimmed ? kMuted : kText;
    const std::string& words = shown.empty() ? spec_.placeholder : shown;
    const Measure measure = [this](std::string_view text) { return fonts_.positions(text, kTextFont); };
    const TextLayout lines(words, measure, spec_.lines > 1 ? page().w : kNoWrap);
    const std::string_view text = words;
    for (std::size_t i = 0; i < std::min(lines.lines().size(), spec_.lines); ++i) {
        const TextLine line = lines.lines()[i];
        const bool cut = i + 1 == spec_.lines;
        const std::size_t end = cut ? text.size() : line.end;
        const Point at{page().x, page().y + kLineHeight * static_cast<double>(i) + 13.5};
        canvas.text_within(at, page().w, text.substr(line.begin, end - line.begin), kTextFont, colour);
    }
}

}  // namespace anacrusis::ui

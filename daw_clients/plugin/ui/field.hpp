// A text field, edited in place; a number is one too.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>

#include "ui/text_edit.hpp"
#include "ui/text_layout.hpp"
#include "ui/widget.hpp"

namespace anacrusis::ui {

enum class Key { left, right, up, down, home, end, backspace, erase, enter, escape, tab, other };

struct FieldSpec {
    std::string label;
    std::string help;
    std::string placeholder;
    std::size_t max_points = 0;
    std::size_t lines = 1;
    bool label_above = false;                                   // else left of the box
    int control = -1;
    std::function<std::string()> text;                          // what edit begins with
    std::function<std::string()> shown;                         // while not under edit
    std::function<const char*(std::string_view)> complaint;     // null: fine
    std::function<void(const std::string&)> commit;             // only what has no complaint
    std::function<void(double, Mods, std::int64_t)> step;       // wheel; may be empty
};

/// The UI's thread only.
class Field : public Widget {
public:
    Field(Rect box, FieldSpec spec, const Fonts& fonts);

    void draw(Canvas& canvas, Look look) const override;
    void press(const Press& press) override;
    void drag(Point to, Mods mods) override;
    bool scroll(double steps, Mods mods, std::int64_t now_ms) override;
    std::string help() const override;
    int control() const noexcept override { return spec_.control; }

    bool is_editing() const noexcept { return edit_.has_value(); }
    void begin();
    /// Commits what is fine and changed, and ends the edit. False: it stays under edit, with a complaint.
    bool commit();
    void cancel() noexcept;

    // Only while under edit. True: something changed.
    bool key(Key key, Mods mods);
    bool insert(std::string_view text);
    void select_all() noexcept { edit_->select_all(); }
    std::string selected() const { return std::string(edit_->selected()); }
    bool cut();

    void show_caret(bool on) noexcept { caret_on_ = on; }

private:
    static constexpr double kNoWrap = 1e9;

    Rect well() const noexcept;    // the framed box
    Rect page() const noexcept;    // where text is
    TextLayout layout() const;
    std::size_t last_top(const TextLayout& lines) const noexcept;
    std::size_t offset_at(Point at) const;
    void keep_caret_in_view();
    void move_line(int by, bool extend);
    bool changed(bool yes);

    void draw_edit(Canvas& canvas) const;
    void draw_selection(Canvas& canvas, const TextLayout& lines) const;
    void draw_still(Canvas& canvas, Look look) const;

    FieldSpec spec_;
    const Fonts& fonts_;
    std::optional<TextEdit> edit_;
    std::string begun_;            // what the edit began with
    const char* complaint_ = nullptr;
    bool caret_on_ = true;
    double scroll_x_ = 0.0;        // of a single line
    std::size_t top_line_ = 0;     // of several
};

}  // namespace anacrusis::ui

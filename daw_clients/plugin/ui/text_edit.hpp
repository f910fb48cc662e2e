// A line of text under edit: what is written, the cursor and the selection. No drawing.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace anacrusis::ui {

/// Always well-formed UTF-8 without control characters, of at most ``max_points`` code points.
/// Offsets are in bytes and always on a code point's boundary. One thread at a time.
class TextEdit {
public:
    explicit TextEdit(std::size_t max_points) noexcept : max_points_(max_points) {}

    const std::string& text() const noexcept { return text_; }
    std::size_t cursor() const noexcept { return cursor_; }
    std::size_t selection_begin() const noexcept { return anchor_ < cursor_ ? anchor_ : cursor_; }
    std::size_t selection_end() const noexcept { return anchor_ < cursor_ ? cursor_ : anchor_; }
    bool has_selection() const noexcept { return anchor_ != cursor_; }
    std::string_view selected() const noexcept;

    /// Replaces everything; the cursor stands at the end.
    void set(std::string_view text);

    /// Puts text in the selection's place, as much of it as fits. True: something changed.
    bool insert(std::string_view text);

    /// Take the selection away, else the code point (``word``: all up to the word's edge) before or
    /// after the cursor. True: something changed.
    bool erase_before(bool word);
    bool erase_after(bool word);

    // Each moves the cursor; ``extend`` keeps the other end of the selection where it is. Without
    // it, left and right out of a selection go to its edge.
    void left(bool extend, bool word);
    void right(bool extend, bool word);
    void home(bool extend);
    void end(bool extend);
    void move_to(std::size_t offset, bool extend);

    void select_all() noexcept;
    /// Selects the word (or the run of blanks) at ``offset``.
    void select_word(std::size_t offset);

private:
    std::size_t word_left(std::size_t from) const noexcept;
    std::size_t word_right(std::size_t from) const noexcept;
    bool erase(std::size_t begin, std::size_t end);

    std::string text_;
    std::size_t max_points_;
    std::size_t cursor_ = 0, anchor_ = 0;
};

}  // namespace anacrusis::ui

#include "ui/text_edit.hpp"

#include <algorithm>

#include "ui/utf8.hpp"

namespace anacrusis::ui {

std::string_view TextEdit::selected() const noexcept {
    return std::string_view(text_).substr(selection_begin(), selection_end() - selection_begin());
}

void TextEdit::set(std::string_view text) {
    text_ = utf8::clean(text, max_points_);
    cursor_ = anchor_ = text_.size();
}

bool TextEdit::insert(std::string_view text) {
    const std::size_t kept = utf8::count(text_) - utf8::count(selected());
    const std::string fitting = utf8::clean(text, max_points_ - kept);
    if (fitting.empty()) return false;
    const std::size_t at = selection_begin();
    text_.replace(at, selection_end() - at, fitting);
    cursor_ = anchor_ = at + fitting.size();
    return true;
}

bool TextEdit::erase(std::size_t begin, std::size_t end) {
    if (begin == end) return false;
    text_.erase(begin, end - begin);
    cursor_ = anchor_ = begin;
    return true;
}

bool TextEdit::erase_before(bool word) {
    if (has_selection()) return erase(selection_begin(), selection_end());
    return erase(word ? word_left(cursor_) : utf8::previous(text_, cursor_), cursor_);
}

bool TextEdit::erase_after(bool word) {
    if (has_selection()) return erase(selection_begin(), selection_end());
    return erase(cursor_, word ? word_right(cursor_) : utf8::next(text_, cursor_));
}

void TextEdit::left(bool extend, bool word) {
    if (has_selection() && !extend && !word) return move_to(selection_begin(), false);
    move_to(word ? word_left(cursor_) : utf8::previous(text_, cursor_), extend);
}

void TextEdit::right(bool extend, bool word) {
    if (has_selection() && !extend && !word) return move_to(selection_end(), false);
    move_to(word ? word_right(cursor_) : utf8::next(text_, cursor_), extend);
}

void TextEdit::home(bool extend) { move_to(0, extend); }

void TextEdit::end(bool extend) { move_to(text_.size(), extend); }

void TextEdit::move_to(std::size_t offset, bool extend) {
    offset = std::min(offset, text_.size());
    if (offset < text_.size() && utf8::length_at(text_, offset) == 0) offset = utf8::previous(text_, offset);
    cursor_ = offset;
    if (!extend) anchor_ = offset;
}

void TextEdit::select_all() noexcept {
    anchor_ = 0;
    cursor_ = text_.size();
}

void TextEdit::select_word(std::size_t offset) {
    move_to(offset, false);
    if (text_.empty()) return;
    const std::size_t inside = std::min(cursor_, text_.size() - 1);
    const bool blank = text_[inside] == ' ';
    std::size_t begin = cursor_, end = cursor_;
    while (begin > 0 && (text_[begin - 1] == ' ') == blank) --begin;
    while (end < text_.size() && (text_[end] == ' ') == blank) ++end;
    anchor_ = begin;
    cursor_ = end;
}

std::size_t TextEdit::word_left(std::size_t from) const noexcept {
    while (from > 0 && text_[from - 1] == ' ') --from;
    while (from > 0 && text_[from - 1] != ' ') --from;
    return from;
}

std::size_t TextEdit::word_right(std::size_t from) const noexcept {
    while (from < text_.size() && text_[from] != ' ') ++from;
    while (from < text_.size() && text_[from] == ' ') ++from;
    return from;
}

}  // namespace anacrusis::ui

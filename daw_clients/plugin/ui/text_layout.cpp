#include "ui/text_layout.hpp"

#include <algorithm>
#include <cmath>

#include "ui/utf8.hpp"

namespace anacrusis::ui {

TextLayout::TextLayout(std::string_view text, const Measure& measure, double width) : x_(measure(text)) {
    offsets_.push_back(0);
    while (offsets_.back() < text.size()) offsets_.push_back(utf8::next(text, offsets_.back()));
    x_.resize(offsets_.size(), x_.empty() ? 0.0 : x_.back());
    break_lines(text, width);
}

void TextLayout::break_lines(std::string_view text, double width) {
    std::size_t first = 0, after_blank = 0;  // boundaries: of the line, and the last good place to break
    for (std::size_t i = 1; i < offsets_.size(); ++i) {
        const bool blank = text[offsets_[i - 1]] == ' ';
        if (!blank && x_[i] - x_[first] > width && i - 1 > first) {
            const std::size_t split = after_blank > first ? after_blank : i - 1;
            lines_.push_back({offsets_[first], offsets_[split]});
            first = split;
        }
        if (blank) after_blank = i;
    }
    lines_.push_back({offsets_[first], text.size()});
}

std::size_t TextLayout::point_at(std::size_t offset) const noexcept {
    const auto found = std::lower_bound(offsets_.begin(), offsets_.end(), offset);
    if (found == offsets_.end()) return offsets_.size() - 1;
    return static_cast<std::size_t>(found - offsets_.begin());
}

Caret TextLayout::caret(std::size_t offset) const noexcept {
    std::size_t line = lines_.size() - 1;
    while (line > 0 && offset < lines_[line].begin) --line;
    return {line, x_[point_at(offset)] - x_[point_at(lines_[line].begin)]};
}

std::size_t TextLayout::offset_at(std::size_t line, double x) const noexcept {
    line = std::min(line, lines_.size() - 1);
    const std::size_t first = point_at(lines_[line].begin);
    std::size_t last = point_at(lines_[line].end);
    // The boundary at which the next line starts is drawn there, not here.
    if (line + 1 < lines_.size() && last > first) --last;
    std::size_t best = first;
    for (std::size_t i = first; i <= last; ++i)
        if (std::abs(x_[i] - x_[first] - x) < std::abs(x_[best] - x_[first] - x)) best = i;
    return offsets_[best];
}

}  // namespace anacrusis::ui

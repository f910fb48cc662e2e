// Where the code points of a text stand when it is broken into lines. No drawing: the widths come from
// outside, so that it is tested without a font.
#pragma once

#include <cstddef>
#include <functional>
#include <string_view>
#include <vector>

namespace anacrusis::ui {

/// For well-formed text of n code points: n + 1 positions, the first 0, each where a code point ends.
using Measure = std::function<std::vector<double>(std::string_view)>;

struct TextLine {
    std::size_t begin = 0, end = 0;  // bytes; a line's end is the next one's begin
};

struct Caret {
    std::size_t line = 0;
    double x = 0.0;  // from the line's start
};

/// Lines of at most ``width``, broken after blanks, inside a word only where it alone is too wide;
/// blanks hang over the edge. There is always at least one line.
class TextLayout {
public:
    TextLayout(std::string_view text, const Measure& measure, double width);

    const std::vector<TextLine>& lines() const noexcept { return lines_; }
    Caret caret(std::size_t offset) const noexcept;
    /// The boundary nearest to ``x`` on a line (lines beyond the last: the last).
    std::size_t offset_at(std::size_t line, double x) const noexcept;

private:
    std::size_t point_at(std::size_t offset) const noexcept;
    void break_lines(std::string_view text, double width);

    std::vector<std::size_t> offsets_;  // of each boundary, in bytes
    std::vector<double> x_;             // of each boundary, on one endless line
    std::vector<TextLine> lines_;
};

}  // namespace anacrusis::ui
